import { Annotations, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeCompliance } from './acknowledge';
import { AlarmFactory, RUNBOOKS_URL } from './alarm-factory';
import { BackupVault } from './backup-vault';
import { ObjectReplicaProps } from './object-replica-props';
import { privateBucketProps } from './private-bucket';
import { allowReadOwn, folderPrefix } from './read-bucket';
import { createReplicaLists } from './replica-lists';
import { createBatchRole, createReplicationRole } from './replica-roles';
import { VaultLock } from './vault-lock';

/**
 * A copy of a bucket by S3's own replication, for what no task can list and copy in its time. By itself it is **no recovery
 * point**: it has no point in time but the versions' own. With `listed`, S3 lists it daily, and a mirror of
 * `ObjectSource.replica` makes recovery points of the lists. What is deleted at the source stays in the copy.
 *
 * Replication cannot change keys, so the copy is a bucket of its own.
 */
export class ObjectReplica extends Construct {
  /** The copy. */
  public readonly bucket: s3.Bucket;
  /**
   * Where S3 puts its lists of the copy; with `listed`.
   *
   * @default - it is not listed
   */
  public readonly lists?: s3.Bucket;
  /**
   * The folder that is copied.
   *
   * @default - the whole bucket
   */
  public readonly folder?: string;
  /**
   * How long a version is kept after it was replaced or deleted.
   *
   * @default - for ever
   */
  public readonly keepReplacedFor?: Duration;
  /** As whom S3 copies. */
  public readonly role: iam.Role;
  /** As whom S3 copies what was there before. */
  public readonly batchRole: iam.Role;
  /** S3 could not copy something. */
  public readonly replicationFailed: cloudwatch.Alarm;
  /** The copy is too far behind. */
  public readonly replicationBehind: cloudwatch.Alarm;
  /** Copies what was there before; run it once, after the deployment. */
  public readonly batchReplicationCommand: string;
  /** For `aws s3api put-bucket-replication`, where the source is an existing bucket: its rules are its owner's to set. */
  public readonly replicationConfiguration: string;

  constructor(scope: Construct, id: string, props: ObjectReplicaProps) {
    super(scope, id);
    const { vault, source } = props;
    const { encryptionKey } = vault;
    if (!encryptionKey) {
      throw new Error(`${this.node.path}: the vault ${vault.vaultUri} has no key of KMS to encrypt the copy with`);
    }
    this.bucket = this.createBucket(props, encryptionKey);
    this.folder = props.folder;
    this.keepReplacedFor = props.keepReplacedFor;
    this.role = createReplicationRole(this, { source, copy: this.bucket, encryptionKey, listed: props.listed });
    this.batchRole = createBatchRole(this, source);
    const configuration = this.configuration(props, encryptionKey);
    this.replicationConfiguration = Stack.of(this).toJsonString(configuration);
    this.batchReplicationCommand = this.batchCommand(source);
    this.replicate(source, configuration);
    if (props.listed) {
      const serverAccessLogsBucket = logsOf(props);
      this.lists = createReplicaLists(this, { ...props, copy: this.bucket, encryptionKey, serverAccessLogsBucket });
    }
    const alarms = this.createAlarms(props);
    this.replicationFailed = alarms.failed;
    this.replicationBehind = alarms.behind;
  }

  /**
   * Lets somebody restore from the copy: list its versions, and read them with their tags.
   *
   * @param grantee who restores
   */
  public grantRestore(grantee: iam.IGrantable): iam.Grant {
    return allowReadOwn(this.bucket, grantee, {
      objects: ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectTagging', 's3:GetObjectVersionTagging'],
      bucket: ['s3:ListBucket', 's3:ListBucketVersions'],
      prefix: folderPrefix(this.folder),
      reason: 'A replica is restored whole: its keys are not known beforehand.',
    });
  }

