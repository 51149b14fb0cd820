// The role for the day when everything else is gone: what it may read, who may take it, who is told.
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AlarmTopic, BackupVault, RecoveryAccess, type RecoveryAccessProps } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testStack } from './support/stacks';

const ON_CALL = new iam.AccountPrincipal('444455556666');

function recovery(props: Partial<RecoveryAccessProps> = {}) {
  const stack = testStack();
  const vault = new BackupVault(stack, 'Vault');
  const { topic } = new AlarmTopic(stack, 'Alarms');
  new RecoveryAccess(stack, 'Recovery', { vault, topic, assumedBy: ON_CALL, ...props });
  return templateOf(stack);
}

test('it reads everything in the vault and changes nothing', () => {
  const rows = permissions(recovery()).filter(({ holder }) => holder.startsWith('RecoveryRole'));
  const actions = rows.map(({ action }) => action).filter((action) => action !== 'sts:AssumeRole');
  expect(actions.sort()).toEqual(['kms:Decrypt', 's3:GetObject', 's3:GetObjectVersion', 's3:ListBucket']);
  expect(rows.find(({ action }) => action === 's3:GetObject')?.resource).toMatch(/"\/\*"/);
});

test('it is taken by those who are named, with a second factor unless told otherwise', () => {
  const trust = (condition: object) => ({
    AssumeRolePolicyDocument: {
      Statement: [Match.objectLike({ Action: 'sts:AssumeRole', Effect: 'Allow', ...condition })],
    },
  });
  recovery().hasResourceProperties(
    'AWS::IAM::Role',
    trust({ Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
  );
  recovery({ secondFactor: false }).hasResourceProperties('AWS::IAM::Role', trust({ Condition: Match.absent() }));
});

test.each([Duration.minutes(59), Duration.hours(13)])('a session of %p is refused', (maxSessionDuration) => {
  expect(() => recovery({ maxSessionDuration })).toThrow(/but IAM takes 1 to 12 hours/);
});

test('the topic of the alarms is told each time it is taken, and EventBridge may use its key', () => {
  const template = recovery();
  const [role] = Object.keys(template.findResources('AWS::IAM::Role')).filter((id) => id.startsWith('RecoveryRole'));
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: {
      source: ['aws.sts'],
      detail: { requestParameters: { roleArn: [{ 'Fn::GetAtt': [role, 'Arn'] }] } },
    },
    Targets: [Match.objectLike({ InputTransformer: Match.anyValue() })],
  });
  const published = permissions(template).filter(({ action }) => action === 'sns:Publish');
  expect(published.some(({ holder }) => holder.startsWith('AlarmsTopicPolicy'))).toBe(true);
  template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Principal: { Service: 'events.amazonaws.com' },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        }),
      ]),
    },
  });
});
