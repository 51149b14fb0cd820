import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { PreDeploymentBackup, PostgresSource, type PreDeploymentBackupProps } from '../../lib';
import { templateOf, testBackup, testInstance, testStack, testVpc } from './support/stacks';

function held(props: Partial<PreDeploymentBackupProps> = {}) {
  const stack = testStack();
  const vpc = testVpc(stack);
  const database = testInstance(stack, vpc);
  const backup = testBackup(stack, { vpc, source: PostgresSource.fromDatabaseInstance(database, { name: 'orders' }) });
  const before = new PreDeploymentBackup(stack, 'Before', { backup, ...props });
  before.before(database);
  return { stack, template: templateOf(stack) };
}

test('the database is changed only when the backup is there, and the two do not wait for each other', () => {
  // A circle would not synthesise.
  const { template } = held({ trigger: 'commit-1', acceptYoungerThan: Duration.minutes(15) });
  template.hasResource('AWS::RDS::DBInstance', {
    DependsOn: Match.arrayWith([Match.stringLikeRegexp('^Before[0-9A-F]{8}')]),
  });
  template.hasResourceProperties('Custom::PreDeploymentBackup', {
    trigger: 'commit-1',
    synthesisedAt: Match.stringLikeRegexp('^20\\d\\d-'),
    acceptYoungerThanSeconds: '900',
    timeoutSeconds: '1800',
  });
  template.hasResource('Custom::PreDeploymentBackup', {
    DependsOn: Match.arrayWith([
      Match.stringLikeRegexp('^BackupRunsParameter'),
      Match.stringLikeRegexp('^BeforeFunctionRoleDefaultPolicy'),
    ]),
  });
});

test('two syntheses give one template where their time is stated, as in a test of snapshots', () => {
  const synthesisedAt = new Date('2026-11-20T02:00:00Z');
  const { template } = held({ synthesisedAt, trigger: 'commit-1' });
  template.hasResourceProperties('Custom::PreDeploymentBackup', {
    trigger: 'commit-1',
    synthesisedAt: '2026-11-20T02:00:00.000Z',
  });
  expect(() => held({ synthesisedAt })).toThrow('synthesisedAt is stated without a trigger');
});

test('no function waits for the backup: a state machine asks every 20 seconds', () => {
  const { template } = held();
  template.resourceCountIs('AWS::StepFunctions::StateMachine', 1);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Description: 'Holds deployments until orders is backed up',
    // Of a start that is refused for now.
    Timeout: 840,
    Environment: { Variables: Match.objectLike({ POSTGRES_BACKUP_COMPONENTS: '["dump"]' }) },
  });
});

test.each([Duration.seconds(30), Duration.hours(2)])('a deployment cannot be held for %s', (timeout) => {
  expect(() => held({ timeout })).toThrow('a deployment can be held for 1 to 55 minutes');
});
