/**
 * The stand-in for AWS: one account in one region on this machine, empty until a stack is deployed. It is made of services that
 * know nothing of templates; `deploy.ts` fills them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startS3Server, type FaultPlan, type ObjectEvent, type S3Server } from '../s3';
import { accountIn, bucketArn, URL_SUFFIX, type Account } from './account';
import { ecsApi } from './api/ecs';
import { kmsApi } from './api/kms';
import { secretsManagerApi } from './api/secrets-manager';
import { startApiServer, type ApiServer } from './api/server';
import { snsApi } from './api/sns';
import { ssmApi } from './api/ssm';
import { stsApi } from './api/sts';
import { Background } from './background';
import { Clock } from './clock';
import { processEnvironment, type Endpoints } from './compute/environment';
import { Bus } from './events/bus';
import { Scheduler } from './events/scheduler';
import { Targets } from './events/targets';
import { Iam } from './iam/iam';
import type { Credential, PolicyDocument } from './iam/policy';
import { LiveTime } from './live-time';
import { Alarms } from './services/alarms';
import { Buckets } from './services/buckets';
import { CustomResources } from './services/custom-resources';
import { EcsServices } from './services/ecs-services';
import { Functions } from './services/functions';
import { Keys } from './services/keys';
import { Logs, type LogLine } from './services/logs';
import { Parameters } from './services/parameters';
import { QueuePolling } from './services/queue-polling';
import { Queues, type Queue } from './services/queues';
import { Secrets } from './services/secrets';
import type { Task } from './services/task-definitions';
import { StateMachines } from './services/state-machines';
import { Tasks } from './services/tasks';
import { Topics } from './services/topics';
import { readEmfLine } from './watch/emf';
import { MetricStore } from './watch/metric-store';

export interface CloudOptions {
  /** Where the clock begins. */
  readonly start: Date;
  /** @default eu-central-1 */
  readonly region?: string;
  /** What is different in a container on this machine; it wins over what the template says. @default nothing */
  readonly localEnvironment?: Readonly<Record<string, string>>;
  /** Of the S3 server. @default none */
  readonly faults?: FaultPlan;
}

export interface Database {
  readonly id: string;
  /** Of the first database in it. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const DEFAULT_REGION = 'eu-central-1';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Alarms look at half past each minute: after all that happened on the minute. */
const LOOK_AFTER_MS = 30_000;
/** S3 works through lifecycles once a day, some time after midnight. */
const LIFECYCLE_AFTER_MS = 10 * MINUTE_MS;

export class Cloud {
  readonly metrics = new MetricStore();
  readonly background = new Background();
  /** Lines of logs that say they hold metrics and are not right: CloudWatch drops them. */
  readonly refusedMetrics: string[] = [];
  /** Policies that roles may name, by ARN. */
  readonly managedPolicies = new Map<string, PolicyDocument>();
  /** Databases of templates, by their id. */
  readonly databases = new Map<string, Database>();
  /** What stacks export, by name. */
  readonly exports = new Map<string, unknown>();
  readonly keys: Keys;
  readonly buckets: Buckets;
  readonly secrets: Secrets;
  readonly parameters: Parameters;
  readonly queues: Queues;
  readonly queuePolling: QueuePolling;
  readonly logs: Logs;
  readonly functions: Functions;
  readonly topics: Topics;
  readonly tasks: Tasks;
  readonly ecsServices: EcsServices;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly alarms: Alarms;
  readonly stateMachines = new StateMachines();
  readonly customResources: CustomResources;
  private api: ApiServer | undefined;

