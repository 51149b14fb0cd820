/**
 * What a release may not change without somebody noticing. The snapshot holds the template of a full example, without what
 * changes with every build (hashes of assets). Logical ids of what keeps data are pinned apart: under another id,
 * CloudFormation makes a new, empty one.
 */
import { Duration } from 'aws-cdk-lib';
import { BackupImage, BackupPlan, BackupVault, Notify, PostgresBackup, PostgresSource, VaultLock } from '../../lib';
import { RECOMMENDED_FLAGS, templateOf, testInstance, testStack, testVpc } from './support/stacks';

function fullExample(flags: Record<string, unknown>) {
  const stack = testStack({ flags });
  const vpc = testVpc(stack);
  new PostgresBackup(stack, 'Backup', {
    source: PostgresSource.fromDatabaseInstance(testInstance(stack, vpc)),
    vpc,
    vault: new BackupVault(stack, 'Vault', { lock: VaultLock.governance(Duration.days(14)) }),
    plan: BackupPlan.production(),
    image: BackupImage.fromPackage(),
    notify: [Notify.email('ops@example.com')],
  });
  return templateOf(stack).toJSON() as Template;
}

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly DeletionPolicy?: string }>;
}

/** The hash of an asset is that of its contents: it moves with every build, and with it nothing here. */
function withoutHashes(template: Template): unknown {
  return JSON.parse(JSON.stringify(template).replace(/\b[0-9a-f]{64}\b/g, '<asset>'));
}

/** Of our own; the database and its stack are the user's. */
function ours(template: Template): Template {
  return {
    Resources: Object.fromEntries(Object.entries(template.Resources).filter(([id]) => /^(Backup|Vault)/.test(id))),
  };
}

test.each([
  ['no flags', {}],
  ['the recommended flags', RECOMMENDED_FLAGS],
])('the template under %s stays as it is from release to release', (_name, flags) => {
  expect(withoutHashes(ours(fullExample(flags)))).toMatchSnapshot();
});

test('the template does not depend on when and where it is made', () => {
  const now = jest.spyOn(Date, 'now');
  now.mockReturnValue(Date.UTC(2026, 2, 29, 1, 30));
  const first = JSON.stringify(fullExample({}));
  now.mockReturnValue(Date.UTC(2031, 9, 26, 23, 59));
  expect(JSON.stringify(fullExample({}))).toBe(first);
  now.mockRestore();
});

test('what keeps data keeps its logical id', () => {
  const stateful = Object.entries(ours(fullExample({})).Resources)
    .filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain')
    .map(([id, { Type }]) => [id, Type]);
  expect(stateful).toEqual([
    ['VaultKeyCB88EF1A', 'AWS::KMS::Key'],
    ['VaultAccessLogsC5E11DDC', 'AWS::S3::Bucket'],
    ['VaultBucket0925C477', 'AWS::S3::Bucket'],
    ['BackupDumpTaskLogB384F093', 'AWS::Logs::LogGroup'],
    ['BackupVerificationFunctionLog6B8877A1', 'AWS::Logs::LogGroup'],
    ['BackupRetentionFunctionLog02A44B33', 'AWS::Logs::LogGroup'],
    ['BackupFreshnessFunctionLog238D452A', 'AWS::Logs::LogGroup'],
    ['BackupReportsFunctionLogA70337A2', 'AWS::Logs::LogGroup'],
    ['BackupManagedWindowFunctionLogBDCD53A9', 'AWS::Logs::LogGroup'],
  ]);
});

test('what a backup makes for itself keeps its logical id', () => {
  const stack = testStack();
  const vpc = testVpc(stack);
  new PostgresBackup(stack, 'Backup', {
    source: PostgresSource.fromDatabaseInstance(testInstance(stack, vpc)),
    vpc,
    image: BackupImage.fromRegistry('example.com/backup:17'),
    notify: [Notify.email('ops@example.com')],
  });
  const template = templateOf(stack).toJSON() as Template;
  const retained = Object.entries(ours(template).Resources).filter(([, one]) => one.DeletionPolicy === 'Retain');
  expect(retained.map(([id]) => id)).toEqual([
    'BackupVaultKeyA286A54F',
    'BackupVaultAccessLogsB9056F27',
    'BackupVaultBucketE75C4ACD',
    'BackupDumpTaskLogB384F093',
    'BackupVerificationFunctionLog6B8877A1',
    'BackupRetentionFunctionLog02A44B33',
    'BackupFreshnessFunctionLog238D452A',
    'BackupReportsFunctionLogA70337A2',
    'BackupManagedWindowFunctionLogBDCD53A9',
  ]);
});
