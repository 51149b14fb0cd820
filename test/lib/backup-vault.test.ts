import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BackupComponent, BackupVault, StorageTiers, VaultLock, type BackupVaultProps } from '../../lib';
import { permissions } from './support/policies';
import { RECOMMENDED_FLAGS, templateOf, testStack } from './support/stacks';

function vaultTemplate(props: BackupVaultProps = {}, flags: Record<string, unknown> = {}): Template {
  const stack = testStack({ flags });
  new BackupVault(stack, 'Vault', props);
  return templateOf(stack);
}

const VAULT_BUCKET = { LoggingConfiguration: Match.anyValue() };

describe.each([
  ['without feature flags', {}],
  ['with the recommended feature flags', RECOMMENDED_FLAGS],
])('a vault %s', (_name, flags) => {
  const template = vaultTemplate({}, flags);

  test('is encrypted with a rotating key of its own, versioned, private, and logs every access', () => {
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      LoggingConfiguration: { LogFilePrefix: 'vault/' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  test('gives its access logs a bucket without access control lists, which S3 may write by policy', () => {
    template.hasResource('AWS::S3::Bucket', {
      Properties: { LoggingConfiguration: Match.absent(), AccessControl: Match.absent() },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 's3:PutObject', Principal: { Service: 'logging.s3.amazonaws.com' } }),
        ]),
      },
    });
  });

  test('refuses connections without TLS 1.2', () => {
    template.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      },
    });
  });

  test('keeps everything when the stack goes', () => {
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    template.allResources('AWS::KMS::Key', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

test.each([
  ['RefuseOtherAlgorithm', 's3:x-amz-server-side-encryption', 'aws:kms'],
  ['RefuseOtherKey', 's3:x-amz-server-side-encryption-aws-kms-key-id', { 'Fn::GetAtt': ['VaultKeyCB88EF1A', 'Arn'] }],
])('a vault refuses objects that ask for other encryption: %s', (Sid, condition, ours) => {
  vaultTemplate().hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        {
          Sid,
          Effect: 'Deny',
          Action: 's3:PutObject',
          Principal: { AWS: '*' },
          Resource: Match.anyValue(),
          // Only when the request says something: what says nothing gets the bucket's own key.
          Condition: { Null: { [condition]: 'false' }, StringNotEquals: { [condition]: ours } },
        },
      ]),
    },
  });
});

test('a vault refuses objects under a key that the sender keeps', () => {
  vaultTemplate().hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Effect: 'Deny',
          Action: 's3:PutObject',
          Condition: { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } },
        }),
      ]),
    },
  });
});

describe('what the vault does with age', () => {
  function rules(props: BackupVaultProps = {}): Record<string, unknown>[] {
    const buckets = vaultTemplate(props).findResources('AWS::S3::Bucket', { Properties: VAULT_BUCKET });
    const [bucket] = Object.values(buckets) as {
      Properties: { LifecycleConfiguration: { Rules: Record<string, unknown>[] } };
    }[];
    return bucket.Properties.LifecycleConfiguration.Rules;
  }

  test('ends what is marked with the tag, and nothing else', () => {
    const ending = rules().filter((rule) => 'ExpirationInDays' in rule || 'NoncurrentVersionExpiration' in rule);
    expect(ending).toEqual([
      {
        Id: 'expire-marked',
        Status: 'Enabled',
        TagFilters: [{ Key: 'postgres-backup:expire', Value: 'true' }],
        ExpirationInDays: 1,
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
    ]);
  });

  test('removes the parts of uploads that nobody finished', () => {
    expect(rules()).toContainEqual(
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 }, Status: 'Enabled' }),
    );
  });

  test('moves to cheaper storage that can be read at once', () => {
    expect(rules()).toContainEqual({
      Id: 'cheaper-with-age',
      Status: 'Enabled',
      Transitions: [
        { StorageClass: 'STANDARD_IA', TransitionInDays: 35 },
        { StorageClass: 'GLACIER_IR', TransitionInDays: 90 },
      ],
    });
  });

  test('moves nothing when told so', () => {
    expect(rules({ storageTiers: StorageTiers.none() }).some((rule) => 'Transitions' in rule)).toBe(false);
  });

  test('moves later when told so, and keeps the tiers apart', () => {
    const storageTiers = StorageTiers.byAge({ infrequentAccessAfter: Duration.days(100) });
    expect(storageTiers.archiveAfter?.toDays()).toBe(130);
  });

  test.each([
    [{ infrequentAccessAfter: Duration.days(29) }, /infrequentAccessAfter is 29 days, .* at least 30/],
    [{ infrequentAccessAfter: Duration.hours(900) }, /infrequentAccessAfter is 37 days 12 hours, .* whole days/],
    [{ archiveAfter: Duration.days(60) }, /archiveAfter is 60 days, .* at least 65/],
  ])('does not move so early that it costs more: %j', (props, message) => {
    expect(() => StorageTiers.byAge(props)).toThrow(message);
  });
});

