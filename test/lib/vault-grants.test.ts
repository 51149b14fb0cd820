/** What a vault gives away: each grant one prefix and what its holder needs there, and nothing besides. */
import { Match } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { BackupComponent, BackupVault } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testStack } from './support/stacks';

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
