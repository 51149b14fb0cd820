import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { IBackupVault } from './backup-vault-props';
import { VaultLock } from './vault-lock';

/**
 * A copy of a bucket that S3 keeps by itself.
 */
export interface ObjectReplicaProps {
  /** The bucket that is copied. It must be versioned, and in no other replication. */
  readonly source: s3.IBucket;

  /**
   * Only this folder, without a slash at its end.
   *
   * @default - the whole bucket
   */
  readonly folder?: string;

  /** The vault of the backup: its key encrypts the copy, its lock locks it. Nothing is stored in the vault itself. */
  readonly vault: IBackupVault;

  /** Topic of the alarms. */
  readonly topic: sns.ITopic;

  /**
   * Whether S3 lists the copy daily, so that recovery points can be made of it with `ObjectSource.replica`. Then delete markers are
   * replicated, too: they hide what is deleted at the source, and delete nothing.
   *
   * @default false
   */
  readonly listed?: boolean;

  /**
   * How long S3 keeps a version of the copy after it was replaced or deleted, in days. Recovery points need it for as long as they
   * are kept, and 14 days more: they are of a list of up to two days before, and end nine days after they were due.
   *
   * @default - for ever
   */
  readonly keepReplacedFor?: Duration;

  /**
   * Whether and how long each copy is locked against deletion.
   *
   * @default - as the vault; not locked where that is an existing bucket
   */
  readonly lock?: VaultLock;

  /**
   * Where the copy's accesses are logged.
   *
   * @default - where the vault's are; not logged where that is an existing bucket
   */
  readonly serverAccessLogsBucket?: s3.IBucket;

  /**
   * How far the copy may be behind before an alarm goes off. S3 promises 15 minutes.
   *
   * @default Duration.hours(1)
   */
  readonly alarmAfter?: Duration;

  /**
   * Where the runbooks are that alarms link to.
   *
   * @default - those of this library
   */
  readonly runbooksUrl?: string;

  /**
   * What becomes of the copy when it is removed from the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
