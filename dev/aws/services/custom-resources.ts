/**
 * Custom resources as CDK's framework for them carries them out: our function is called, and asked by a state machine until it is
 * done. The framework's own functions are not lived, as they answer to an address of CloudFormation by HTTPS; what they do is done
 * here, with their roles and by the machine of the template.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources-readme.html#provider-framework
 */
import { randomUUID } from 'node:crypto';
import type { Iam } from '../iam/iam';
import type { Role } from '../iam/policy';
import { StandInError } from '../stand-in-error';
import type { Json } from '../template/template';
import type { Functions, LambdaFunction } from './functions';
import { execute, type StateMachines, type TaskResult } from './state-machines';

export interface CustomResource {
  readonly physicalId: string;
  /** What the function gave, for `Fn::GetAtt`. */
  readonly data: Json;
}

interface Services {
  readonly iam: Iam;
  readonly functions: Functions;
  readonly stateMachines: StateMachines;
  /** Moves the clock on: what was started goes on meanwhile. */
  readonly wait: (seconds: number) => Promise<void>;
}

interface Known {
  readonly resource: CustomResource;
  readonly properties: Json;
}

type RequestType = 'Create' | 'Update' | 'Delete';

/** What the framework's first function is told: aws-cdk-lib/custom-resources/lib/provider-framework. */
const ON_EVENT = 'USER_ON_EVENT_FUNCTION_ARN';
const IS_COMPLETE = 'USER_IS_COMPLETE_FUNCTION_ARN';
const WAITER = 'WAITER_STATE_MACHINE_ARN';

/** That a deployment went no further: with what CloudFormation would show. */
export class DeploymentFailed extends StandInError {}

export class CustomResources {
  private readonly known = new Map<string, Known>();

  constructor(private readonly services: Services) {}

  create(logicalId: string, properties: Json): Promise<CustomResource> {
    return this.change('Create', logicalId, properties);
  }

  /** Throws {@link DeploymentFailed} when it fails; the properties stay what they were then, as after a rollback. */
  async update(logicalId: string, changes: Json): Promise<CustomResource> {
    const { properties } = this.of(logicalId);
    return this.change('Update', logicalId, { ...properties, ...changes });
  }

  of(logicalId: string): Known {
    const found = this.known.get(logicalId);
    if (found === undefined) throw new StandInError(`there is no custom resource ${logicalId}`);
    return found;
  }

  private async change(type: RequestType, logicalId: string, properties: Json): Promise<CustomResource> {
    const before = this.known.get(logicalId);
    const { functions, iam, stateMachines, wait } = this.services;
    const framework = functions.get(String(properties.ServiceToken));
    const request = {
      RequestType: type,
      LogicalResourceId: logicalId,
      RequestId: randomUUID(),
      ResourceProperties: properties,
      ...(before && {
        OldResourceProperties: before.properties,
        PhysicalResourceId: before.resource.physicalId,
      }),
    };
    const begun = await this.call(framework.role, functions.get(variable(framework, ON_EVENT)), request);
    const { PhysicalResourceId = randomUUID(), Data = {} } = begun as { PhysicalResourceId?: string; Data?: Json };
    const event = { ...request, PhysicalResourceId, Data };
    const machine = stateMachines.get(variable(framework, WAITER));
    await iam.require({
      principal: { kind: 'role', role: framework.role },
      action: 'states:StartExecution',
      resource: machine.arn,
    });
    const perform = (resource: string, input: unknown) => this.look(machine.role, resource, input);
    const answer = (await execute(machine, event, { perform, wait })) as { Data?: Json };
    const resource = { physicalId: PhysicalResourceId, data: { ...Data, ...answer.Data } };
    this.known.set(logicalId, { resource, properties });
    return resource;
  }

  /** A task of the machine: the framework's function that asks whether it is done, or the one that gives up. */
  private async look(role: Role, resource: string, input: unknown): Promise<TaskResult> {
    const { functions, iam } = this.services;
    await iam.require({ principal: { kind: 'role', role }, action: 'lambda:InvokeFunction', resource });
    const framework = functions.get(resource);
    // The one that gives up asks nobody.
    if (framework.handler.endsWith('onTimeout')) throw new DeploymentFailed('Operation timed out');
    const asked = functions.get(variable(framework, IS_COMPLETE));
    const answer = (await this.call(framework.role, asked, input)) as { IsComplete?: boolean };
    return answer.IsComplete ? { output: answer } : { error: 'Retry', cause: input };
  }

  /** What the function throws is the reason that CloudFormation shows. */
  private async call(role: Role, called: LambdaFunction, event: unknown): Promise<unknown> {
    const { functions, iam } = this.services;
    await iam.require({
      principal: { kind: 'role', role },
      action: 'lambda:InvokeFunction',
      resource: called.arn,
    });
    const answer = await functions.invoke(called, event);
    if ('error' in answer) throw new DeploymentFailed(answer.error.errorMessage);
    return answer.result;
  }
}

function variable({ name, environment }: LambdaFunction, key: string): string {
  const value = environment[key];
  if (value === undefined) throw new StandInError(`${name} is no function of CDK's framework: it is not told ${key}`);
  return value;
}
