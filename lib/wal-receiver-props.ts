import { Duration, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { BackupTaskOptions } from './backup-task';
import { PostgresSource } from './postgres-source';
import { IWalArchive } from './wal-archive-props';

/**
 * What a receiver does where the server has deleted log that the archive lacks.
 */
export enum WalReceiverGap {
  /** It fails, again and again, until a person decides. Nothing more is archived. */
  STOP = 'stop',
  /** It goes on behind the gap. The audit rings until no kept base backup needs what is missing. */
  GO_ON = 'go-on',
}

/**
 * How the log is received.
 */
export interface WalReceiverOptions extends BackupTaskOptions {
  /** The server. Its role needs `REPLICATION`, and `pg_hba.conf` a line for the database `replication`. */
  readonly source: PostgresSource;

  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /**
   * Subnets of the task. They need a way to S3, KMS, Secrets Manager, ECR and CloudWatch Logs, and to the server.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Cluster that the task runs in.
   *
   * @default - a new one
   */
  readonly cluster?: ecs.ICluster;

  /**
   * Name of the replication slot, which is made when it is not there: 1 to 63 lower-case letters, digits and underscores. Also the
   * name for `synchronous_standby_names`.
   *
   * @default - `postgres_backup_` and the name of the source
   */
  readonly slotName?: string;

  /**
   * How often what there is of the newest segment is archived: as much work may be lost with the server. 1 second to 1 hour.
   *
   * @default Duration.seconds(10)
   */
  readonly partialEvery?: Duration;

  /**
   * Whether commits may wait until what they wrote is on the disk of the receiver. The server must be told too: its settings are
   * in `postgresqlConf`. While the receiver is away, such commits wait.
   *
   * @default false
   */
  readonly synchronous?: boolean;

  /**
   * What to do where the server has deleted log that the archive lacks.
   *
   * @default WalReceiverGap.STOP
   */
  readonly onGap?: WalReceiverGap;

  /**
   * How much log the server keeps for the receiver at most (`max_slot_wal_keep_size`, in `postgresqlConf`): beyond it the server
   * lives, and the archive gets a gap. Less than what is free on the server's disk.
   *
   * @default Size.gibibytes(32)
   */
  readonly maxSlotSize?: Size;

  /**
   * How much log the server keeps for the receiver before the alarm goes off. Less than `maxSlotSize`.
   *
   * @default - a quarter of `maxSlotSize`
   */
  readonly slotSizeAlarm?: Size;

  /**
   * How old the oldest log may be that the server has and the archive has not, before the alarm goes off. Longer than twice
   * `partialEvery`.
   *
   * @default Duration.minutes(5)
   */
  readonly lagAlarm?: Duration;
}

/**
 * A receiver of the log, with the archive that it receives for.
 */
export interface WalReceiverProps extends WalReceiverOptions {
  /** Where the log is archived. */
  readonly wal: IWalArchive;

  /** Topic that alarms are published to. */
  readonly topic: sns.ITopic;

  /**
   * Where the runbooks that alarms link to are found.
   *
   * @default - those of this package
   */
  readonly runbooksUrl?: string;
}
