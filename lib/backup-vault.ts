import { Annotations, Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { S3_SERVER_ACCESS_LOGS_USE_BUCKET_POLICY } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import {
  BACKUP_MANIFEST_OBJECT,
  componentPrefix,
  everyAttempt,
  componentDrillsPrefix,
  EXPIRY_TAG,
  FAILURE_NAME,
  FILES_INDEX_NAMES,
  INVENTORY_PIECES,
  journalPrefix,
  MANIFEST_NAME,
  mirrorPrefix,
  mirrorsPrefix,
  reportsPrefix,
  setsPrefix,
  sourceNameProblem,
  sourcePrefix,
  STARTED_NAME,
  VERIFICATION_NAME,
} from '../model';
import { acknowledgeCompliance } from './acknowledge';
import { BackupComponent } from './backup-component';
import { drillPlaces, requireDrilled } from './drilled-component';
import { BackupVaultAttributes, BackupVaultProps, IBackupVault } from './backup-vault-props';
import { PRIVATE_BUCKET, privateBucketProps } from './private-bucket';
import { StorageTiers } from './storage-tiers';
import {
  allowArchive,
  allowAudit,
  allowBuildOn,
  allowDrill,
  allowSeeMarks,
  allowExpire,
  allowExpireMirrored,
  allowExpireSets,
  allowMirror,
  allowMirrorEvents,
  allowRead,
  allowReadInventories,
  allowReadMirrors,
  allowRepeat,
  allowRecordSets,
  allowReport,
  allowVerify,
  allowWatch,
  allowWrite,
  VaultLocation,
} from './vault-access';
import { VaultLock } from './vault-lock';

abstract class BackupVaultBase extends Construct implements IBackupVault {
  public abstract readonly bucket: s3.IBucket;
  public abstract readonly encryptionKey?: kms.IKey;
  public abstract readonly storageTiers?: StorageTiers;
  public abstract readonly checksums?: boolean;
  /** Folder inside the bucket, with a slash at its end, or empty. */
  protected abstract readonly keyPrefix: string;

  public get vaultUri(): string {
    return `s3://${this.bucket.bucketName}${this.keyPrefix && `/${this.keyPrefix.slice(0, -1)}`}`;
  }

  public recoveryPointPattern(source: string, component: BackupComponent): events.EventPattern {
    const { bucket, prefix } = this.location(source, component);
    return {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        object: { key: events.Match.wildcard(`${prefix}*/${MANIFEST_NAME}`) },
      },
    };
  }

  public runRecordPattern(source: string): events.EventPattern {
    const { bucket, prefix } = this.location(source);
    const names = [everyAttempt(STARTED_NAME), everyAttempt(FAILURE_NAME), VERIFICATION_NAME];
    const keys = names.map((name) => `${prefix}*/${name}`);
    return {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        object: { key: keys.flatMap((key) => events.Match.wildcard(key)) },
      },
    };
  }

  public grantWrite(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant {
    const location = this.location(source, component);
    return allowWrite(location, grantee).combine(allowRepeat(location, grantee));
  }

  public grantVerify(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant {
    return allowVerify(this.location(source, component), grantee);
  }

  public grantWatch(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowWatch(this.location(source), grantee);
  }

  public grantRecordSets(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowRecordSets(this.location(source), `${this.keyPrefix}${setsPrefix(source)}`, grantee);
  }

  public grantReport(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowReport(this.location(source), `${this.keyPrefix}${reportsPrefix(source)}`, grantee);
  }

  public grantExpire(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant {
    return allowExpire(this.location(source, component), grantee);
  }

  public grantArchive(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowArchive(this.location(source, BackupComponent.WAL), grantee);
  }

  public grantAudit(grantee: iam.IGrantable, source: string): iam.Grant {
    const { prefix: wal } = this.location(source, BackupComponent.WAL);
    const { prefix: baseBackups } = this.location(source, BackupComponent.BASE_BACKUP);
    return allowAudit(this.location(source), wal, baseBackups, grantee);
  }

  public grantBuildOn(grantee: iam.IGrantable, source: string, component: BackupComponent): iam.Grant {
    return allowBuildOn(this.location(source, component), listsOf(component), grantee);
  }

  public grantMirror(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant {
    const folder = `${this.keyPrefix}${mirrorPrefix(source, mirror)}`.slice(0, -1);
    return allowMirror(this.location(source, BackupComponent.OBJECTS), folder, grantee);
  }

  public grantMirrorEvents(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant {
    return allowMirrorEvents(this.location(source), `${this.keyPrefix}${mirrorPrefix(source, mirror)}`, grantee);
  }

  public grantReadMirrorJournal(grantee: iam.IGrantable, source: string, mirror: string): iam.Grant {
    const prefix = `${this.keyPrefix}${journalPrefix(mirrorPrefix(source, mirror))}`;
    return allowRead({ ...this.location(source), prefix }, grantee);
  }

  public grantReadInventories(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowReadInventories(this.location(source, BackupComponent.OBJECTS), grantee);
  }

  public grantReadMirrors(grantee: iam.IGrantable, source: string): iam.Grant {
    const prefix = `${this.keyPrefix}${mirrorsPrefix(source)}`;
    return allowReadMirrors({ ...this.location(source), prefix }, grantee);
  }

  public grantExpireMirrored(grantee: iam.IGrantable, source: string): iam.Grant {
    const mirrors = `${this.keyPrefix}${mirrorsPrefix(source)}`;
    return allowExpireMirrored(this.location(source, BackupComponent.OBJECTS), mirrors, grantee);
  }

  public grantExpireSets(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowExpireSets(this.location(source), `${this.keyPrefix}${setsPrefix(source)}`, grantee);
  }

  public grantRestore(grantee: iam.IGrantable, source: string): iam.Grant {
    return allowRead(this.location(source), grantee);
  }

  public grantRecover(grantee: iam.IGrantable): iam.Grant {
    return allowRead({ bucket: this.bucket, encryptionKey: this.encryptionKey, prefix: this.keyPrefix }, grantee);
  }

  public grantDrill(
    grantee: iam.IGrantable,
    source: string,
    component: BackupComponent = BackupComponent.DUMP,
  ): iam.Grant {
    const drilled = requireDrilled(component);
    const [records, ...places] = [componentDrillsPrefix(source, drilled), ...drillPlaces(source, component)];
    const keys = places.map((place) => `${this.keyPrefix}${place}`);
    const granted = allowDrill(this.location(source), keys, `${this.keyPrefix}${records}`, grantee);
    if (component !== BackupComponent.BASE_BACKUP) return granted;
    return granted.combine(allowSeeMarks(this.location(source, component), grantee));
  }

  private location(source: string, component?: BackupComponent): VaultLocation {
    const problem = sourceNameProblem(source);
    // A name is a part of a key and of a policy: one that is known only at deployment could widen the policy.
    if (Token.isUnresolved(source) || problem) {
      throw new Error(`source name '${source}' is not usable: ${problem ?? 'it is not known at synthesis'}`);
    }
    const prefix = component ? componentPrefix(source, component) : sourcePrefix(source);
    return { bucket: this.bucket, encryptionKey: this.encryptionKey, prefix: `${this.keyPrefix}${prefix}` };
  }
}

/**
 * The encrypted, versioned, lockable bucket that holds backups.
 *
 * Nothing in the library may delete from it. A recovery point whose time is over is marked with an object tag, and a
 * lifecycle rule deletes what is marked. Versions that are not marked stay, so writing over a backup does not destroy it.
 */
export class BackupVault extends BackupVaultBase {
  /**
   * Uses an existing bucket. It should be versioned, refuse connections without TLS and abort unfinished uploads; what it
   * does is not changed. Retention needs a lifecycle rule on the tag `postgres-backup:expire` = `true`; verification at once
   * needs Amazon EventBridge notifications.
   *
   * @param scope the parent
   * @param id the construct's id
   * @param attributes the bucket, its key and a folder in it
   */
  public static fromVaultAttributes(scope: Construct, id: string, attributes: BackupVaultAttributes): IBackupVault {
    return new ImportedVault(scope, id, attributes);
  }

  public readonly bucket: s3.IBucket;
  public readonly encryptionKey?: kms.IKey;
  public readonly storageTiers?: StorageTiers;
  /** Whether and how long stored objects are locked against deletion. */
  public readonly lock: VaultLock;
  /** Bucket for the record of every access to the vault. */
  public readonly serverAccessLogsBucket: s3.IBucket;
  /** Amazon S3 keeps one of each object that the library writes. */
  public readonly checksums?: boolean = true;
  protected readonly keyPrefix = '';

  constructor(scope: Construct, id: string, props: BackupVaultProps = {}) {
    super(scope, id);
    // Access control lists are off on our buckets, so S3 is let in by policy, whatever the app's feature flags say.
    this.node.setContext(S3_SERVER_ACCESS_LOGS_USE_BUCKET_POLICY, true);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.lock = props.lock ?? VaultLock.none();
    const storageTiers = props.storageTiers ?? StorageTiers.byAge();
    this.storageTiers = storageTiers;
    const encryptionKey = props.encryptionKey ?? this.createKey(removalPolicy);
    this.encryptionKey = encryptionKey;
    this.serverAccessLogsBucket = props.serverAccessLogsBucket ?? this.createAccessLogsBucket(removalPolicy);
    this.bucket = this.createBucket(props.bucketName, encryptionKey, storageTiers, removalPolicy);
    this.refuseOtherEncryption(encryptionKey);
    if (this.lock.mode && removalPolicy !== RemovalPolicy.RETAIN) {
      Annotations.of(this).addWarningV2(
        'cdk-postgres-backup:lockedVaultRemoved',
        "removalPolicy is not RETAIN, but the vault's lock keeps its objects: removing the vault will fail while they are locked.",
      );
    }
  }

  private createKey(removalPolicy: RemovalPolicy): kms.Key {
    return new kms.Key(this, 'Key', {
      description: `Backups in ${this.node.path}`,
      enableKeyRotation: true,
      removalPolicy,
    });
  }

  private createAccessLogsBucket(removalPolicy: RemovalPolicy): s3.Bucket {
    const bucket = new s3.Bucket(this, 'AccessLogs', {
      ...PRIVATE_BUCKET,
      // S3 delivers access logs only into a bucket that encrypts with S3's own keys.
      encryption: s3.BucketEncryption.S3_MANAGED,
      lifecycleRules: [
        {
          id: 'year',
          expiration: Duration.days(365),
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: ABANDONED_UPLOAD_AFTER,
        },
      ],
      removalPolicy,
    });
    acknowledgeCompliance(
      bucket,
      'S3DefaultEncryptionKMS',
      'S3 delivers server access logs only into a bucket that encrypts with S3 managed keys.',
    );
    acknowledgeCompliance(bucket, 'S3BucketReplicationEnabled', 'A record of accesses, kept beside what it is about.');
    acknowledgeCompliance(bucket, 'S3BucketLoggingEnabled', 'It is where the access logs go.');
    return bucket;
  }

  private createBucket(
    bucketName: string | undefined,
    encryptionKey: kms.IKey,
    storageTiers: StorageTiers,
    removalPolicy: RemovalPolicy,
  ): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      ...privateBucketProps(encryptionKey),
      bucketName,
      objectLockEnabled: this.lock.mode ? true : undefined,
      objectLockDefaultRetention: this.lock._objectLockRetention(),
      serverAccessLogsBucket: this.serverAccessLogsBucket,
      serverAccessLogsPrefix: 'vault/',
      lifecycleRules: lifecycleRules(storageTiers),
      removalPolicy,
    });
    // As a property: CDK's own `eventBridgeEnabled` deploys a function that may change the notifications of every bucket.
    (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
    acknowledgeCompliance(
      bucket,
      'S3BucketReplicationEnabled',
      'One vault is one copy. Replication also copies what a mistake or an attacker writes; where a second copy goes is for the owner to decide.',
    );
    return bucket;
  }

  /** A backup under a key that somebody else holds is no backup: that is how buckets are taken hostage. */
  private refuseOtherEncryption(encryptionKey: kms.IKey): void {
    const refuse = (sid: string, conditions: Record<string, Record<string, string>>) =>
      this.bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: ['s3:PutObject'],
          resources: [this.bucket.arnForObjects('*')],
          conditions,
        }),
      );
    // Each only where the request says something: one that says nothing gets the bucket's own encryption.
    const algorithm = 's3:x-amz-server-side-encryption';
    refuse('RefuseOtherAlgorithm', { Null: { [algorithm]: 'false' }, StringNotEquals: { [algorithm]: 'aws:kms' } });
    const key = 's3:x-amz-server-side-encryption-aws-kms-key-id';
    refuse('RefuseOtherKey', {
      Null: { [key]: 'false' },
      StringNotEquals: { [key]: encryptionKey.keyArn },
    });
    refuse('RefuseCustomerKey', { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } });
  }
}

