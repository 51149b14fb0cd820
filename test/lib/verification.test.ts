import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, type Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupComponent, BackupVault, Verification, VaultLock, type VerificationProps } from '../../lib';
import { permissions } from './support/policies';
import { RECOMMENDED_FLAGS, templateOf, testStack } from './support/stacks';

function verifying(props: Partial<VerificationProps> = {}, stack = testStack()) {
  const vault = props.vault ?? new BackupVault(stack, 'Vault');
  const verification = new Verification(stack, 'Verification', {
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
    ...props,
    vault,
  });
  return { stack, vault, verification, template: templateOf(stack) };
}

interface FunctionResource {
  readonly Properties: { readonly Environment: { readonly Variables: Record<string, unknown> } };
}

function environment(template: Template): Record<string, unknown> {
  const [verifier] = Object.values(template.findResources('AWS::Lambda::Function')) as FunctionResource[];
  return verifier.Properties.Environment.Variables;
}

describe.each([
  ['without feature flags', {}],
  ['with the recommended feature flags', RECOMMENDED_FLAGS],
])('the function %s', (_name, flags) => {
  const { template } = verifying({}, testStack({ flags }));

  test('is Node 24 on ARM with a log of JSON lines and a dead-letter queue', () => {
    template.resourceCountIs('AWS::Lambda::Function', 1);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 900,
      MemorySize: 1024,
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.stringLikeRegexp('VerificationFunctionLog') } },
      DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DeadLetters'), 'Arn'] } },
    });
  });

  test('keeps its encrypted log for a year, and after the stack is gone', () => {
    template.hasResource('AWS::Logs::LogGroup', {
      Properties: {
        RetentionInDays: 365,
        KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('LogKey'), 'Arn'] },
      },
      DeletionPolicy: 'Retain',
    });
  });

  test('may read one component, write the result and its log, and nothing else', () => {
    const given = permissions(template)
      .filter(({ holder }) => holder.startsWith('VerificationFunctionRole'))
      .filter(({ action }) => action !== 'sts:AssumeRole');
    const resources = given.map(({ action, resource }) => `${action} ${describeResource(resource)}`).sort();
    expect(resources).toEqual([
      'kms:Decrypt the key',
      'kms:GenerateDataKey the key',
      'logs:CreateLogStream the log',
      'logs:PutLogEvents the log',
      's3:GetObject the bucket/orders/dump/*',
      's3:GetObjectRetention the bucket/orders/dump/*',
      's3:GetObjectTagging the bucket/orders/dump/*',
      's3:GetObjectVersion the bucket/orders/dump/*',
      's3:ListBucket the bucket',
      's3:PutObject the bucket/orders/dump/*/verification.json',
      'sqs:SendMessage the queue',
    ]);
  });

  test('is started by a role that can start it and nothing else', () => {
    const given = permissions(template)
      .filter(({ holder }) => holder.startsWith('VerificationSweepRole'))
      .map(({ action }) => action);
    expect([...new Set(given)].sort()).toEqual(['lambda:InvokeFunction', 'sqs:SendMessage', 'sts:AssumeRole']);
  });
});

/** The few resources that there are, in words. */
function describeResource(json: string): string {
  return json
    .replace(/^\{"Fn::GetAtt":\["VaultKey\w*","Arn"\]\}$/, 'the key')
    .replace(/^\{"Fn::GetAtt":\["VaultBucket\w*","Arn"\]\}$/, 'the bucket')
    .replace(/^\{"Fn::GetAtt":\["VerificationFunctionLog\w*","Arn"\]\}$/, 'the log')
    .replace(/^\{"Fn::GetAtt":\["DeadLetters\w*","Arn"\]\}$/, 'the queue')
    .replace(/^\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["VaultBucket\w*","Arn"\]\},"(.*)"\]\]\}$/, 'the bucket$1');
}

test('each new manifest of the component starts it, and what cannot be delivered is kept', () => {
  verifying().template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: Match.stringLikeRegexp('VaultBucket') }] },
        object: { key: [{ wildcard: 'orders/dump/*/manifest.json' }] },
      },
    },
    State: 'ENABLED',
    Targets: [
      {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('VerificationFunction'), 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DeadLetters'), 'Arn'] } },
      },
    ],
  });
});

test('the vault tells EventBridge of what is stored in it, without a function that may change any bucket', () => {
  const { template } = verifying();
  template.hasResourceProperties('AWS::S3::Bucket', {
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  });
  template.resourceCountIs('Custom::S3BucketNotifications', 0);
});

