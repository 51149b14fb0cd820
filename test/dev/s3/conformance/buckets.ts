/** Buckets and their settings. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { refusal, type Check } from '../support/suite';

export function buckets(check: Check): void {
  check('a bucket is made, found, listed and removed', async ({ s3, bucket }) => {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    const listed = await s3.send(new ListBucketsCommand({}));
    expect(listed.Buckets?.map(({ Name }) => Name)).toContain(bucket);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: bucket }))).LocationConstraint).toBeUndefined();
    await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect((await refusal(s3.send(new HeadBucketCommand({ Bucket: bucket })))).status).toBe(404);
  });

  check('a bucket with a delete marker in it is not empty', async ({ s3, bucket }) => {
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k' }));
    const removed = s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect(await refusal(removed)).toEqual({ code: 'BucketNotEmpty', status: 409 });
  });

  check('a name that breaks the naming rules is refused', async ({ s3 }) => {
    for (const Bucket of ['Upper-case', 'ab', 'with_underscore', 'two..dots']) {
      const created = s3.send(new CreateBucketCommand({ Bucket }));
      expect(await refusal(created)).toEqual({ code: 'InvalidBucketName', status: 400 });
    }
  });

  check('versioning is off until it is set', async ({ s3, bucket }) => {
    const status = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status;
    expect(await status()).toBeUndefined();
    for (const Status of ['Enabled', 'Suspended'] as const) {
      await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }));
      expect(await status()).toBe(Status);
    }
  });

  check('lifecycle rules', async ({ s3, bucket }) => {
    const get = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    expect(await refusal(get())).toEqual({ code: 'NoSuchLifecycleConfiguration', status: 404 });
    const Rules = [
      {
        ID: 'expire',
        Status: 'Enabled' as const,
        Filter: { Tag: { Key: 'expire', Value: 'true' } },
        Expiration: { Days: 1 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
      },
    ];
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules } }));
    expect((await get()).Rules).toEqual(Rules);
  });

  check('bucket policy', async ({ s3, bucket }) => {
    const get = () => s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    expect(await refusal(get())).toEqual({ code: 'NoSuchBucketPolicy', status: 404 });
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
    await s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    expect(JSON.parse((await get()).Policy ?? '')).toEqual(JSON.parse(Policy));
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }));
    expect(await refusal(get())).toEqual({ code: 'NoSuchBucketPolicy', status: 404 });
  });

  check('a policy that is no JSON is refused', async ({ s3, bucket }) => {
    const put = s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: '{"Version"' }));
    expect(await refusal(put)).toEqual({ code: 'MalformedPolicy', status: 400 });
  });

  check('public access block', async ({ s3, bucket }) => {
    const PublicAccessBlockConfiguration = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: false,
    };
    await s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration }));
    const got = await s3.send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
    expect(got.PublicAccessBlockConfiguration).toEqual(PublicAccessBlockConfiguration);
  });

  check('ownership, tags and logging', async ({ s3, bucket }) => {
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] };
    await s3.send(new PutBucketOwnershipControlsCommand({ Bucket: bucket, OwnershipControls }));
    const owner = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket: bucket }));
    expect(owner.OwnershipControls).toEqual(OwnershipControls);
    const TagSet = [{ Key: 'a', Value: 'x' }];
    await s3.send(new PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet } }));
    expect((await s3.send(new GetBucketTaggingCommand({ Bucket: bucket }))).TagSet).toEqual(TagSet);
    expect((await s3.send(new GetBucketLoggingCommand({ Bucket: bucket }))).LoggingEnabled).toBeUndefined();
    await s3.send(new PutBucketLoggingCommand({ Bucket: bucket, BucketLoggingStatus: {} }));
  });

  check('default encryption is AES256 until it is set', async ({ s3, bucket }) => {
    expect(await defaultEncryption(s3, bucket)).toMatchObject({ SSEAlgorithm: 'AES256' });
  });

  check('default encryption is given to objects', async ({ s3, bucket }) => {
    const KMSMasterKeyID = 'arn:aws:kms:us-east-1:111122223333:key/abc';
    const Default = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID };
    const Rules = [{ ApplyServerSideEncryptionByDefault: Default, BucketKeyEnabled: true }];
    await s3.send(new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } }));
    expect(await defaultEncryption(s3, bucket)).toEqual(Default);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(head).toMatchObject({
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: KMSMasterKeyID,
      BucketKeyEnabled: true,
    });
  });
}

async function defaultEncryption(s3: S3Client, Bucket: string): Promise<object | undefined> {
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  return ServerSideEncryptionConfiguration?.Rules?.at(0)?.ApplyServerSideEncryptionByDefault;
}
