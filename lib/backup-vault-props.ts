import { RemovalPolicy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IConstruct } from 'constructs';
import { BackupComponent } from './backup-component';
import { StorageTiers } from './storage-tiers';
import { VaultLock } from './vault-lock';

/**
 * The encrypted, versioned bucket that holds backups.
 */
export interface IBackupVault extends IConstruct {
  /** The bucket behind the vault. */
  readonly bucket: s3.IBucket;

  /**
   * The key that encrypts what is stored.
   *
   * @default - not encrypted with a key of KMS
   */
  readonly encryptionKey?: kms.IKey;

  /** Where the vault is, as the command line takes it: `s3://bucket` or `s3://bucket/prefix`. */
  readonly vaultUri: string;

  /**
   * When stored objects move to cheaper storage.
   *
   * @default - not known
   */
  readonly storageTiers?: StorageTiers;

  /**
   * Whether the store keeps a checksum of each whole object, by which it is verified without being read.
   *
   * @default - not known
   */
  readonly checksums?: boolean;

  /**
   * What S3 tells EventBridge of each new recovery point of one component of one source: that its manifest is there, which
   * is written last. An existing bucket must have its Amazon EventBridge notifications on.
   *
   * @param source name of the source
   * @param component the component
   */
  recoveryPointPattern(source: string, component: BackupComponent): events.EventPattern;

  /**
   * What S3 tells EventBridge when a run of a source began, failed or was verified: that its record is there. An existing
   * bucket must have its Amazon EventBridge notifications on.
   *
   * @param source name of the source
   */
  runRecordPattern(source: string): events.EventPattern;

