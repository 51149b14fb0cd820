/** When a backup is made: what the schedules of a plan start, with which words, how often, and by whose leave. */
import { Match, Template } from 'aws-cdk-lib/assertions';
import { BackupPlan } from '../../lib';
import { ENVIRONMENT } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

interface Schedule {
  Properties: {
    ScheduleExpression: string;
    ScheduleExpressionTimezone: string;
    Target: { Input: string; RetryPolicy: { MaximumEventAgeInSeconds: number } };
  };
}

/** Those that start backups, not those of the functions. */
function backupSchedules(template: Template): Template {
  const all = Object.entries(template.findResources('AWS::Scheduler::Schedule'));
  return Template.fromJSON({ Resources: Object.fromEntries(all.filter(([id]) => id.includes('DumpSchedules'))) });
}

function schedules(template: Template): Schedule['Properties'][] {
  const found = backupSchedules(template).findResources('AWS::Scheduler::Schedule');
  return (Object.values(found) as Schedule[]).map((one) => one.Properties);
}

function production(): Template {
  const stack = testStack();
  testBackup(stack, { plan: BackupPlan.production() });
  return templateOf(stack);
}

const template = production();

test('schedules are one for each rule, on the dot, in private subnets without a public address', () => {
  expect(schedules(template).map(({ ScheduleExpression }) => ScheduleExpression)).toEqual(
    BackupPlan.production().rules.map((rule) => rule.schedule.expressionString),
  );
  backupSchedules(template).allResourcesProperties('AWS::Scheduler::Schedule', {
    FlexibleTimeWindow: { Mode: 'OFF' },
    ScheduleExpressionTimezone: 'Etc/UTC',
    State: 'ENABLED',
    Target: {
      EcsParameters: {
        LaunchType: 'FARGATE',
        NetworkConfiguration: {
          AwsvpcConfiguration: {
            AssignPublicIp: 'DISABLED',
            Subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
            SecurityGroups: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('TaskSecurityGroup'), 'GroupId'] }],
          },
        },
      },
    },
  });
});

test('schedules tell the task its class, the time of firing, and when the next one is due', () => {
  const told = schedules(template).map(({ Target }) => {
    const input = JSON.parse(Target.Input) as {
      containerOverrides: { name: string; environment: { name: string; value: string }[] }[];
    };
    expect(input.containerOverrides.map(({ name }) => name)).toEqual(['backup']);
    return Object.fromEntries(input.containerOverrides[0].environment.map(({ name, value }) => [name, value]));
  });
  expect(told.map((one) => [one[ENVIRONMENT.class], one[ENVIRONMENT.deadline]])).toEqual([
    ['hourly', '3600'],
    ['daily', '43200'],
    ['weekly', '43200'],
    ['monthly', '43200'],
  ]);
  for (const one of told) expect(one[ENVIRONMENT.scheduledAt]).toBe('<aws.scheduler.scheduled-time>');
});

test('schedules are tried again until the next is due, and then kept for a person', () => {
  backupSchedules(template).allResourcesProperties('AWS::Scheduler::Schedule', {
    Target: { DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DeadLetters'), 'Arn'] } } },
  });
  expect(schedules(template).map(({ Target }) => Target.RetryPolicy.MaximumEventAgeInSeconds)).toEqual([
    3600, 86_400, 86_400, 86_400,
  ]);
  template.hasResourceProperties('AWS::SQS::Queue', {
    SqsManagedSseEnabled: true,
    MessageRetentionPeriod: 1_209_600,
  });
});

test('schedules start this task and nothing else, by a role that no other account can borrow', () => {
  const role = permissions(template).filter(({ holder }) => holder.includes('SchedulesRole'));
  expect(role.map(({ action }) => action).sort()).toEqual([
    'ecs:RunTask',
    'iam:PassRole',
    'sqs:SendMessage',
    'sts:AssumeRole',
  ]);
  for (const { resource } of role) expect(resource).not.toContain('*');
  template.hasResourceProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [
        Match.objectLike({
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: {
            StringEquals: {
              'aws:SourceAccount': { Ref: 'AWS::AccountId' },
              'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('SchedulesGroup'), 'Arn'] },
            },
          },
        }),
      ],
    },
  });
});

test('schedules go when the stack goes', () => {
  template.allResources('AWS::Scheduler::ScheduleGroup', { DeletionPolicy: 'Delete' });
});
