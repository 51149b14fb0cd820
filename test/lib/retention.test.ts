import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  BackupComponent,
  BackupPlan,
  BackupRule,
  BackupVault,
  Retention,
  RetentionClass,
  type RetentionProps,
} from '../../lib';
import { EXPIRY_TAG } from '../../model';
import { readRetentionSettings } from '../../runtime/retention/settings';
import { permissions } from './support/policies';
import { templateOf, testStack } from './support/stacks';

function retaining(props: Partial<RetentionProps> = {}) {
  const stack = testStack();
  const vault = props.vault ?? new BackupVault(stack, 'Vault');
  const retention = new Retention(stack, 'Retention', {
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    plan: BackupPlan.production(),
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
    ...props,
    vault,
  });
  return { stack, retention, template: templateOf(stack) };
}

/** The environment as the deployed function has it, the vault's name filled in. */
function environment(template: Template): Record<string, string> {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function')) as {
    Properties: { Environment: { Variables: Record<string, unknown> } };
  }[];
  const variables = Object.entries(found.Properties.Environment.Variables);
  return Object.fromEntries(
    variables.map(([name, value]) => [name, typeof value === 'string' ? value : 's3://acme-vault']),
  );
}

interface Statement {
  readonly Action: string | string[];
  readonly Condition?: Record<string, unknown>;
}

/** What the function's role may do, statement by statement. */
function statements(template: Template): Statement[] {
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')) as [
    string,
    { Properties: { PolicyDocument: { Statement: Statement[] } } },
  ][];
  return policies
    .filter(([id]) => id.startsWith('RetentionFunctionRole'))
    .flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);
}

describe('the policy of the deployed function', () => {
  test('is what the plan promises, in the form that the function reads', () => {
    const [{ policy, source, component }] = readRetentionSettings(environment(retaining().template)).requests;
    expect({ source, component }).toEqual({ source: 'orders', component: 'dump' });
    expect(policy).toEqual({
      classes: {
        hourly: { keepSeconds: 24 * 3600 },
        daily: { keepSeconds: 30 * 86_400 },
        weekly: { keepSeconds: 84 * 86_400 },
        monthly: { keepSeconds: 365 * 86_400 },
        'pre-deployment': { keepSeconds: 7 * 86_400 },
      },
      minimumVerified: 3,
    });
  });

  test('follows a plan of one’s own, and how many verified ones are to stay', () => {
    const plan = new BackupPlan([
      BackupRule.daily({ keepFor: Duration.days(7) }),
      new BackupRule({
        name: 'noon',
        schedule: scheduler.ScheduleExpression.cron({ hour: '12', minute: '0' }),
        retentionClass: RetentionClass.DAILY,
        keepFor: Duration.days(7),
      }),
    ]);
    const [{ policy }] = readRetentionSettings(environment(retaining({ plan, minimumVerified: 10 }).template)).requests;
    expect(policy).toEqual({
      classes: { daily: { keepSeconds: 7 * 86_400 }, 'pre-deployment': { keepSeconds: 7 * 86_400 } },
      minimumVerified: 10,
    });
  });

  test.each([0, -1, 1.5, NaN])('keeps at least one verified point: %d is refused', (minimumVerified) => {
    expect(() => retaining({ minimumVerified })).toThrow(
      `minimumVerified is ${minimumVerified}, but must be a whole number from 1`,
    );
  });

  test('cannot miss a rule: the plan is closed when it is taken', () => {
    const plan = BackupPlan.development();
    retaining({ plan });
    expect(() => plan.addRule(BackupRule.hourly())).toThrow(/in use by Shop\/Retention/);
    expect(() => retaining({ plan: new BackupPlan() })).toThrow(/has no rule/);
  });
});