  /** Not as a vault is made: that deletes what has the expiry tag, and replication copies tags from the source. */
  private createBucket(props: ObjectReplicaProps, encryptionKey: kms.IKey): s3.Bucket {
    const ofVault = props.vault instanceof BackupVault ? props.vault : undefined;
    const lock = props.lock ?? ofVault?.lock ?? VaultLock.none();
    const bucket = new s3.Bucket(this, 'Copy', {
      ...privateBucketProps(encryptionKey),
      objectLockEnabled: lock.mode ? true : undefined,
      objectLockDefaultRetention: lock._objectLockRetention(),
      serverAccessLogsBucket: logsOf(props),
      serverAccessLogsPrefix: 'replica/',
      lifecycleRules: [
        { id: 'clean-up', abortIncompleteMultipartUploadAfter: Duration.days(3) },
        ...(props.keepReplacedFor
          ? [{ id: 'replaced', noncurrentVersionExpiration: props.keepReplacedFor, expiredObjectDeleteMarker: true }]
          : []),
      ],
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    acknowledgeCompliance(bucket, 'S3BucketReplicationEnabled', 'It is the copy that replication makes.');
    return bucket;
  }

  private configuration({ folder, listed }: ObjectReplicaProps, encryptionKey: kms.IKey) {
    if (folder !== undefined && (Token.isUnresolved(folder) || /^\/|\/$|^$/.test(folder))) {
      throw new Error(`folder '${folder}' of a replica is not usable: give it without a slash at either end`);
    }
    const within = { Status: 'Enabled', Time: { Minutes: PROMISED_MINUTES } };
    return {
      Role: this.role.roleArn,
      Rules: [
        {
          ID: RULE,
          Status: 'Enabled',
          Priority: 1,
          Filter: { Prefix: folder === undefined ? '' : `${folder}/` },
          // What is deleted at the source stays in the copy. A marker says to lists that it is deleted.
          DeleteMarkerReplication: { Status: listed ? 'Enabled' : 'Disabled' },
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
          Destination: {
            Bucket: this.bucket.bucketArn,
            EncryptionConfiguration: { ReplicaKmsKeyID: encryptionKey.keyArn },
            Metrics: { Status: 'Enabled', EventThreshold: { Minutes: PROMISED_MINUTES } },
            ReplicationTime: within,
          },
        },
      ],
    };
  }

  private replicate(source: s3.IBucket, configuration: ReturnType<ObjectReplica['configuration']>): void {
    const resource = source.node.defaultChild;
    if (!(resource instanceof s3.CfnBucket)) {
      Annotations.of(this).addWarningV2(
        'cdk-postgres-backup:replicationOfExisting',
        `the source ${source.bucketName} is an existing bucket: give it the attribute replicationConfiguration with ` +
          '`aws s3api put-bucket-replication`, or nothing is copied. It replaces the rules that the bucket has',
      );
      return;
    }
    if (resource.replicationConfiguration !== undefined) {
      throw new Error(
        `${source.node.path} replicates already, and a bucket has one replication configuration: add a rule to it`,
      );
    }
    if (resource.versioningConfiguration === undefined) {
      throw new Error(`${source.node.path} is not versioned, and S3 replicates versions: set versioned: true`);
    }
    resource.addPropertyOverride('ReplicationConfiguration', {
      Role: configuration.Role,
      Rules: configuration.Rules.map(({ ID, ...rule }) => ({ Id: ID, ...rule })),
    });
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-existing-config.html */
  private batchCommand(source: s3.IBucket): string {
    const { account, region } = Stack.of(this);
    const generator = {
      S3JobManifestGenerator: {
        SourceBucket: source.bucketArn,
        EnableManifestOutput: false,
        Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['NONE', 'FAILED'] },
      },
    };
    return (
      `aws s3control create-job --account-id ${account} --region ${region} --priority 1 --no-confirmation-required ` +
      `--operation '{"S3ReplicateObject":{}}' --report '{"Enabled":false}' --role-arn ${this.batchRole.roleArn} ` +
      `--manifest-generator '${Stack.of(this).toJsonString(generator)}'`
    );
  }

  private createAlarms(props: ObjectReplicaProps) {
    const { source, topic, alarmAfter = Duration.hours(1) } = props;
    const action = new cloudwatchActions.SnsAction(topic);
    const factory = new AlarmFactory(this, props.runbooksUrl ?? RUNBOOKS_URL, [action]);
    const look = `aws s3api get-bucket-replication --bucket ${source.bucketName}`;
    const metric = (metricName: string, statistic: string) =>
      new cloudwatch.Metric({
        namespace: 'AWS/S3',
        metricName,
        dimensionsMap: { SourceBucket: source.bucketName, DestinationBucket: this.bucket.bucketName, RuleId: RULE },
        statistic,
        period: Duration.minutes(15),
      });
    const shared = { look, runbook: 'mirror-behind' };
    const failed = factory.occurrence('ReplicationFailed', {
      ...shared,
      metric: metric('OperationsFailedReplication', cloudwatch.Stats.SUM),
      threshold: 0,
      what: `S3 could not copy objects of ${source.bucketName}: a right is missing, or the key.`,
    });
    const behind = factory.occurrence('ReplicationBehind', {
      ...shared,
      metric: metric('ReplicationLatency', cloudwatch.Stats.MAXIMUM),
      threshold: alarmAfter.toSeconds(),
      what: `the copy of ${source.bucketName} is more than ${alarmAfter.toHumanString()} behind.`,
    });
    return { failed, behind };
  }
}

function logsOf({ vault, serverAccessLogsBucket }: ObjectReplicaProps): s3.IBucket | undefined {
  return serverAccessLogsBucket ?? (vault instanceof BackupVault ? vault.serverAccessLogsBucket : undefined);
}

/** Of the rule, and of its metrics. */
const RULE = 'postgres-backup-replica';
/** S3 knows no other time. */
const PROMISED_MINUTES = 15;
