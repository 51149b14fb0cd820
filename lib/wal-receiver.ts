import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupComponent } from './backup-component';
import { createCluster } from './backup-cluster';
import { backupMetric } from './backup-metrics';
import { BackupTask } from './backup-task';
import { logEncryptionKey } from './log-encryption-key';
import { addScratchVolume } from './scratch-volume';
import { WalReceiverProps } from './wal-receiver-props';
import { WalReceiverSettings } from './wal-receiver-settings';

/**
 * Receives the log of a server as it is written, by stock `pg_receivewal`, and archives it: nothing has to be installed on the
 * server's machine, and seconds of work are lost with it at most. A replication slot keeps on the server what is not archived yet.
 *
 * One task, never two. It may write the log of its source, and find by name what is archived; it reads no content.
 */
export class WalReceiver extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The task that receives. */
  public readonly task: BackupTask;
  /** Keeps one task running. */
  public readonly service: ecs.FargateService;
  /** Network connections of the task. */
  public readonly connections: ec2.Connections;
  /** The task's role. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Name of the replication slot. */
  public readonly slotName: string;
  /** Settings of the server, for the end of `postgresql.conf`. */
  public readonly postgresqlConf: string;
  /** Nothing is received, or nothing is known of it. */
  public readonly notReceiving: cloudwatch.Alarm;
  /** What the server has is not archived for too long, or nothing is known of it. */
  public readonly receiverBehind: cloudwatch.Alarm;
  /** The server keeps too much log for the receiver, or nothing is known of it. */
  public readonly slotTooLarge: cloudwatch.Alarm;

  private readonly sourceName: string;

  constructor(scope: Construct, id: string, props: WalReceiverProps) {
    super(scope, id);
    const { source, wal } = props;
    const settings = new WalReceiverSettings(props);
    this.sourceName = source.sourceName;
    this.slotName = settings.slotName;
    this.postgresqlConf = settings.file;
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.task = new BackupTask(this, 'Task', {
      ...props,
      encryptionKey: logEncryptionKey(this, undefined, wal.vault.encryptionKey, removalPolicy),
      postgresVersion: source.postgresVersion,
      command: settings.command,
      environment: {
        ...source.environment,
        [ENVIRONMENT.vault]: wal.vault.vaultUri,
        [ENVIRONMENT.source]: source.sourceName,
      },
      logPrefix: source.sourceName,
    });
    addScratchVolume(this.task);
    this.connections = this.task.connections;
    this.grantPrincipal = this.task.grantPrincipal;
    source.grantConnect(this.task);
    source.allowConnectionsFrom(this.task.connections);
    wal.grantPush(this.task);
    wal.grantFind(this.task);
    this.service = this.createService(props);

    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [
      new cloudwatchActions.SnsAction(props.topic),
    ]);
    const shared = {
      look: `postgres-backup wal-check --vault ${wal.vault.vaultUri} --source ${source.sourceName}`,
      runbook: 'wal-receiver',
    };
    this.notReceiving = factory.continuous('NotReceiving', {
      ...shared,
      metric: this.metricStreaming(),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      what: `${source.sourceName}: the log was not received for five minutes, or nothing is known of it.`,
    });
    this.receiverBehind = factory.continuous('ReceiverBehind', {
      ...shared,
      metric: this.metricLag(),
      threshold: settings.lagAlarm.toSeconds(),
      what: `${source.sourceName}: log of the server is not archived for ${settings.lagAlarm.toHumanString()}, or nothing is known of it.`,
    });
    this.slotTooLarge = factory.continuous('SlotTooLarge', {
      ...shared,
      metric: this.metricSlotRetained(),
      threshold: settings.slotSizeAlarm.toBytes(),
      what:
        `${source.sourceName}: the server keeps more log for slot ${this.slotName} than it should, or nothing is known of it. ` +
        `At max_slot_wal_keep_size it deletes what is not archived.`,
    });
  }

  /**
   * 1 while the log is received, 0 while it is not.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricStreaming(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walReceiverStreaming', options);
  }

  /**
   * Age of the oldest log that the server has and the archive has not, in seconds: what would be lost with the server now.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricLag(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walReceiverLag', options);
  }

  /**
   * What the server has written and is not archived yet, in bytes.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBehind(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walReceiverBehind', options);
  }

  /**
   * What the server keeps on its disk for the receiver, in bytes.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricSlotRetained(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('walSlotRetained', options);
  }

  private createService(props: WalReceiverProps): ecs.FargateService {
    return new ecs.FargateService(this, 'Service', {
      cluster: props.cluster ?? createCluster(this, props.vpc),
      taskDefinition: this.task.taskDefinition,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [this.task.securityGroup],
      assignPublicIp: false,
      // The old one ends before the new one begins: what it had is kept by the server.
      desiredCount: 1,
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { enable: true, rollback: true },
    });
  }

  private metric(key: Parameters<typeof backupMetric>[0], options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    const subject = { source: this.sourceName, component: BackupComponent.WAL };
    // Ten times the interval at which it is told: one that comes late is no silence.
    return backupMetric(key, subject, cloudwatch.Stats.MAXIMUM, { period: Duration.minutes(5), ...options });
  }
}
