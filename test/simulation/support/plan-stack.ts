/**
 * A production stack as it is synthesised, read back: when what is started, with which environment, what alarms, and what the
 * vault deletes. A simulation knows nothing of these but what the template says.
 */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack, TimeZone } from 'aws-cdk-lib';
import { readStack, type SynthesisedStack } from '../../../dev/aws/template/assembly';
import { Resolver } from '../../../dev/aws/template/resolve';
import { readAlarm, type AlarmRule } from '../../../dev/aws/watch/alarm-properties';
import { BackupPlan, Notify } from '../../../lib';
import { testBackup } from '../../lib/support/stacks';

type Properties = Readonly<Record<string, unknown>>;

/** Something that is started by the clock. */
export interface DeployedSchedule {
  readonly id: string;
  readonly expression: string;
  readonly timeZone: string;
  /** A function's name, or the cluster's ARN. */
  readonly target: string;
  readonly input?: Properties;
  /** CloudWatch counts by it; a rule has none. */
  readonly group?: string;
  readonly maximumAgeSeconds: number;
  readonly maximumRetries: number;
}

export interface DeployedFunction {
  readonly name: string;
  readonly code: FunctionCode;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly maximumRetries: number;
  readonly hasDeadLetterQueue: boolean;
}

/** What a simulation lives. Other functions of the stack tell, and change nothing. */
const LIVED_CODES = ['freshness', 'retention', 'verify'] as const;
export type LivedCode = (typeof LIVED_CODES)[number];
export type FunctionCode = LivedCode | 'not lived';

export interface DeployedAlarm {
  /** Last part of its path: `BackupTooOld`. */
  readonly name: string;
  readonly rule: AlarmRule;
}

export interface LifecycleRule {
  readonly tag?: { readonly key: string; readonly value: string };
  readonly expirationDays?: number;
  readonly noncurrentDays?: number;
}

export interface Deployment {
  readonly schedules: readonly DeployedSchedule[];
  readonly functions: readonly DeployedFunction[];
  readonly alarms: readonly DeployedAlarm[];
  readonly taskEnvironment: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly deadLetterQueue: string;
  readonly vault: { readonly bucket: string; readonly keyArn: string; readonly lifecycle: readonly LifecycleRule[] };
  /** Function that is told of new objects, and the pattern's wildcard for their keys. */
  readonly newPoint: { readonly target: string; readonly wildcard: string };
}

/** Synthesises the production plan and reads it back. */
export function deployProductionPlan(timeZone: TimeZone = TimeZone.EUROPE_BERLIN): Deployment {
  const directory = mkdtempSync(path.join(tmpdir(), 'simulation-'));
  try {
    const app = new App({ outdir: directory });
    const stack = new Stack(app, 'Shop');
    testBackup(stack, { plan: BackupPlan.production({ timeZone }), notify: [Notify.email('ops@example.com')] });
    app.synth();
    return readDeployment(readStack(directory, 'Shop'));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readDeployment(stack: SynthesisedStack): Deployment {
  const resources = new Resources(stack);
  const [queue] = resources.of('AWS::SQS::Queue');
  const [cluster] = resources.of('AWS::ECS::Cluster');
  return {
    schedules: [
      ...resources.of('AWS::Scheduler::Schedule').map(readSchedule),
      ...resources
        .of('AWS::Events::Rule')
        .filter(({ properties }) => properties.ScheduleExpression)
        .map(readRule),
    ],
    functions: readFunctions(resources, stack),
    alarms: resources.of('AWS::CloudWatch::Alarm').map(({ id, properties }) => ({
      name: /Alarms(\w+?)[0-9A-F]{8}$/.exec(id)?.[1] ?? id,
      rule: readAlarm(properties),
    })),
    taskEnvironment: readTaskEnvironment(resources),
    cluster: `arn:${cluster.id}`,
    deadLetterQueue: queue.id,
    vault: readVault(resources),
    newPoint: readNewPoint(resources),
  };
}

interface Resource {
  readonly id: string;
  readonly properties: Properties;
}

/** Every resource is called by its logical id, a bucket in small letters, its ARN `arn:<id>`. */
class Resources {
  private readonly resolver: Resolver;

  constructor(private readonly stack: SynthesisedStack) {
    this.resolver = new Resolver({
      template: stack.template,
      pseudo: {
        'AWS::Region': 'eu-central-1',
        'AWS::AccountId': '111122223333',
        'AWS::Partition': 'aws',
        'AWS::URLSuffix': 'amazonaws.com',
      },
      resource: (id) => ({
        ref: nameOf(id, stack),
        attributes: { Arn: `arn:${id}`, QueueName: id, GroupId: id, TopicName: id },
      }),
      imported: (name) => {
        throw new Error(`the stack imports ${name}`);
      },
    });
  }

  of(type: string): Resource[] {
    return Object.entries(this.stack.template.Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties = {} }]) => ({ id, properties: this.resolver.resolve(Properties) as Properties }));
  }
}

