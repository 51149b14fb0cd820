import { Annotations, Duration, RemovalPolicy, Size, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeSolutions } from './acknowledge';
import { BackupPlan } from './backup-plan';
import { BackupTaskOptions } from './backup-task';
import { BackupVault } from './backup-vault';
import { IBackupVault } from './backup-vault-props';
import { fargateSize } from './fargate-size';
import { logEncryptionKey } from './log-encryption-key';
import { describeMonthlyCost, estimateMonthlyCost } from './monthly-cost';
import { requireRecoveryPointObjective, requireRecoveryTimeObjective } from './objectives';
import { PgDumpBackup, PgDumpOptions } from './pg-dump-backup';
import { PostgresSource } from './postgres-source';
import { StorageTiers } from './storage-tiers';
import { tiersThatDoNotPay } from './tier-fit';
import { unitPrices } from './unit-prices';

/**
 * How a PostgreSQL system is backed up. Only `source` and `vpc` must be stated.
 */
export interface PostgresBackupProps extends PgDumpOptions, BackupTaskOptions {
  /** What is protected. */
  readonly source: PostgresSource;

  /** Network of the tasks. */
  readonly vpc: ec2.IVpc;

  /**
   * Subnets of the tasks. They need a way to S3, KMS, Secrets Manager, ECR and CloudWatch Logs, and to the server.
   *
   * @default - private subnets with a way out
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Where backups are stored. One vault can serve many sources.
   *
   * @default - a new vault, without a lock
   */
  readonly vault?: IBackupVault;

  /**
   * When backups are made and how long they are kept.
   *
   * @default BackupPlan.production()
   */
  readonly plan?: BackupPlan;

  /**
   * Cluster that the tasks run in. One cluster can serve many backups.
   *
   * @default - a new cluster, which costs nothing by itself
   */
  readonly cluster?: ecs.ICluster;

  /**
   * How much may be lost, at most: the time between two backups. Synthesis fails when the plan cannot give it. That a
   * backup takes its time and is as old as its beginning comes on top.
   *
   * @default - not stated
   */
  readonly recoveryPointObjective?: Duration;

  /**
   * How long a restore may take. At least a minute, which starting a task takes.
   *
   * @default - not stated
   */
  readonly recoveryTimeObjective?: Duration;

  /**
   * Key that encrypts the tasks' logs, and the vault if none is given. If it is imported, its policy must let CloudWatch
   * Logs use it.
   *
   * @default - the key of the vault, or a new one where the vault's key is imported
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Size of one recovery point as it is stored, compressed: a quarter to a tenth of the database. When it is stated, what
   * the plan costs a month is told at synthesis.
   *
   * @default - no estimate
   */
  readonly estimatedSize?: Size;
}

/**
 * Backs up a PostgreSQL system: the construct to begin with.
 *
 *     new PostgresBackup(this, 'Backup', { source: PostgresSource.fromDatabaseInstance(database), vpc });
 */
export class PostgresBackup extends Construct implements ec2.IConnectable {
  /** What is protected. */
  public readonly source: PostgresSource;
  /** Where backups are stored. */
  public readonly vault: IBackupVault;
  /** When backups are made and how long they are kept. */
  public readonly plan: BackupPlan;
  /** Cluster that the tasks run in. */
  public readonly cluster: ecs.ICluster;
  /** Starts that could not be made, kept for 14 days for a person to look at. */
  public readonly deadLetterQueue: sqs.Queue;
  /** The `pg_dump` backups. */
  public readonly dump: PgDumpBackup;
  /** Network connections of the tasks. */
  public readonly connections: ec2.Connections;
  /**
   * How much may be lost, at most.
   *
   * @default - not stated
   */
  public readonly recoveryPointObjective?: Duration;
  /**
   * How long a restore may take.
   *
   * @default - not stated
   */
  public readonly recoveryTimeObjective?: Duration;

  constructor(scope: Construct, id: string, props: PostgresBackupProps) {
    super(scope, id);
    this.source = props.source;
    this.plan = props.plan ?? BackupPlan.production();
    this.recoveryPointObjective = props.recoveryPointObjective;
    this.recoveryTimeObjective = props.recoveryTimeObjective;
    this.checkObjectives();
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.vault = props.vault ?? new BackupVault(this, 'Vault', { encryptionKey: props.encryptionKey, removalPolicy });
    this.cluster = props.cluster ?? this.createCluster(props.vpc);
    this.deadLetterQueue = this.createDeadLetterQueue();
    this.dump = new PgDumpBackup(this, 'Dump', {
      ...props,
      vault: this.vault,
      plan: this.plan,
      cluster: this.cluster,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      deadLetterQueue: this.deadLetterQueue,
      encryptionKey: logEncryptionKey(this, props.encryptionKey, this.vault.encryptionKey, removalPolicy),
    });
    this.connections = this.dump.connections;
    this.warnOfTiersThatDoNotPay();
    if (props.estimatedSize) this.tellMonthlyCost(props.estimatedSize, props);
  }

  /**
   * Lets a role read every backup of the source. Whoever restores sees all data: grant it to few.
   *
   * @param grantee who may restore
   */
  public grantRestore(grantee: iam.IGrantable): iam.Grant {
    return this.vault.grantRestore(grantee, this.source.sourceName);
  }

  /**
   * Backups that succeeded.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupSucceeded(options);
  }

  /**
   * Backups that failed. One that never started is not among them.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupFailed(options);
  }

  /**
   * Time that a backup took, in seconds.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupDuration(options);
  }

  /**
   * What a recovery point takes in the vault, in bytes.
   *
   * @default - minimum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSize(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupSize(options);
  }

  /**
   * Starts that could not be made and wait in the dead-letter queue.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricStartsFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({
      statistic: cloudwatch.Stats.MAXIMUM,
      ...options,
    });
  }

  private checkObjectives(): void {
    if (this.recoveryPointObjective) requireRecoveryPointObjective(this.recoveryPointObjective, this.plan);
    if (this.recoveryTimeObjective) requireRecoveryTimeObjective(this.recoveryTimeObjective);
  }

  private createCluster(vpc: ec2.IVpc): ecs.Cluster {
    return new ecs.Cluster(this, 'Cluster', { vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED });
  }

  private createDeadLetterQueue(): sqs.Queue {
    const queue = new sqs.Queue(this, 'DeadLetters', {
      // What comes here holds names and times, no data: the queue's own encryption needs no key policy to fail on.
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledgeSolutions(queue, 'SQS3', 'It is the dead-letter queue, of schedules.');
    return queue;
  }

  private warnOfTiersThatDoNotPay(): void {
    for (const finding of tiersThatDoNotPay(this.plan, this.vault.storageTiers ?? StorageTiers.none())) {
      Annotations.of(this).addWarningV2('cdk-postgres-backup:tierDoesNotPay', finding);
    }
  }

  private tellMonthlyCost(size: Size, options: BackupTaskOptions): void {
    const region = Stack.of(this).region;
    const prices = unitPrices(region);
    const basis = {
      size,
      plan: this.plan,
      tiers: this.vault.storageTiers ?? StorageTiers.none(),
      ...fargateSize(options.cpu, options.memory),
    };
    const cost = estimateMonthlyCost(basis, prices);
    Annotations.of(this).addInfoV2(
      'cdk-postgres-backup:monthlyCost',
      `Backups of ${this.source.sourceName} cost ${describeMonthlyCost(cost, basis, prices, Token.isUnresolved(region) ? 'this region' : region)}`,
    );
  }
}
