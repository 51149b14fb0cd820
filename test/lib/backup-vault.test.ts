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

describe('a grant', () => {
  function granted(give: (vault: BackupVault, role: iam.Role) => void) {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    give(vault, new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') }));
    const template = templateOf(stack);
    const rows = permissions(template).filter(({ holder }) => holder.startsWith('Role'));
    return {
      template,
      actions: rows.map(({ action }) => action).filter((action) => action !== 'sts:AssumeRole'),
      rows,
    };
  }

  test('to write gives one prefix, and neither reading of data, listing, deleting, tagging nor lock settings', () => {
    const { actions, rows } = granted((vault, role) => vault.grantWrite(role, 'orders', BackupComponent.FILES));
    expect([...new Set(actions)].sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      's3:AbortMultipartUpload',
      's3:GetObject',
      's3:PutObject',
    ]);
    for (const { resource } of rows.filter(({ action }) => action.startsWith('s3:'))) {
      expect(resource).toMatch(/"\/orders\/files\/\*(\/(started\*|failure\*|manifest)\.json)?"/);
    }
  });

  test.each(['DUMP', 'FILES', 'CONFIGURATION', 'OBJECTS', 'BASE_BACKUP'] as const)(
    'to write %s lets it read besides what is written about runs, to repeat one that failed, and none of the data',
    (component) => {
      const name: string = BackupComponent[component];
      const { rows } = granted((vault, role) => vault.grantWrite(role, 'orders', BackupComponent[component]));
      const below = (wanted: string) =>
        rows.filter(({ action }) => action === wanted).map(({ resource }) => /"(\/[^"]*)"/.exec(resource)?.[1]);
      expect(below('s3:PutObject')).toEqual([`/orders/${name}/*`]);
      expect(below('s3:GetObject')).toEqual([
        `/orders/${name}/*/started*.json`,
        `/orders/${name}/*/failure*.json`,
        `/orders/${name}/*/manifest.json`,
      ]);
      expect(rows.some(({ action }) => action === 's3:ListBucket')).toBe(false);
    },
  );

  test('to write denies the result of a verification: who makes backups does not say that they are good', () => {
    const { template } = granted((vault, role) => vault.grantWrite(role, 'orders', BackupComponent.DUMP));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Effect: 'Deny',
            Action: 's3:PutObject',
            Resource: {
              'Fn::Join': ['', [Match.anyValue(), '/orders/dump/*/verification.json']],
            },
          },
        ]),
      },
    });
  });

  test('to write denies it in the policy of the bucket to a role of elsewhere', () => {
    const stack = testStack();
    const arn = 'arn:aws:iam::111122223333:role/writer';
    const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555';
    const vault = new BackupVault(stack, 'Vault', { encryptionKey: kms.Key.fromKeyArn(stack, 'Key', keyArn) });
    vault.grantWrite(new iam.ArnPrincipal(arn), 'orders', BackupComponent.DUMP);
    templateOf(stack).hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:PutObject',
            Principal: { AWS: arn },
            Resource: { 'Fn::Join': ['', [Match.anyValue(), '/orders/dump/*/verification.json']] },
          }),
        ]),
      },
    });
  });

  test('to verify gives reading one component, and writing nothing but the result', () => {
    const { actions, rows } = granted((vault, role) => vault.grantVerify(role, 'orders', BackupComponent.DUMP));
    expect(actions.sort()).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      's3:GetObject',
      's3:GetObjectRetention',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
      's3:ListBucket',
      's3:PutObject',
    ]);
    const written = rows.filter(({ action }) => action === 's3:PutObject').map(({ resource }) => resource);
    expect(written).toEqual([expect.stringMatching(/"\/orders\/dump\/\*\/verification\.json"/)]);
  });

  test('to restore gives reading one source', () => {
    const { actions, rows, template } = granted((vault, role) => vault.grantRestore(role, 'orders'));
    expect(actions.sort()).toEqual(['kms:Decrypt', 's3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']);
    expect(rows.find(({ action }) => action === 's3:GetObject')?.resource).toMatch(/"\/orders\/\*"/);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': ['orders/*'] } } }),
        ]),
      },
    });
  });

  test('opens the key through S3 and for this bucket alone', () => {
    const { template } = granted((vault, role) => vault.grantWrite(role, 'orders', BackupComponent.DUMP));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': ['VaultKeyCB88EF1A', 'Arn'] },
            Condition: {
              StringEquals: {
                'kms:ViaService': { 'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]] },
              },
              StringLike: { 'kms:EncryptionContext:aws:s3:arn': Match.anyValue() },
            },
          },
        ]),
      },
    });
  });

  test('to a principal of another account is said in the policies of bucket and key, which do not name each other', () => {
    const stack = testStack();
    const arn = 'arn:aws:iam::111122223333:role/on-call';
    new BackupVault(stack, 'Vault').grantRestore(new iam.ArnPrincipal(arn), 'orders');
    // Refuses a cycle of resources.
    const template = templateOf(stack);
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          {
            Action: 'kms:Decrypt',
            Effect: 'Allow',
            Principal: { AWS: arn },
            Resource: '*',
            Condition: { StringEquals: { 'kms:ViaService': Match.anyValue() } },
          },
        ]),
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Principal: { AWS: arn }, Effect: 'Allow' })]) },
    });
  });

  test.each(['Orders', 'or*ers', '../x', '', 'a'.repeat(64)])('for a source named %j is refused', (name) => {
    const vault = new BackupVault(testStack(), 'Vault');
    const grantee = new iam.ArnPrincipal('arn:aws:iam::111122223333:role/x');
    expect(() => vault.grantWrite(grantee, name, BackupComponent.DUMP)).toThrow(/source name '.*' is not usable/);
    expect(() => vault.grantRestore(grantee, name)).toThrow(/is not usable/);
  });
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