function nameOf(id: string, { template }: SynthesisedStack): string {
  return template.Resources[id].Type === 'AWS::S3::Bucket' ? id.toLowerCase() : id;
}

function readSchedule({ id, properties }: Resource): DeployedSchedule {
  const target = properties.Target as Properties;
  if (properties.State !== 'ENABLED') throw new Error(`schedule ${id} is not enabled`);
  return {
    id,
    expression: String(properties.ScheduleExpression),
    timeZone: String(properties.ScheduleExpressionTimezone),
    target: String(target.Arn).replace(/^arn:(.*Function)/, '$1'),
    input: JSON.parse(String(target.Input)) as Properties,
    group: String(properties.GroupName),
    ...retries(target),
  };
}

function readRule({ id, properties }: Resource): DeployedSchedule {
  const [target] = properties.Targets as Properties[];
  return {
    id,
    expression: String(properties.ScheduleExpression),
    timeZone: 'UTC',
    target: String(target.Arn).replace(/^arn:/, ''),
    ...retries(target),
  };
}

function retries(target: Properties): Pick<DeployedSchedule, 'maximumAgeSeconds' | 'maximumRetries'> {
  const policy = target.RetryPolicy as { MaximumEventAgeInSeconds: number; MaximumRetryAttempts: number };
  return { maximumAgeSeconds: policy.MaximumEventAgeInSeconds, maximumRetries: policy.MaximumRetryAttempts };
}

function readFunctions(resources: Resources, stack: SynthesisedStack): DeployedFunction[] {
  const functions = resources.of('AWS::Lambda::Function').map((resource) => readFunction(resource, resources, stack));
  const missing = LIVED_CODES.filter((name) => functions.filter(({ code }) => code === name).length !== 1);
  if (missing.length > 0)
    throw new Error(`the stack has not one function each of ${missing.join(', ')}: npm run build:assets`);
  return functions;
}

function readFunction({ id, properties }: Resource, resources: Resources, stack: SynthesisedStack): DeployedFunction {
  const invocations = resources
    .of('AWS::Lambda::EventInvokeConfig')
    .find((config) => config.properties.FunctionName === id);
  const folder = stack.assetFolder(String((properties.Code as Properties).S3Key));
  return {
    name: id,
    code: codeIn(folder),
    environment: {
      POSTGRES_BACKUP_COMPONENTS: '["dump"]',
      ...(properties.Environment as { Variables: Record<string, string> }).Variables,
    },
    timeoutSeconds: Number(properties.Timeout),
    maximumRetries: Number(invocations?.properties.MaximumRetryAttempts ?? 2),
    hasDeadLetterQueue: properties.DeadLetterConfig !== undefined,
  };
}

/** By what is in it, not by what it is called. */
function codeIn(folder: string): FunctionCode {
  const deployed = readFileSync(path.join(folder, 'index.js'));
  const built = path.join(__dirname, '../../../assets/lambda');
  return LIVED_CODES.find((name) => readFileSync(path.join(built, name, 'index.js')).equals(deployed)) ?? 'not lived';
}

function readTaskEnvironment(resources: Resources): Record<string, string> {
  const [task] = resources.of('AWS::ECS::TaskDefinition');
  const [container] = task.properties.ContainerDefinitions as { Environment: { Name: string; Value: string }[] }[];
  return Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));
}

function readVault(resources: Resources): Deployment['vault'] {
  const vault = resources.of('AWS::S3::Bucket').find(({ properties }) => 'NotificationConfiguration' in properties);
  if (!vault) throw new Error('no bucket of the stack sends events');
  const { BucketEncryption, LifecycleConfiguration } = vault.properties as Record<string, Record<string, Properties[]>>;
  const [encryption] = BucketEncryption.ServerSideEncryptionConfiguration;
  return {
    bucket: vault.id.toLowerCase(),
    keyArn: String((encryption.ServerSideEncryptionByDefault as Properties).KMSMasterKeyID),
    lifecycle: LifecycleConfiguration.Rules.map(readLifecycleRule),
  };
}

function readLifecycleRule(rule: Properties): LifecycleRule {
  const [tag] = (rule.TagFilters ?? []) as { Key: string; Value: string }[];
  const noncurrent = rule.NoncurrentVersionExpiration as { NoncurrentDays: number } | undefined;
  return {
    tag: tag && { key: tag.Key, value: tag.Value },
    expirationDays: rule.ExpirationInDays as number | undefined,
    noncurrentDays: noncurrent?.NoncurrentDays,
  };
}

function readNewPoint(resources: Resources): Deployment['newPoint'] {
  const rule = resources
    .of('AWS::Events::Rule')
    .find(({ properties }) =>
      (properties.EventPattern as { source?: string[] } | undefined)?.source?.includes('aws.s3'),
    );
  if (!rule) throw new Error('no rule of the stack is for new objects');
  const [target] = rule.properties.Targets as Properties[];
  const { detail } = rule.properties.EventPattern as { detail: { object: { key: { wildcard: string }[] } } };
  return { target: String(target.Arn).replace(/^arn:/, ''), wildcard: detail.object.key[0].wildcard };
}
