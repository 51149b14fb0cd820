import { Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { MirrorSetting } from '../model';
import { BackupFunction } from './backup-function';
import { BackupPlan } from './backup-plan';
import { BackupTask } from './backup-task';
import { ObjectReplica } from './object-replica';
import { allowRead, allowReadOwn, folderPrefix } from './read-bucket';
import { listsUri } from './replica-lists';
import { letTellEvents } from './source-events';

/**
 * Which part of a bucket is mirrored.
 */
export interface ObjectSourceOptions {
  /**
   * Folder of the bucket, without a slash at its end. Keys in the mirror begin after it.
   *
   * @default - the whole bucket
   */
  readonly folder?: string;
}

/**
 * A bucket of a store that speaks S3 and is not AWS: MinIO, Ceph, a hosted one.
 */
export interface EndpointObjectSourceProps extends ObjectSourceOptions {
  /** Where the store answers: `https://minio.internal:9000`. */
  readonly url: string;

  /** Name of the bucket. */
  readonly bucketName: string;

  /** Secret with the fields `accessKeyId` and `secretAccessKey` of somebody who may list and read the bucket. */
  readonly secret: secretsmanager.ISecret;

  /**
   * Where the task may connect to for it, on the port of the URL.
   *
   * @default - any address
   */
  readonly peer?: ec2.IPeer;
}

/**
 * What a mirror is told of a source.
 *
 * @internal
 */
export interface BoundObjectSource {
  readonly from: string;
  readonly endpoint?: string;
  readonly secret?: string;
  readonly listings?: string;
}

/**
 * Where the events of a source come from.
 *
 * @internal
 */
export interface BoundEvents {
  readonly bucketName: string;
  /** Keys begin with one of these; none: all. */
  readonly keyPrefixes: string[];
}

/**
 * Objects that are mirrored.
 */
export abstract class ObjectSource {
  /**
   * A bucket of S3. It should keep versions of its own too; a mirror does not need them. If it is encrypted with a key of
   * another account, that key's policy must let the task use it.
   *
   * @param bucket the bucket
   * @param options which part of it
   */
  public static bucket(bucket: s3.IBucket, options: ObjectSourceOptions = {}): ObjectSource {
    return new BucketSource(bucket, checkedPrefix(options.folder));
  }

  /**
   * A bucket of another store. Every byte of it passes through the task.
   *
   * @param props where it is, and as whom it is read
   */
  public static endpoint(props: EndpointObjectSourceProps): ObjectSource {
    return new EndpointSource(props, checkedPrefix(props.folder));
  }

  /**
   * A copy that S3 keeps by its own replication, for what no run can list or copy. Nothing is copied: the newest list of it by S3
   * Inventory becomes the recovery point, which is as old as that list. It has no digests: see docs/objects.md.
   *
   * @param replica the copy, with `listed: true`
   */
  public static replica(replica: ObjectReplica): ObjectSource {
    return new ReplicaSource(replica);
  }

  /**
   * Lets the task read it.
   *
   * @internal
   */
  public abstract _bind(task: BackupTask): BoundObjectSource;

  /**
   * Lets a function read what events tell of, and says where they come from; nothing where there are none.
   *
   * @internal
   */
  public abstract _bindEvents(reader: BackupFunction, mirror: MirrorSetting): BoundEvents | undefined;

  /**
   * Why recovery points of such a plan cannot be made of it; nothing where they can.
   *
   * @internal
   */
  public _problem(_plan: BackupPlan): string | undefined {
    return undefined;
  }

  /**
   * Lets somebody who verifies or drills read what is not in the vault.
   *
   * @internal
   */
  public _letRead(_reader: iam.IGrantable): void {
    // Nothing, for those that are copied into the vault.
  }
}

class BucketSource extends ObjectSource {
  constructor(
    private readonly bucket: s3.IBucket,
    private readonly prefix: string,
  ) {
    super();
  }

  public _bind(task: BackupTask): BoundObjectSource {
    // GetObject reads and lets S3 copy; GetObjectTagging because tags are kept in the inventory.
    this.grantRead(task, ['s3:GetObject', 's3:GetObjectTagging']);
    return { from: uri(this.bucket.bucketName, this.prefix) };
  }

  public _bindEvents(reader: BackupFunction, { name, include }: MirrorSetting): BoundEvents {
    const { bucket, prefix } = this;
    // An event names the version, of a bucket that keeps versions.
    const actions = ['s3:GetObject', 's3:GetObjectTagging'];
    this.grantRead(reader, [...actions, 's3:GetObjectVersion', 's3:GetObjectVersionTagging']);
    letTellEvents(reader, bucket, name);
    const keyPrefixes = (include ?? ['']).map((one) => `${prefix}${one}`).filter((one) => one !== '');
    return { bucketName: bucket.bucketName, keyPrefixes };
  }

  private grantRead(grantee: BackupTask | BackupFunction, objects: string[]): void {
    const { bucket, prefix } = this;
    const reason = 'The source of a mirror is read whole: its keys are not known beforehand.';
    bucket.encryptionKey?.grantDecrypt(grantee);
    allowRead(bucket, grantee, { objects, bucket: ['s3:ListBucket'], prefix, reason });
  }
}

class ReplicaSource extends ObjectSource {
  constructor(private readonly replica: ObjectReplica) {
    super();
  }

  /** Of the copy itself the task reads nothing. */
  public _bind(task: BackupTask): BoundObjectSource {
    const { bucket, lists, folder } = this.replica;
    if (!lists)
      throw new Error(
        `${this.replica.node.path} is not listed, and recovery points are made of its lists: set listed: true`,
      );
    allowReadOwn(lists, task, {
      objects: ['s3:GetObject'],
      bucket: ['s3:ListBucket'],
      prefix: '',
      reason: 'The lists of S3 Inventory have names that are not known beforehand, and nothing else is in the bucket.',
    });
    return { from: uri(bucket.bucketName, folderPrefix(folder)), listings: listsUri(lists, bucket) };
  }

  public _bindEvents(): undefined {
    return undefined;
  }

  public override _problem({ rules }: BackupPlan): string | undefined {
    const { keepReplacedFor, node } = this.replica;
    const longest = Math.max(...rules.map(({ keepFor }) => keepFor.toSeconds()));
    const needed = Duration.days(Math.ceil(longest / 86_400) + REPLACED_LONGER_DAYS);
    if (!keepReplacedFor || keepReplacedFor.toSeconds() >= needed.toSeconds()) return undefined;
    return (
      `${node.path} keeps what was replaced for ${keepReplacedFor.toHumanString()}, but recovery points name it for up to ` +
      `${needed.toHumanString()}: set keepReplacedFor to that, or leave it out`
    );
  }

  public override _letRead(reader: iam.IGrantable): void {
    this.replica.grantRestore(reader);
  }
}

class EndpointSource extends ObjectSource {
  private readonly port: number;

  constructor(
    private readonly props: EndpointObjectSourceProps,
    private readonly prefix: string,
  ) {
    super();
    this.port = portOf(props.url);
  }

  public _bind(task: BackupTask): BoundObjectSource {
    const { url, bucketName, secret, peer } = this.props;
    secret.grantRead(task);
    const { port } = this;
    // HTTPS the task may do anyway.
    if (port !== 443)
      task.connections.allowTo(peer ?? ec2.Peer.anyIpv4(), ec2.Port.tcp(port), `object store ${bucketName}`);
    return { from: uri(bucketName, this.prefix), endpoint: url, secret: secret.secretArn };
  }

  public _bindEvents(): undefined {
    return undefined;
  }
}

/** A list is up to 48 hours old; a point that is due is marked, and deleted within nine days. */
const REPLACED_LONGER_DAYS = 14;

function uri(bucketName: string, prefix: string): string {
  return `s3://${bucketName}/${prefix}`.replace(/\/$/, '');
}

function checkedPrefix(folder: string | undefined): string {
  if (folder === undefined || folder === '') return '';
  // It becomes a part of policies, where `*` and `?` would widen them.
  if (Token.isUnresolved(folder) || /[*?$]|^\/|\/$/.test(folder)) {
    throw new Error(
      `folder '${folder}' of an object source is not usable: name it as keys begin, such as 'uploads/2026', without '*', '?', '$' and without a slash at either end`,
    );
  }
  return `${folder}/`;
}

function portOf(url: string): number {
  if (Token.isUnresolved(url))
    throw new Error('the url of an object source must be known at synthesis: its port is opened');
  const match = /^https:\/\/[A-Za-z0-9.-]+(?::(\d{1,5}))?\/?$/.exec(url);
  if (!match) {
    throw new Error(`url '${url}' of an object source is not usable: give it as https://host or https://host:port`);
  }
  return Number(match[1] ?? 443);
}
