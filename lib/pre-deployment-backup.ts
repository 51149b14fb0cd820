import { CustomResource, Duration, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct, IConstruct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT } from '../model';
import {
  acknowledgeCompliance,
  acknowledgeInlinePolicies,
  acknowledgeSolutions,
  acknowledgeWildcardResource,
} from './acknowledge';
import { BackupFunction } from './backup-function';
import { PostgresBackup } from './postgres-backup';
import { ScheduledComponent } from './scheduled-component';

/**
 * When a deployment is held, and for how long.
 */
export interface PreDeploymentBackupProps {
  /** Whose backup is made before the deployment goes on. */
  readonly backup: PostgresBackup;

  /**
   * What is backed up.
   *
   * @default - the dump
   */
  readonly components?: ScheduledComponent[];

  /**
   * A verified recovery point that is not older is good enough: none is made then.
   *
   * @default - none is: each deployment makes one
   */
  readonly acceptYoungerThan?: Duration;

  /**
   * How long the deployment waits for a verified recovery point before it fails. At most 55 minutes, as CloudFormation gives up
   * after an hour; a system that takes longer is backed up before, with `postgres-backup run --verified --class pre-deployment`,
   * and `acceptYoungerThan` stated.
   *
   * @default Duration.minutes(30)
   */
  readonly timeout?: Duration;

  /**
   * A backup is made when this changes: a commit, a build's number.
   *
   * @default - the time of synthesis: with every deployment
   */
  readonly trigger?: string;

  /**
   * When the stack was synthesised: a rollback is known by going back to an earlier one. State a fixed time, and a `trigger`, where
   * templates are compared, as in a test; not where one is deployed: its rollbacks would be held until there is a backup, too.
   *
   * @default - now: each synthesis gives another template
   */
  readonly synthesisedAt?: Date;
}

/**
 * Holds a deployment until a verified backup exists, or fails it: what depends on it is changed only then. Its recovery points are
 * of the class `pre-deployment`, kept for 7 days.
 *
 * A rollback makes no backup and waits for none; neither does taking it out of the stack.
 */
export class PreDeploymentBackup extends Construct {
  /** The function that starts the backup, for a while where it is refused for now, and looks whether it is verified. */
  public readonly function: BackupFunction;
  /** What the deployment waits for. */
  public readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: PreDeploymentBackupProps) {
    super(scope, id);
    const { backup } = props;
    if (props.synthesisedAt && props.trigger === undefined) {
      throw new Error('synthesisedAt is stated without a trigger: deployments would never differ, and make no backup');
    }
    const synthesisedAt = (props.synthesisedAt ?? SYNTHESISED_AT).toISOString();
    const timeout = checkedTimeout(props.timeout ?? Duration.minutes(30));
    this.function = this.createFunction(props);
    backup.grantRun(this.function);
    const provider = new Provider(this, 'Provider', {
      onEventHandler: this.function.function,
      isCompleteHandler: this.function.function,
      queryInterval: Duration.seconds(20),
      // A little longer: the function itself says what it waited for.
      totalTimeout: timeout.plus(Duration.minutes(4)),
    });
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::PreDeploymentBackup',
      properties: {
        trigger: props.trigger ?? synthesisedAt,
        synthesisedAt,
        acceptYoungerThanSeconds: String(props.acceptYoungerThan?.toSeconds() ?? 0),
        timeoutSeconds: String(timeout.toSeconds()),
      },
    });
    // The rights of the function, and what it reads, must be there when it is called.
    this.resource.node.addDependency(this.function, backup.runs);
    this.explainFindings(provider);
  }

  /**
   * Lets the deployment change these only when a verified backup exists.
   *
   * @param resources the database, the service that migrates it and the like
   */
  public before(...resources: IConstruct[]): void {
    for (const resource of resources) resource.node.addDependency(this.resource);
  }

  private createFunction({ backup, components }: PreDeploymentBackupProps): BackupFunction {
    const { sourceName, vault, encryptionKey, deadLetterQueue, logRetention, removalPolicy } = backup.componentDefaults;
    const chosen = (components ?? [backup.dump]).map(({ component }) => component);
    return new BackupFunction(this, 'Function', {
      code: 'pre-deployment',
      description: `Holds deployments until ${sourceName} is backed up`,
      environment: {
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
        [FUNCTION_ENVIRONMENT.components]: JSON.stringify(chosen),
      },
      encryptionKey,
      deadLetterQueue,
      logRetention,
      removalPolicy,
      // A start that is refused for now is tried again for ten of them.
      timeout: Duration.minutes(14),
    });
  }

  private explainFindings(provider: Provider): void {
    const ofTheFramework = 'It is made by the framework of CDK for custom resources, which calls our function alone.';
    acknowledgeInlinePolicies(provider);
    for (const rule of [BASIC_EXECUTION, 'L1', 'SF1', 'SF2']) acknowledgeSolutions(provider, rule, ofTheFramework);
    const ofFramework = ['framework-isComplete', 'framework-onTimeout'].map((id) => provider.node.tryFindChild(id));
    for (const called of [this.function.function, ...ofFramework]) {
      if (called instanceof lambda.Function) {
        acknowledgeWildcardResource(provider, `${called.functionArn}:*`, 'Versions and aliases of this one function.');
      }
    }
    for (const rule of ['LambdaInsideVPC', 'LambdaConcurrency', 'LambdaDLQ', 'CloudWatchLogGroupEncrypted']) {
      acknowledgeCompliance(provider, rule, ofTheFramework);
    }
  }
}

/** As the rule pack names the policy that the framework's functions have. */
const BASIC_EXECUTION = 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]';

/** Of this process: the same in every stack of one synthesis. */
const SYNTHESISED_AT = new Date();

function checkedTimeout(timeout: Duration): Duration {
  if (!Token.isUnresolved(timeout) && (timeout.toSeconds() < 60 || timeout.toSeconds() > 55 * 60)) {
    throw new Error(
      `timeout is ${timeout.toHumanString()}, but a deployment can be held for 1 to 55 minutes: ` +
        'run postgres-backup run --verified --class pre-deployment before it, and state acceptYoungerThan',
    );
  }
  return timeout;
}
