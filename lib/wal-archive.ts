import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { componentPrefix, WAL_HEARTBEAT_SQL } from '../model';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { backupMetric } from './backup-metrics';
import { IBackupVault } from './backup-vault-props';
import { createDeadLetterQueue } from './dead-letter-queue';
import { logEncryptionKey } from './log-encryption-key';
import { ageRuleProblems } from './wal-age-rules';
import { IWalArchive, WalArchiveProps } from './wal-archive-props';
import { WalFunction } from './wal-function';
import { WalMachine, WalMachineProps } from './wal-machine';
import { WalReceiver } from './wal-receiver';
import { WalReceiverOptions } from './wal-receiver-props';
import { WalSettings } from './wal-settings';

/**
 * The archive of the write-ahead log of a server that you run yourself: with it and base backups, every moment can be restored.
 * RDS and Aurora archive on their own and let nobody else.
 *
 * It gives the settings of the server, lets its machine write the log and nothing else, looks every five minutes what is there
 * without a gap, and alarms when the newest is too old or something is wrong.
 */
export class WalArchive extends Construct implements IWalArchive {
  /** How often the archive is audited. */
  public static readonly INTERVAL = Duration.minutes(5);

  /** Name of the source. */
  public readonly sourceName: string;
  /** Where the log is archived. */
  public readonly vault: IBackupVault;
  /** For `archive_command`. */
  public readonly archiveCommand: string;
  /** For `restore_command`. */
  public readonly restoreCommand: string;
  /** For `archive_timeout`. */
  public readonly archiveTimeout: Duration;
  /** How much of the latest work may be lost. */
  public readonly recoveryPointObjective: Duration;
  /** All of the settings, for the end of `postgresql.conf`. */
  public readonly postgresqlConf: string;
  /**
   * To be run every minute on the server, which archives nothing while it has nothing to do: then the newest segment is old
   * without a fault, and the alarm goes off. It writes some bytes of log and changes no table.
   */
  public readonly heartbeatSql: string = WAL_HEARTBEAT_SQL;
  /** What audits. */
  public readonly audit: WalFunction;
  /** What ends the log that no kept base backup needs any more. */
  public readonly retention: WalFunction;
  /** The newest segment is too old, or nothing is known of it. */
  public readonly logTooOld: cloudwatch.Alarm;
  /** Something is wrong with the archive, or nothing is known of it. */
  public readonly logBroken: cloudwatch.Alarm;
  /** The log that nothing needs any more could not be ended: it costs, and nothing is lost. */
  public readonly retentionFailed: cloudwatch.Alarm;

  private readonly props: WalArchiveProps;

  constructor(scope: Construct, id: string, props: WalArchiveProps) {
    super(scope, id);
    this.props = props;
    const { vault, sourceName } = props;
    this.sourceName = sourceName;
    this.vault = vault;
    const settings = new WalSettings({ vaultUri: vault.vaultUri, sourceName, region: vault.bucket.env.region }, props);
    this.archiveCommand = settings.archiveCommand;
    this.restoreCommand = settings.restoreCommand;
    this.archiveTimeout = settings.archiveTimeout;
    this.postgresqlConf = settings.file;
    const objective = checkedObjective(props.recoveryPointObjective ?? Duration.minutes(15), settings.archiveTimeout);
    this.recoveryPointObjective = objective;
    const prefix = this.prefix;
    this.node.addValidation({ validate: () => ageRuleProblems(vault.bucket, prefix) });

    const deadLetterQueue = props.deadLetterQueue ?? createDeadLetterQueue(this, 'DeadLetters');
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const encryptionKey = logEncryptionKey(this, props.encryptionKey, vault.encryptionKey, removalPolicy);
    const shared = { ...props, deadLetterQueue, encryptionKey };
    this.audit = new WalFunction(this, 'Audit', {
      ...shared,
      code: 'wal-audit',
      description: `Audits the WAL archive of ${sourceName}`,
      interval: WalArchive.INTERVAL,
      // Over before the next one begins.
      timeout: Duration.minutes(4),
    });
    this.retention = new WalFunction(this, 'Retention', {
      ...shared,
      code: 'wal-retention',
      description: `Ends the log of ${sourceName} that no base backup needs`,
      interval: Duration.days(1),
      timeout: Duration.minutes(15),
    });
    vault.grantExpire(this.retention.function, sourceName, BackupComponent.WAL);
    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const look = `postgres-backup wal-check --vault ${vault.vaultUri} --source ${sourceName}`;
    this.logTooOld = factory.continuous('LogTooOld', {
      metric: this.metricAge(),
      threshold: objective.toSeconds(),
      what: `${sourceName}: nothing of the log was archived for ${objective.toHumanString()}, or nothing is known of it.`,
      look,
      runbook: 'wal-too-old',
    });
    this.logBroken = factory.continuous('LogBroken', {
      metric: this.metricFindings(),
      threshold: 0,
      what: `${sourceName}: the WAL archive has a gap, a conflict or another fault, or nothing is known of it.`,
      look,
      runbook: 'wal-broken',
    });
    this.retentionFailed = factory.occurrence('RetentionFailed', {
      metric: this.retention.function.function.metricErrors({ period: Duration.hours(1) }),
      threshold: 0,
      what: `${sourceName}: the log that no base backup needs any more could not be marked to be deleted. Nothing is lost, but it costs.`,
      look,
      runbook: 'wal-broken',
    });
  }