test('in a folder of an existing bucket the folder is part of the pattern, and its owner is told what to do', () => {
  const stack = testStack();
  const vault = BackupVault.fromVaultAttributes(stack, 'Vault', { bucketName: 'acme-backups', prefix: 'team' });
  const { template } = verifying({ vault }, stack);
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      detail: {
        bucket: { name: ['acme-backups'] },
        object: { key: [{ wildcard: 'team/orders/dump/*/manifest.json' }] },
      },
    },
  });
  Annotations.fromStack(stack).hasInfo(
    '/Shop/Verification',
    Match.stringLikeRegexp('acme-backups/team is an existing bucket: switch its Amazon EventBridge notifications on'),
  );
  expect(environment(template)).not.toHaveProperty('POSTGRES_BACKUP_ENCRYPTION_KEY');
});

test('a sweep runs daily unless told otherwise', () => {
  const target = { Target: { Input: '{"action":"sweep"}', RetryPolicy: { MaximumEventAgeInSeconds: 43_200 } } };
  verifying().template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 day)',
    State: 'ENABLED',
    ...target,
  });
  const sweepSchedule = scheduler.ScheduleExpression.rate(Duration.hours(6));
  verifying({ sweepSchedule }).template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(6 hours)',
    ...target,
  });
});

describe('the function is told', () => {
  test('where to look and what there must be', () => {
    expect(environment(verifying().template)).toEqual({
      POSTGRES_BACKUP_VAULT: { 'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^VaultBucket/) as unknown }]] },
      POSTGRES_BACKUP_SOURCE: 'orders',
      POSTGRES_BACKUP_COMPONENTS: '["dump"]',
      POSTGRES_BACKUP_MINIMUM_TABLES: '1',
      POSTGRES_BACKUP_MINIMUM_ROWS: '0',
      POSTGRES_BACKUP_ENCRYPTION_KEY: { 'Fn::GetAtt': [expect.stringMatching(/^VaultKey/), 'Arn'] },
    });
    expect(environment(verifying({ minimumTables: 12, minimumRows: 1000 }).template)).toMatchObject({
      POSTGRES_BACKUP_MINIMUM_TABLES: '12',
      POSTGRES_BACKUP_MINIMUM_ROWS: '1000',
    });
  });

  test('the lock of the vault, or a stated one', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault', { lock: VaultLock.governance(Duration.days(14)) });
    expect(environment(verifying({ vault }, stack).template)).toMatchObject({
      POSTGRES_BACKUP_LOCK_DURATION: '1209600',
    });
    const stated = verifying({ lock: VaultLock.compliance(Duration.days(1)) }).template;
    expect(environment(stated)).toMatchObject({ POSTGRES_BACKUP_LOCK_DURATION: '86400' });
  });

  test('no key that S3 would name otherwise: what an alias stands for is not known', () => {
    const stack = testStack();
    const encryptionKey = kms.Alias.fromAliasName(stack, 'Alias', 'alias/backups');
    const vault = BackupVault.fromVaultAttributes(stack, 'Vault', { bucketName: 'acme-backups', encryptionKey });
    expect(environment(verifying({ vault }, stack).template)).not.toHaveProperty('POSTGRES_BACKUP_ENCRYPTION_KEY');
  });
});

test.each([
  [{ minimumTables: -1 }, 'minimumTables is -1, but must be a whole number from 0'],
  [{ minimumRows: 1.5 }, 'minimumRows is 1.5, but must be a whole number from 0'],
])('%j is refused', (props, message) => {
  expect(() => verifying(props)).toThrow(message);
});

test('its metrics are those that the function emits', () => {
  const { verification, stack } = verifying();
  const metrics = [
    verification.metricPassed(BackupComponent.DUMP),
    verification.metricFailed(BackupComponent.DUMP),
    verification.metricUnverified(BackupComponent.DUMP),
    verification.metricAnomalies(BackupComponent.DUMP, { period: Duration.days(1) }),
  ];
  expect(metrics.map(({ metricName }) => metricName)).toEqual([
    'VerificationPassed',
    'VerificationFailed',
    'VerificationUnverified',
    'VerificationAnomalies',
  ]);
  expect(Stack.of(stack).resolve(metrics[3].dimensions)).toEqual({ Source: 'orders', Component: 'dump' });
  expect(metrics[3].period.toDays()).toBe(1);
});
