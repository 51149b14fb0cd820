import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, ManagedKind, ManagedPromise, sourceNameProblem } from '../model';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { BackupFunction } from './backup-function';
import { backupMetric } from './backup-metrics';
import { createDeadLetterQueue } from './dead-letter-queue';
import { logEncryptionKey } from './log-encryption-key';
import { ManagedWindowProps } from './managed-window-props';

/**
 * Watches what RDS and Aurora keep on their own: the window of moments that they can restore. Every five minutes it asks AWS
 * how new and how old the moments are, how long backups are kept, and whether the storage is encrypted and the database
 * protected, and compares it with what was promised. It changes nothing.
 *
 * The window lives and dies with the account and complements the backups in the vault; it does not replace them.
 */
export class ManagedWindow extends Construct {
  /** How often AWS is asked. */
  public static readonly INTERVAL = Duration.minutes(5);

  /** What asks. */
  public readonly function: BackupFunction;
  /** What starts the function. */
  public readonly rule: events.Rule;
  /** The newest moment that can be restored is too old, or nothing is known of it. */
  public readonly windowTooOld: cloudwatch.Alarm;
  /** The newest automated snapshot is too old, or there is none, or nothing is known of it. */
  public readonly snapshotTooOld: cloudwatch.Alarm;
  /** Something is not as promised, could not be verified, or nothing is known of it. */
  public readonly windowBroken: cloudwatch.Alarm;

  /** How much of the latest work may be lost. */
  public readonly recoveryPointObjective: Duration;

  private readonly sourceName: string;

  constructor(scope: Construct, id: string, props: ManagedWindowProps) {
    super(scope, id);
    this.sourceName = checkedSourceName(props.sourceName);
    const { sourceName } = this;
    const promise = promiseOf(props);
    const objective = longerThan(
      Duration.minutes(10),
      'recoveryPointObjective',
      props.recoveryPointObjective ?? Duration.minutes(30),
    );
    this.recoveryPointObjective = objective;
    const snapshotAge = longerThan(Duration.days(1), 'snapshotAge', props.snapshotAge ?? Duration.hours(36));

    const deadLetterQueue = props.deadLetterQueue ?? createDeadLetterQueue(this, 'DeadLetters');
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const description = `Watches the managed window of ${sourceName}`;
    this.function = new BackupFunction(this, 'Function', {
      code: 'managed-window',
      description,
      environment: {
        [ENVIRONMENT.source]: sourceName,
        [FUNCTION_ENVIRONMENT.managedWindow]: JSON.stringify(promise),
      },
      encryptionKey: logEncryptionKey(this, props.encryptionKey, undefined, removalPolicy),
      deadLetterQueue,
      // Over before the next one begins.
      timeout: Duration.minutes(4),
      logRetention: props.logRetention,
      removalPolicy,
    });
    this.function.role.addToPolicy(
      // Asked by its name, each of them is checked against the ARN of the database itself.
      new iam.PolicyStatement({ actions: DESCRIBE[promise.kind], resources: [props.database.arnFor(this)] }),
    );
    this.rule = new events.Rule(this, 'Rule', {
      description,
      schedule: events.Schedule.rate(ManagedWindow.INTERVAL),
      targets: [
        new targets.LambdaFunction(this.function.function, {
          deadLetterQueue,
          // The next one looks at the same.
          maxEventAge: ManagedWindow.INTERVAL,
          retryAttempts: 2,
        }),
      ],
    });

    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const look = `aws rds describe-db-${promise.kind}s --db-${promise.kind}-identifier ${promise.identifier}`;
    const shared = { look, runbook: 'managed-window' };
    this.windowTooOld = factory.continuous('WindowTooOld', {
      ...shared,
      metric: this.metricRestorableAge(),
      threshold: objective.toSeconds(),
      what: `${sourceName}: AWS can restore no moment of the last ${objective.toHumanString()}, or nothing is known of it.`,
    });
    this.snapshotTooOld = factory.continuous('SnapshotTooOld', {
      ...shared,
      metric: this.metricSnapshotAge(),
      threshold: snapshotAge.toSeconds(),
      what: `${sourceName}: there is no automated snapshot of the last ${snapshotAge.toHumanString()}, or nothing is known of it.`,
    });
    this.windowBroken = factory.continuous('WindowBroken', {
      ...shared,
      metric: this.metricFindings(),
      threshold: 0,
      what: `${sourceName}: the managed window is not as promised, or it could not be verified.`,
    });
  }

  /**
   * Age of the newest moment that can be restored, in seconds: what would be lost now. Nothing when it is not known.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricRestorableAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('managedRestorableAge', options);
  }

  /**
   * Age of the newest automated snapshot, in seconds. Nothing when there is none or it is not known.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricSnapshotAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('managedSnapshotAge', options);
  }

  /**
   * What is not as promised, or could not be verified.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricFindings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('managedFindings', options);
  }

  private metric(key: Parameters<typeof backupMetric>[0], options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    const subject = { source: this.sourceName, component: BackupComponent.WAL };
    // Three times the interval: one that comes late is no silence.
    return backupMetric(key, subject, cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(15), ...options });
  }
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html */
const DESCRIBE: Readonly<Record<ManagedKind, string[]>> = {
  instance: ['rds:DescribeDBInstances', 'rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBSnapshots'],
  cluster: ['rds:DescribeDBClusters', 'rds:DescribeDBClusterSnapshots'],
};

function promiseOf({ database, retention, encrypted, deletionProtection }: ManagedWindowProps): ManagedPromise {
  return {
    kind: database.kind as ManagedKind,
    identifier: database.identifier,
    retentionDays: checkedDays(retention ?? Duration.days(7)),
    encrypted: encrypted ?? true,
    deletionProtection: deletionProtection ?? true,
  };
}

function checkedDays(retention: Duration): number {
  const days = retention.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1 && days <= 35) return days;
  throw new Error(`retention is ${retention.toHumanString()}, but AWS keeps automated backups for 1 to 35 whole days`);
}

/** What is in time must not alarm. */
function longerThan(least: Duration, name: string, stated: Duration): Duration {
  if (stated.toSeconds() > least.toSeconds()) return stated;
  throw new Error(
    `${name} is ${stated.toHumanString()}, but it must be more than ${least.toHumanString()}: it would go off without a fault`,
  );
}

function checkedSourceName(name: string): string {
  const problem = Token.isUnresolved(name) ? 'it must be known at synthesis' : sourceNameProblem(name);
  if (problem) throw new Error(`source name '${name}' is not usable: ${problem}`);
  return name;
}