  /**
   * Lets the server's machine archive: its instance's role, its task's role. It can write the log and nothing else.
   *
   * @param grantee who may archive
   */
  public grantPush(grantee: iam.IGrantable): iam.Grant {
    return this.props.vault.grantArchive(grantee, this.props.sourceName);
  }

  /**
   * Lets a role find by name what is archived, and read none of it: a base backup is a recovery point when its log is there.
   *
   * @param grantee who may look
   */
  public grantFind(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [this.vault.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${this.prefix}*` } },
    });
  }

  /**
   * Lets a machine outside AWS archive, by a certificate (IAM Roles Anywhere): no key that lasts.
   *
   * @param id the construct's id
   * @param props which certificates
   */
  public addMachine(id: string, props: WalMachineProps): WalMachine {
    const machine = new WalMachine(this, id, props);
    this.grantPush(machine);
    return machine;
  }

  /**
   * Receives the log from the server as it is written, in place of its `archive_command` or beside it: nothing has to be installed
   * on its machine.
   *
   * @param id the construct's id
   * @param options which server, and how
   */
  public addReceiver(id: string, options: WalReceiverOptions): WalReceiver {
    const { topic, runbooksUrl } = this.props;
    return new WalReceiver(this, id, { ...options, wal: this, topic, runbooksUrl });
  }

  /**
   * Age of the newest archived segment, in seconds: what would be lost now. Ten years when there is none.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricAge(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walAge', options);
  }

  /**
   * What is wrong with the archive: gaps, conflicts, base backups that miss a part of their log.
   *
   * @default - maximum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricFindings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walFindings', options);
  }

  /** Of its keys, with a slash at its end. */
  private get prefix(): string {
    return `${keyPrefix(this.vault.vaultUri)}${componentPrefix(this.sourceName, 'wal')}`;
  }

  private metric(key: Parameters<typeof backupMetric>[0], options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    const subject = { source: this.props.sourceName, component: BackupComponent.WAL };
    // Three times the interval: one that comes late is no silence.
    return backupMetric(key, subject, cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(15), ...options });
  }
}

/** A segment that is ended and archived in time must not alarm. */
function checkedObjective(objective: Duration, archiveTimeout: Duration): Duration {
  const least = 2 * archiveTimeout.toSeconds() + 60;
  if (objective.toSeconds() > least) return objective;
  throw new Error(
    `recoveryPointObjective is ${objective.toHumanString()}, but with an archiveTimeout of ${archiveTimeout.toHumanString()} ` +
      `it must be more than ${Duration.seconds(least).toHumanString()}: it would go off without a fault`,
  );
}

/** What follows the bucket in `s3://bucket/prefix`, with a slash at its end, or nothing. */
function keyPrefix(vaultUri: string): string {
  const prefix = vaultUri.replace(/^s3:\/\/[^/]*\/?/, '');
  return prefix === '' ? '' : `${prefix}/`;
}