class ImportedVault extends BackupVaultBase {
  public readonly bucket: s3.IBucket;
  public readonly encryptionKey?: kms.IKey;
  public readonly storageTiers?: StorageTiers;
  public readonly checksums?: boolean;
  protected readonly keyPrefix: string;

  constructor(scope: Construct, id: string, attributes: BackupVaultAttributes) {
    super(scope, id);
    this.checksums = attributes.checksums;
    this.keyPrefix = checkedPrefix(attributes.prefix);
    this.encryptionKey = attributes.encryptionKey;
    this.bucket = s3.Bucket.fromBucketAttributes(this, 'Bucket', {
      bucketName: attributes.bucketName,
      encryptionKey: attributes.encryptionKey,
    });
  }
}

/** Names of the objects in a recovery point that tell what it holds. */
function listsOf(component: BackupComponent): string[] {
  if (component === BackupComponent.OBJECTS) return [INVENTORY_PIECES];
  return component === BackupComponent.BASE_BACKUP ? [BACKUP_MANIFEST_OBJECT] : Object.values(FILES_INDEX_NAMES);
}

/** Parts of an upload that nobody finished are paid for until they are removed. No run takes two days. */
const ABANDONED_UPLOAD_AFTER = Duration.days(2);

function lifecycleRules(tiers: StorageTiers): s3.LifecycleRule[] {
  const transitions = tiers._transitions();
  const rules: s3.LifecycleRule[] = [
    {
      id: 'clean-up',
      abortIncompleteMultipartUploadAfter: ABANDONED_UPLOAD_AFTER,
      expiredObjectDeleteMarker: true,
    },
    {
      // The only rule that ends anything. Seven days in which a wrong mark can be undone; a locked version stays anyway.
      id: 'expire-marked',
      tagFilters: { [EXPIRY_TAG.key]: EXPIRY_TAG.value },
      expiration: Duration.days(1),
      noncurrentVersionExpiration: Duration.days(7),
    },
  ];
  if (transitions.length > 0) rules.push({ id: 'cheaper-with-age', transitions });
  return rules;
}

function checkedPrefix(prefix: string | undefined): string {
  if (prefix === undefined || prefix === '') return '';
  // A prefix becomes a part of policies, where `*` and `?` would widen them.
  if (Token.isUnresolved(prefix) || !/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(prefix)) {
    throw new Error(
      `vault prefix '${prefix}' is not usable: use letters, digits, '.', '_', '-' and single slashes between them, such as 'team/postgres'`,
    );
  }
  return `${prefix}/`;
}
