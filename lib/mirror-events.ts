import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, JOURNAL_KEPT_DAYS, journalPrefix, MetricKey, mirrorPrefix, MirrorSetting } from '../model';
import { AlarmFactory } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { backupMetric } from './backup-metrics';
import { IBackupVault } from './backup-vault-props';
import { ContinuousMirroring } from './continuous-mirroring';
import { createDeadLetterQueue } from './dead-letter-queue';
import { BoundEvents } from './object-source';

/**
 * What copies between the runs of a mirror.
 */
export interface MirrorEventsProps extends BackupFunctionOptions {
  /** Name of the source. */
  readonly sourceName: string;
  /** Where the mirrors are. */
  readonly vault: IBackupVault;
  /** How it is done. */
  readonly continuous: ContinuousMirroring;
  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;
}

/**
 * Copies objects into their mirrors as soon as events tell of them: rules, a queue, a function, and a queue for what it cannot deal
 * with.
 */
export class MirrorEvents extends Construct {
  /** Events on their way. */
  public readonly queue: sqs.Queue;
  /** Events that could not be dealt with, for a person to look at. */
  public readonly deadLetterQueue: sqs.Queue;
  /** What copies. */
  public readonly function: BackupFunction;

  private readonly props: MirrorEventsProps;
  private readonly mirrors: MirrorSetting[] = [];

  constructor(scope: Construct, id: string, props: MirrorEventsProps) {
    super(scope, id);
    this.props = props;
    const { vault, sourceName, continuous } = props;
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetters');
    this.queue = new sqs.Queue(this, 'Queue', {
      // Names of objects and times, no data: the queue's own encryption needs no key policy to fail on.
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: ContinuousMirroring.REPEATED_AFTER,
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: MOST_RECEIVED },
    });
    this.function = new BackupFunction(this, 'Function', {
      code: 'mirror',
      description: `Mirrors new objects of ${sourceName} between the runs`,
      environment: {
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
        [ENVIRONMENT.mirrors]: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.mirrors) }),
      },
      encryptionKey: props.encryptionKey,
      deadLetterQueue: this.deadLetterQueue,
      timeout: FUNCTION_TIMEOUT,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
    });
    this.function.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: continuous.batchSize,
        maxBatchingWindow: continuous.maxBatchingWindow,
        maxConcurrency: continuous.maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
  }

  /**
   * @internal
   * @param bound where the events of the mirror come from
   */
  public _addMirror(setting: MirrorSetting, { bucketName, keyPrefixes }: BoundEvents): void {
    this.mirrors.push(setting);
    this.props.vault.grantMirrorEvents(this.function, this.props.sourceName, setting.name);
    this.endJournal(setting.name);
    new events.Rule(this, `Rule-${setting.name}`, {
      description: `Objects of the mirror ${setting.name} of ${this.props.sourceName}`,
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created', 'Object Deleted'],
        detail: {
          bucket: { name: [bucketName] },
          ...(keyPrefixes.length > 0 && { object: { key: keyPrefixes.map((prefix) => ({ prefix })) } }),
        },
      },
      targets: [new targets.SqsQueue(this.queue, { deadLetterQueue: this.deadLetterQueue })],
    });
  }

  /** @internal */
  public _alarms(factory: AlarmFactory): cloudwatch.Alarm[] {
    const { sourceName, continuous, vault } = this.props;
    const look = `postgres-backup status --vault ${vault.vaultUri} --source ${sourceName}`;
    const shared = { threshold: 0, look, runbook: 'mirror-behind' };
    return [
      factory.occurrence('EventsTooOld', {
        ...shared,
        metric: this.queue.metricApproximateAgeOfOldestMessage({ period: Duration.minutes(5) }),
        threshold: continuous.alarmAfter.toSeconds(),
        what: `${sourceName}: objects wait for more than ${continuous.alarmAfter.toHumanString()} to be mirrored between the runs.`,
      }),
      factory.occurrence('EventsGivenUp', {
        ...shared,
        metric: this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({
          period: Duration.minutes(5),
          statistic: cloudwatch.Stats.MAXIMUM,
        }),
        what: `${sourceName}: objects could not be mirrored between the runs. The next run mirrors what is still at the source.`,
      }),
    ];
  }

  /**
   * From when an object was written until it was in the mirror, in seconds.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricLag(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('mirrorLag', cloudwatch.Stats.MAXIMUM, options);
  }

  /**
   * Objects that were mirrored between the runs.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricMirrored(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('mirroredEarly', cloudwatch.Stats.SUM, options);
  }

  /**
   * Events that could not be dealt with, and come again.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('mirrorEventsFailed', cloudwatch.Stats.SUM, options);
  }

  /**
   * Objects that were deleted at the source, as events tell. Nothing is deleted in the mirror.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricDeletions(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('mirrorDeletions', cloudwatch.Stats.SUM, options);
  }

  /** Its pieces are of use until the next run: the only thing in a vault that ends by its age. */
  private endJournal(mirror: string): void {
    const { vault, sourceName } = this.props;
    const { bucket } = vault;
    // An existing bucket has the rules that its owner gave it.
    if (!(bucket instanceof s3.Bucket)) return;
    bucket.addLifecycleRule({
      id: `journal-of-${sourceName}-${mirror}`,
      prefix: journalPrefix(mirrorPrefix(sourceName, mirror)),
      expiration: Duration.days(JOURNAL_KEPT_DAYS),
      noncurrentVersionExpiration: Duration.days(1),
    });
  }

  private metric(key: MetricKey, statistic: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return backupMetric(key, { source: this.props.sourceName, component: BackupComponent.OBJECTS }, statistic, options);
  }
}

/** A sixth of the time after which a message comes again. */
const FUNCTION_TIMEOUT = Duration.minutes(5);
/** Tries of one event, half an hour apart. */
const MOST_RECEIVED = 3;
