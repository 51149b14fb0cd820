import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { BackupFunction, type BackupFunctionProps } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testStack } from './support/stacks';

function functionTemplate(props: Partial<BackupFunctionProps> = {}) {
  const stack = testStack();
  new BackupFunction(stack, 'Function', {
    code: 'verify',
    description: 'Verifies',
    environment: { POSTGRES_BACKUP_SOURCE: 'orders' },
    encryptionKey: new kms.Key(stack, 'Key'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
    ...props,
  });
  return templateOf(stack);
}

test('the role of a function begins with its own log and the dead-letter queue, each named exactly', () => {
  const template = functionTemplate();
  const given = permissions(template).filter(({ holder }) => holder.startsWith('FunctionRole'));
  expect(given.map(({ action }) => action).sort()).toEqual([
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'sqs:SendMessage',
    'sts:AssumeRole',
  ]);
  expect(given.filter(({ resource }) => resource.includes('*'))).toEqual([]);
  template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
});

test('memory, time and log are as stated', () => {
  const template = functionTemplate({
    memory: Size.mebibytes(256),
    timeout: Duration.seconds(30),
    logRetention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  template.hasResourceProperties('AWS::Lambda::Function', { MemorySize: 256, Timeout: 30 });
  template.hasResource('AWS::Logs::LogGroup', { Properties: { RetentionInDays: 30 }, DeletionPolicy: 'Delete' });
});

test('an event is tried three times before it is kept for a person', () => {
  functionTemplate().hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 2 });
});

test.each([Duration.minutes(16), Duration.seconds(0)])('a timeout of %s is refused', (timeout) => {
  expect(() => functionTemplate({ timeout })).toThrow(/timeout is .*, but a function may take 1 second to 15 minutes/);
});

test('code that is not in the package is refused with what to do', () => {
  expect(() => functionTemplate({ code: 'no-such' })).toThrow(
    /assets\/lambda\/no-such is not there or has no index.js: .* run npm run build:assets/,
  );
});
