/**
 * Every example and every environment, as a user would synthesise them: with CDK's own template validation, and under the
 * rule packs that companies run. Findings of any severity that nobody has acknowledged fail.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, CfnResource, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { permissions } from '../lib/support/policies';
import { cdkJson, environmentsApp, exampleApp, EXAMPLES, ROOT, type Flags } from './support';

const PACKS = ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321', 'CloudFormation Validate'];

/** Actions by which a backup, its key or the record of it could end, or be kept for a shorter time. */
const DESTRUCTIVE = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:DeleteBucket',
  's3:DeleteObjectTagging',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
  's3:BypassGovernanceRetention',
  's3:PutLifecycleConfiguration',
  's3:PutBucketPolicy',
  's3:PutBucketVersioning',
  's3:PutBucketObjectLockConfiguration',
  's3:PutEncryptionConfiguration',
  'kms:ScheduleKeyDeletion',
  'kms:DisableKey',
  'kms:PutKeyPolicy',
  'logs:DeleteLogGroup',
  'logs:DeleteLogStream',
  'secretsmanager:DeleteSecret',
  'sqs:DeleteQueue',
  'iam:PutRolePolicy',
];

interface Report {
  readonly pluginReports: {
    readonly pluginName: string;
    readonly violations: {
      readonly ruleName: string;
      readonly severity?: string;
      readonly violatingConstructs: { readonly constructPath?: string }[];
    }[];
  }[];
}

/**
 * Synthesises with CDK's own validation and all packs; every finding as a line. A careless bucket is added to the app, so
 * that there is something to find: a pack that finds nothing in it has not looked.
 */
function findings(app: App): string[] {
  const careless = new Stack(app, 'Careless');
  new s3.Bucket(careless, 'Bucket');
  new CfnResource(careless, 'Misspelt', { type: 'AWS::SQS::Queue', properties: { QueueNam: 'x' } });
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new HIPAASecurityChecks(app),
    new NIST80053R5Checks(app),
    new PCIDSS321Checks(app),
  );
  const report = JSON.parse(readFileSync(path.join(app.synth().directory, 'validation-report.json'), 'utf8')) as Report;
  return report.pluginReports.flatMap(({ pluginName, violations }) =>
    violations
      .filter(({ severity }) => severity !== 'info')
      .flatMap(({ ruleName, violatingConstructs }) =>
        violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName} (${pluginName})`),
      ),
  );
}

// CDK writes what the planted mistake is about; the report has it too.
beforeEach(() => jest.spyOn(console, 'error').mockImplementation(() => undefined));
afterEach(() => jest.restoreAllMocks());

const OWN_APP = 'the app of this repository';
const APPS: [string, Flags, (flags: Flags) => App][] = (['no flags', 'recommended flags'] as const).flatMap((flags) => [
  ...Object.keys(EXAMPLES).map((name): (typeof APPS)[number] => [name, flags, (given) => exampleApp(name, given)]),
  [OWN_APP, flags, environmentsApp],
]);

describe.each(APPS)('%s under %s', (name, flags, make) => {
  test('synthesises without a finding that nobody has acknowledged', () => {
    const lines = findings(make(flags));
    const planted = (line: string) => line.startsWith('Careless/');
    // Who deploys the app of this repository says in cdk.json who is told; until then it warns.
    const expected = (line: string) => name === OWN_APP && line.includes('cdk-postgres-backup:nobodyIsTold');
    expect(lines.filter((line) => !planted(line) && !expected(line))).toEqual([]);
    for (const pack of PACKS) expect(lines.filter(planted).join('\n')).toContain(`(${pack})`);
  });

  test('gives nobody the right to destroy a backup', () => {
    const given = make(flags)
      .synth()
      .stacks.flatMap((stack) => permissions(stack.template as Parameters<typeof permissions>[0]));
    expect(given.length).toBeGreaterThan(10);
    const destructive = given.filter(({ action }) => DESTRUCTIVE.some((one) => allows(action, one)));
    // What every key policy of CDK begins with: the account's own administrators, by their own policies.
    const administrators = destructive.filter(
      ({ holder, action }) => action === 'kms:*' && /Key[0-9A-F]{8}$/.test(holder),
    );
    // It may set one tag and no other, by the conditions that the test of its construct holds; the vault's lifecycle deletes.
    const marking = destructive.filter(
      ({ holder, action, resource }) =>
        action === 's3:PutObjectVersionTagging' &&
        (holder.includes('RetentionFunctionRole') ||
          // Of reports, which are no backups.
          (holder.includes('ReportsFunctionRole') && /\/reports\/\*"/.test(resource))),
    );
    expect(destructive.filter((one) => !administrators.includes(one) && !marking.includes(one))).toEqual([]);
  });
});

/** Whether an action of a policy, which may hold `*` and `?`, covers another. */
function allows(pattern: string, action: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'i').test(action);
}

test.each([...Object.keys(EXAMPLES).map((name) => path.join('examples', name)), '.'])(
  '%s has every recommended flag in its cdk.json, and builds its assets',
  (folder) => {
    const { app, build, context } = cdkJson(folder);
    expect(context).toMatchObject(recommendedFlags);
    expect(app).toMatch(/^npx tsx (bin\/)?app\.ts$/);
    expect(build).toContain('build:assets');
  },
);

test.each(Object.keys(EXAMPLES))('the example %s is short enough to be read at once', (name) => {
  const lines = readFileSync(path.join(ROOT, 'examples', name, 'app.ts'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines.length).toBeLessThanOrEqual(60);
});