describe('a lock', () => {
  test.each([
    ['GOVERNANCE', VaultLock.governance(Duration.days(14))],
    ['COMPLIANCE', VaultLock.compliance(Duration.days(14))],
  ])('%s holds every object for its time', (Mode, lock) => {
    vaultTemplate({ lock }).hasResourceProperties('AWS::S3::Bucket', {
      ...VAULT_BUCKET,
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 14, Mode } } },
    });
  });

  test('is not there unless asked for', () => {
    vaultTemplate().hasResourceProperties('AWS::S3::Bucket', { ...VAULT_BUCKET, ObjectLockEnabled: Match.absent() });
    vaultTemplate({ lock: VaultLock.none() }).hasResourceProperties('AWS::S3::Bucket', {
      ...VAULT_BUCKET,
      ObjectLockEnabled: Match.absent(),
    });
  });

  test.each([Duration.hours(12), Duration.hours(36), Duration.days(0), Duration.days(36_501)])(
    'of %s is refused',
    (retention) => {
      expect(() => VaultLock.governance(retention)).toThrow(/vault lock of .* is not possible: use whole days/);
      expect(() => VaultLock.compliance(retention)).toThrow(/vault lock of .* is not possible: use whole days/);
    },
  );

  test('on a vault that is to be removed is warned about', () => {
    const stack = testStack();
    new BackupVault(stack, 'Vault', {
      lock: VaultLock.governance(Duration.days(1)),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Annotations.fromStack(stack).hasWarning('/Shop/Vault', Match.stringLikeRegexp('removing the vault will fail'));
  });
});

test('a given key and log bucket are used, and none are made', () => {
  const stack = testStack();
  const encryptionKey = new kms.Key(stack, 'Key');
  const serverAccessLogsBucket = s3.Bucket.fromBucketName(stack, 'Logs', 'acme-logs');
  new BackupVault(stack, 'Vault', { encryptionKey, serverAccessLogsBucket });
  const template = templateOf(stack);
  template.resourceCountIs('AWS::KMS::Key', 1);
  template.resourceCountIs('AWS::S3::Bucket', 1);
  template.hasResourceProperties('AWS::S3::Bucket', { LoggingConfiguration: { DestinationBucketName: 'acme-logs' } });
});

describe('an existing vault', () => {
  const imported = (stack: Stack, prefix?: string) =>
    BackupVault.fromVaultAttributes(stack, 'Vault', { bucketName: 'acme-backups', prefix });

  test('makes nothing and is named by its bucket and folder', () => {
    const stack = testStack();
    expect(imported(stack, 'team/postgres').vaultUri).toBe('s3://acme-backups/team/postgres');
    expect(BackupVault.fromVaultAttributes(stack, 'Other', { bucketName: 'other' }).vaultUri).toBe('s3://other');
    templateOf(stack).resourceCountIs('AWS::S3::Bucket', 0);
  });

  test('grants below its folder', () => {
    const stack = testStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    imported(stack, 'postgres').grantWrite(role, 'orders', BackupComponent.DUMP);
    const rows = permissions(templateOf(stack)).filter(({ action }) => action !== 'sts:AssumeRole');
    expect(new Set(rows.map(({ action }) => action))).toEqual(
      new Set(['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject']),
    );
    expect(rows[0].resource).toMatch(/:s3:::acme-backups\/postgres\/orders\/dump\/\*"/);
  });

  test.each(['/postgres', 'postgres/', 'a//b', 'a*', 'a b', '${x}'])('is not taken with the prefix %j', (prefix) => {
    expect(() => imported(testStack(), prefix)).toThrow(/vault prefix '.*' is not usable/);
  });
});