  private constructor(
    readonly account: Account,
    readonly clock: Clock,
    readonly now: () => Date,
    readonly iam: Iam,
    readonly s3: S3Server,
    readonly directory: string,
    wiring: Wiring,
    localEnvironment: Readonly<Record<string, string>>,
  ) {
    const { metrics, background } = this;
    const host = (service: string): string => `${service}.${account.region}.${URL_SUFFIX}`;
    const endpoints = (): Endpoints => this.endpoints;
    this.keys = new Keys(iam);
    this.buckets = new Buckets(iam, this.keys, host('s3'));
    this.secrets = new Secrets(iam, this.keys, host('secretsmanager'));
    this.parameters = new Parameters(account, iam, this.keys, host('ssm'));
    this.queues = new Queues(iam, now);
    this.logs = new Logs(iam, now, (line) => this.readMetrics(line));
    const { keys, logs, queues, secrets, parameters, now: time } = this;
    const common = { account, iam, metrics, clock, background, now: time, endpoints };
    this.functions = new Functions({ ...common, logs, queues });
    this.queuePolling = new QueuePolling({ ...common, queues, functions: this.functions });
    this.topics = new Topics({ ...common, keys, queues, functions: this.functions, endpoint: host('sns') });
    const changed = (task: Task, containers: readonly string[]): void => this.tellTask(task, containers);
    this.tasks = new Tasks({ ...common, logs, secrets, parameters, localEnvironment, changed });
    this.ecsServices = new EcsServices(this.tasks);
    const targets = new Targets({ functions: this.functions, tasks: this.tasks, queues, topics: this.topics, logs });
    this.bus = new Bus({ ...common, targets });
    this.scheduler = new Scheduler({ ...common, targets });
    this.alarms = new Alarms({ ...common, topics: this.topics, functions: this.functions, bus: this.bus });
    const { functions, stateMachines } = this;
    const wait = (seconds: number): Promise<void> => this.advanceTo(new Date(clock.now().getTime() + seconds * 1000));
    this.customResources = new CustomResources({ iam, functions, stateMachines, wait });
    wiring.authorize = (request) => this.buckets.authorize(request);
    wiring.objectEvent = (event) => this.tellObject(event);
    this.lookEveryMinute();
    this.applyLifecyclesDaily();
  }

  static async start(options: CloudOptions): Promise<Cloud> {
    const account = accountIn(options.region ?? DEFAULT_REGION);
    const clock = new Clock(options.start);
    const { now } = new LiveTime(clock);
    const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-cloud-'));
    const wiring: Wiring = { authorize: async () => false, objectEvent: () => undefined };
    const s3 = await startS3Server({
      directory,
      region: account.region,
      faults: options.faults,
      now,
      authorize: (request) => wiring.authorize(request),
      onObjectEvent: (event) => wiring.objectEvent(event),
    });
    const credentials = new Map<string, Credential>([[s3.credentials.accessKeyId, s3.credentials]]);
    const iam = new Iam(account, now, (credential) => {
      credentials.set(credential.accessKeyId, credential);
      s3.addCredential(credential);
    });
    iam.addAdministrator(s3.credentials.accessKeyId);
    const cloud = new Cloud(account, clock, now, iam, s3, directory, wiring, options.localEnvironment ?? {});
    cloud.api = await cloud.startApi(credentials);
    return cloud;
  }

  get endpoints(): Endpoints {
    if (this.api === undefined) throw new Error('the services are not started');
    return { region: this.account.region, s3: this.s3.endpoint, others: this.api.endpoint };
  }

  /** Moves the clock: what is due happens, with all that follows from it. */
  async advanceTo(date: Date): Promise<void> {
    await this.background.settled();
    await this.clock.advanceTo(date);
  }

  /** Environment of a process that plays a role: a person on call, for example. */
  environmentOf(role: string): Record<string, string> {
    return processEnvironment(this.endpoints, this.iam.role(role).credential);
  }

  /** The same of the administrator, who may do everything. */
  get administratorEnvironment(): Record<string, string> {
    return processEnvironment(this.endpoints, this.s3.credentials);
  }