describe('the role of the function', () => {
  test('may read what decides, mark, write its log, and nothing else', () => {
    const given = permissions(retaining().template)
      .filter(({ holder, action }) => holder.startsWith('RetentionFunctionRole') && action !== 'sts:AssumeRole')
      .map(({ action, resource }) => `${action} ${/"(\/orders[^"]*)"/.exec(resource)?.[1] ?? ''}`.trim());
    expect(given.sort()).toEqual([
      'kms:Decrypt',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject /orders/dump/*/manifest.json',
      's3:GetObject /orders/dump/*/verification.json',
      's3:GetObject /orders/sets/*/set.json',
      's3:GetObjectTagging /orders/dump/*',
      's3:GetObjectTagging /orders/sets/*',
      's3:GetObjectVersionTagging /orders/dump/*',
      's3:GetObjectVersionTagging /orders/sets/*',
      's3:ListBucket',
      's3:ListBucket',
      's3:ListBucketVersions',
      's3:ListBucketVersions',
      's3:PutObjectVersionTagging /orders/dump/*',
      's3:PutObjectVersionTagging /orders/sets/*',
      'sqs:SendMessage',
    ]);
  });

  test('may set the one tag to the one value, and only together with no other', () => {
    const tagging = statements(retaining().template).filter(({ Action }) =>
      [Action].flat().some((one) => /Put.*Tagging/.test(one)),
    );
    expect(tagging).toHaveLength(2);
    for (const statement of tagging) {
      expect(statement).toMatchObject({
        Action: 's3:PutObjectVersionTagging',
        Condition: {
          StringEquals: { 's3:RequestObjectTag/postgres-backup:expire': 'true' },
          'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': ['postgres-backup:expire'] },
        },
      });
    }
  });

  test('lists nothing but its component, and the sets that hold points', () => {
    const listing = statements(retaining().template).filter(({ Action }) =>
      [Action].flat().includes('s3:ListBucketVersions'),
    );
    expect(listing).toEqual([
      expect.objectContaining({ Condition: { StringLike: { 's3:prefix': ['orders/dump/*'] } } }),
      expect.objectContaining({ Condition: { StringLike: { 's3:prefix': ['orders/sets/*'] } } }),
    ]);
  });
});

test('nobody in the stack may delete an object, take a tag away or change the lifecycle', () => {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  vault.grantExpire(
    new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }),
    'orders',
    BackupComponent.DUMP,
  );
  for (const template of [templateOf(stack), retaining().template]) {
    const actions = permissions(template).map(({ action }) => action);
    expect(actions).toContain('s3:PutObjectVersionTagging');
    expect(
      actions.filter(
        (action) => /^s3:(\*|Delete|PutLifecycle|PutBucket|Bypass)|\*/.test(action) && !action.startsWith('kms:'),
      ),
    ).toEqual([]);
  }
});

test('what the function marks is what the vault deletes: one tag, in policy, lifecycle and model', () => {
  const { template } = retaining();
  const buckets = template.findResources('AWS::S3::Bucket', { Properties: { LoggingConfiguration: Match.anyValue() } });
  const [{ Properties }] = Object.values(buckets) as {
    Properties: {
      LifecycleConfiguration: { Rules: { TagFilters?: unknown; NoncurrentVersionExpiration?: unknown }[] };
    };
  }[];
  const ending = Properties.LifecycleConfiguration.Rules.filter(
    (rule) => rule.NoncurrentVersionExpiration !== undefined,
  );
  expect(ending.map(({ TagFilters }) => TagFilters)).toEqual([[{ Key: EXPIRY_TAG.key, Value: EXPIRY_TAG.value }]]);
  expect(JSON.stringify(statements(template))).toContain(
    `"s3:RequestObjectTag/${EXPIRY_TAG.key}":"${EXPIRY_TAG.value}"`,
  );
});

describe('the schedule', () => {
  test('starts the function daily', () => {
    retaining().template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 day)',
      Target: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^RetentionFunction'), 'Arn'] } },
    });
  });

  test('is another one when told so', () => {
    const schedule = scheduler.ScheduleExpression.cron({ hour: '5', minute: '0' });
    retaining({ schedule }).template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(0 5 * * ? *)',
    });
  });
});

test.each([
  ['metricSucceeded', 'RetentionSucceeded'],
  ['metricFailed', 'RetentionFailed'],
  ['metricExpired', 'RecoveryPointsExpired'],
] as const)('%s is the metric that the function writes', (method, metricName) => {
  const { stack, retention } = retaining();
  expect(stack.resolve(retention[method](BackupComponent.DUMP).toMetricConfig().metricStat)).toMatchObject({
    namespace: 'PostgresBackup',
    metricName,
    dimensions: [
      { name: 'Component', value: 'dump' },
      { name: 'Source', value: 'orders' },
    ],
  });
});
