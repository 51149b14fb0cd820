import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { PostgresSource } from './postgres-source';

/**
 * Which server's log gets a heartbeat, and how often.
 */
export interface WalHeartbeatProps extends BackupTaskOptions {
  /** The server; the primary. */
  readonly source: PostgresSource;

  /** Where the log is archived: named in what the task says, and not reached by it. */
  readonly vault: IBackupVault;

  /**
   * How often. A minute to an hour.
   *
   * @default Duration.minutes(5)
   */
  readonly interval?: Duration;

  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /** Subnets of the task. They need a way to Secrets Manager, ECR and CloudWatch Logs, and to the server. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Key that encrypts the task's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}