  async close(): Promise<void> {
    await this.functions.close();
    await this.tasks.close();
    await this.api?.close();
    await this.s3.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  private startApi(credentials: ReadonlyMap<string, Credential>): Promise<ApiServer> {
    return startApiServer({
      credentials,
      now: this.now,
      principal: (accessKeyId) => this.iam.principal(accessKeyId),
      services: {
        secretsmanager: secretsManagerApi(this.secrets),
        ssm: ssmApi(this.parameters),
        kms: kmsApi(this.keys),
        ecs: ecsApi(this.tasks, this.ecsServices, this.iam),
        sts: stsApi(this.account),
        sns: snsApi(this.topics),
      },
    });
  }

  private readMetrics({ text }: LogLine): void {
    try {
      for (const { namespace, name, dimensions, at, values, unit } of readEmfLine(text)) {
        this.metrics.put(namespace, name, dimensions, at, values, unit);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.refusedMetrics.push(`${error.message}: ${text}`);
    }
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
  private tellObject(event: ObjectEvent): void {
    if (!this.buckets.find(event.bucket)?.tellsEventBridge) return;
    const [kind, reason] = event.name.split(':');
    const detailType = kind === 'ObjectCreated' ? 'Object Created' : 'Object Deleted';
    const { bucket, key, sizeBytes: size, etag, versionId } = event;
    this.bus.put({
      source: 'aws.s3',
      detailType,
      resources: [bucketArn(bucket)],
      detail: {
        version: '0',
        bucket: { name: bucket },
        object: { key, size, etag, 'version-id': versionId, sequencer: event.time.getTime().toString(16) },
        requester: this.account.id,
        reason: reason === 'Put' ? 'PutObject' : reason,
      },
    });
  }

  /** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
  private tellTask(task: Task, containers: readonly string[]): void {
    const { taskArn, taskDefinitionArn, clusterArn, startedBy, lastStatus, stopCode, stoppedReason } = task;
    this.bus.put({
      source: 'aws.ecs',
      detailType: 'ECS Task State Change',
      resources: [taskArn],
      detail: {
        ...{ taskArn, taskDefinitionArn, clusterArn, startedBy, lastStatus, stopCode, stoppedReason },
        desiredStatus: lastStatus,
        createdAt: task.createdAt.toISOString(),
        containers: containers.map((name) => ({ name, lastStatus, exitCode: task.exitCode })),
      },
    });
  }

  private lookEveryMinute(): void {
    const { clock } = this;
    const minute = Math.floor(clock.now().getTime() / MINUTE_MS) * MINUTE_MS;
    const next = new Date(minute + LOOK_AFTER_MS + (clock.now().getTime() - minute >= LOOK_AFTER_MS ? MINUTE_MS : 0));
    clock.at(next, async () => {
      this.lookEveryMinute();
      for (const queue of this.queues.all()) this.measure(queue, next);
      this.alarms.evaluate(next);
      await this.background.settled();
    });
  }

  /** A message that a function works on counts as one that waits. */
  private measure({ name, messages }: Queue, at: Date): void {
    const dimensions = { QueueName: name };
    const oldestMs = Math.min(at.getTime(), ...messages.map(({ sentAt }) => sentAt.getTime()));
    this.metrics.put('AWS/SQS', 'ApproximateNumberOfMessagesVisible', dimensions, at, messages.length, 'Count');
    const ageSeconds = (at.getTime() - oldestMs) / 1000;
    this.metrics.put('AWS/SQS', 'ApproximateAgeOfOldestMessage', dimensions, at, ageSeconds, 'Seconds');
  }

  private applyLifecyclesDaily(): void {
    const day = Math.floor(this.clock.now().getTime() / DAY_MS) * DAY_MS;
    this.clock.at(new Date(day + DAY_MS + LIFECYCLE_AFTER_MS), async () => {
      this.applyLifecyclesDaily();
      for (const bucket of this.s3.buckets()) await this.s3.applyLifecycle(bucket);
    });
  }
}

/** What the S3 server asks and tells; it is there before those that answer. */
interface Wiring {
  authorize: Buckets['authorize'];
  objectEvent: (event: ObjectEvent) => void;
}
