/** Buckets of the template: their policies, their keys, and what each request on them is asked for. */
import type { AuthorizationRequest } from '../../s3';
import { bucketArn } from '../account';
import type { Iam } from '../iam/iam';
import type { PolicyDocument, Principal } from '../iam/policy';
import type { Keys } from './keys';

export interface Bucket {
  readonly name: string;
  policy?: PolicyDocument;
  /** What new objects are encrypted with. */
  readonly key?: { readonly arn: string; readonly isBucketKey: boolean };
  /** Whether what happens to its objects is told to EventBridge. */
  readonly tellsEventBridge: boolean;
}

/** What S3 asks the key of an object for, on behalf of the caller. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html */
const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  's3:PutObject': ['kms:GenerateDataKey'],
  's3:GetObject': ['kms:Decrypt'],
  's3:GetObjectVersion': ['kms:Decrypt'],
};
/** A part is encrypted with what the first request was given, and put together with the others at the end. */
const MULTIPART_KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'];

export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly iam: Iam,
    private readonly keys: Keys,
    /** `s3.eu-central-1.amazonaws.com`. */
    private readonly endpoint: string,
  ) {}

  add(bucket: Bucket): void {
    this.buckets.set(bucket.name, bucket);
  }

  find(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  /** Whether the S3 server may carry out a request. */
  async authorize(request: AuthorizationRequest): Promise<boolean> {
    const principal = this.iam.principal(request.accessKeyId);
    if (principal === undefined) return false;
    const bucket = this.buckets.get(request.bucket ?? '');
    const allowed = await this.iam.allows({
      principal,
      action: request.action,
      resource: request.bucket === undefined ? '*' : bucketArn(request.bucket, request.key),
      context: withoutTransport(request.conditions),
      resourcePolicy: bucket?.policy,
    });
    return allowed && (await this.allowsKey(principal, request, bucket));
  }

  private async allowsKey(
    principal: Principal,
    { action, key: objectKey, multipart }: AuthorizationRequest,
    bucket: Bucket | undefined,
  ): Promise<boolean> {
    const actions = multipart && action === 's3:PutObject' ? MULTIPART_KEY_ACTIONS : (KEY_ACTIONS[action] ?? []);
    // A key that is not of the template is somebody else's: its policy is not known, and so is not asked.
    const key = bucket?.key && this.keys.find(bucket.key.arn);
    if (bucket === undefined || key === undefined) return true;
    const encrypted = bucketArn(bucket.name, bucket.key?.isBucketKey ? undefined : objectKey);
    const context = { 'aws:s3:arn': encrypted };
    for (const one of actions) {
      if (!(await this.keys.allowsUse(key, { principal, action: one, context, via: this.endpoint }))) return false;
    }
    return true;
  }
}

/** The server says that it does not speak TLS, which is so; what it stands for does. */
function withoutTransport(conditions: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(conditions).filter(([name]) => name !== 'aws:SecureTransport'));
}