  /**
   * Lets a role store recovery points of one component of one source, and nothing else: it cannot read them back, list,
   * delete, change how long they are kept, or write that they are verified. Not for a role that verifies.
   *
   * @param grantee who may write
   * @param source name of the source
   * @param component the component
   */
  grantWrite(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant;

  /**
   * Lets a role read the recovery points of one component of one source and store the result of a verification
   * (`verification.json`) beside them.
   *
   * @param grantee who may verify
   * @param source name of the source
   * @param component the component
   */
  grantVerify(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant;

  /**
   * Lets a role list the recovery points of one source and read what is written about them: manifests, results of
   * verifications, records of failures. It reads none of the data.
   *
   * @param grantee who may watch
   * @param source name of the source
   */
  grantWatch(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role watch one source, store reports about it (`<source>/reports/`), read them back and mark those whose time is
   * over. It reads none of the data.
   *
   * @param grantee who may report
   * @param source name of the source
   */
  grantReport(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role watch one source and record which recovery points of it belong together (`<source>/sets/`). It reads none of the
   * data.
   *
   * @param grantee who may record sets
   * @param source name of the source
   */
  grantRecordSets(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role mark recovery points of one component of one source as over: every version of their objects with the tag
   * `postgres-backup:expire` = `true`, and no other tag. It reads manifests and results of verifications, and none of the data.
   *
   * @param grantee who may end recovery points
   * @param source name of the source
   * @param component the component
   */
  grantExpire(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant;

  /**
   * Lets a role archive the write-ahead log of one source, and nothing else: it cannot list, delete, or change how long
   * something is kept. Where the vault is encrypted with a key of KMS it cannot read the log back either.
   *
   * @param grantee who may archive
   * @param source name of the source
   */
  grantArchive(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role find out what the archive of the write-ahead log of one source holds, and what its base backups need of it.
   *
   * @param grantee what audits
   * @param source name of the source
   */
  grantAudit(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role find out what the newest recovery points of one component of one source hold: names, sizes, digests, and none of
   * the content. A backup of what changed needs it, besides `grantWrite`.
   *
   * @param grantee who backs up
   * @param source name of the source
   * @param component the component
   */
  grantBuildOn(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant;

  /**
   * Lets a role fill one mirror of one source, and read the inventories of its mirrors. It cannot read back what was mirrored.
   *
   * @param grantee who may mirror
   * @param source name of the source
   * @param mirror name of the mirror
   */
  grantMirror(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant;

  /**
   * Lets a role fill one mirror of one source between its runs, and write down what it filled in. It reads nothing of the vault.
   *
   * @param grantee what mirrors between the runs
   * @param source name of the source
   * @param mirror name of the mirror
   */
  grantMirrorEvents(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant;

  /**
   * Lets a role read what was written down of a mirror between its runs. Whoever fills the mirror needs it, besides `grantMirror`.
   *
   * @param grantee who mirrors
   * @param source name of the source
   * @param mirror name of the mirror
   */
  grantReadMirrorJournal(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant;

  /**
   * Lets a role read the inventories of the mirrors of one source: keys, sizes and digests, and none of the objects. Whoever looks
   * whether a set holds what rows refer to needs it.
   *
   * @param grantee who may read
   * @param source name of the source
   */
  grantReadInventories(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role read what the mirrors of one source hold, in every version. Whoever verifies mirrors needs it, besides `grantVerify`.
   *
   * @param grantee who may read
   * @param source name of the source
   */
  grantReadMirrors(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role mark versions of mirrored objects that no inventory names any more, besides `grantExpire`. It reads the inventories,
   * which tell keys, sizes and digests, and none of the objects.
   *
   * @param grantee who may end recovery points of mirrors
   * @param source name of the source
   */
  grantExpireMirrored(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role mark sets of one source as over, which hold their members as long as they stay.
   *
   * @param grantee who may end sets
   * @param source name of the source
   */
  grantExpireSets(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role read every recovery point of one source. Whoever restores sees all data of the source: grant it to few.
   *
   * @param grantee who may restore
   * @param source name of the source
   */
  grantRestore(grantee: iam.IGrantable, source: string): iam.Grant;

  /**
   * Lets a role read everything in the vault, of every source: to recover when nothing else is left. Such a role sees all data.
   *
   * @param grantee who may recover
   */
  grantRecover(grantee: iam.IGrantable): iam.Grant;

  /**
   * Lets a role read every recovery point of one component of a source, what a restore of it needs besides, and write records of
   * its drills. Such a role sees all data of the component.
   *
   * @param grantee what makes drills
   * @param source name of the source
   * @param component what is restored; the dump unless it is said
   */
  grantDrill(grantee: iam.IGrantable, source: string, component?: BackupComponent): iam.Grant;
}

/**
 * An existing bucket to use as a vault.
 */
export interface BackupVaultAttributes {
  /** Name of the bucket. */
  readonly bucketName: string;

  /**
   * The key that the bucket encrypts with by default. Its key policy must leave access to the account's IAM policies.
   *
   * @default - the bucket does not encrypt with a key of KMS
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Whether the store keeps a checksum (CRC-32) of each whole object, as Amazon S3 does for those that this library writes.
   *
   * @default - not known, so that the newest recovery point is read whole daily
   */
  readonly checksums?: boolean;

  /**
   * Folder inside the bucket below which everything is stored, such as `postgres` or `team/postgres`.
   *
   * @default - the root of the bucket
   */
  readonly prefix?: string;
}

/**
 * How a vault is made. Everything has a default that keeps data.
 */
export interface BackupVaultProps {
  /**
   * Name of the bucket.
   *
   * @default - a name made by CloudFormation
   */
  readonly bucketName?: string;

  /**
   * The key that encrypts what is stored. Whoever loses it loses the backups.
   *
   * @default - a new key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Whether and how long stored objects are locked against deletion.
   *
   * @default VaultLock.none()
   */
  readonly lock?: VaultLock;

  /**
   * When stored objects move to cheaper storage.
   *
   * @default StorageTiers.byAge()
   */
  readonly storageTiers?: StorageTiers;

  /**
   * Bucket for the record of every access to the vault. If it is made by CDK, its access control lists must be off.
   *
   * @default - a new bucket, which keeps the records for a year
   */
  readonly serverAccessLogsBucket?: s3.IBucket;

  /**
   * What becomes of the bucket and its key when they are removed from the stack. A bucket that holds anything is never
   * deleted: with `DESTROY` the removal then fails.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
