import type { Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AlarmTopic, BackupNotifications, Notify } from '../../lib';
import { FUNCTION_ENVIRONMENT } from '../../model';
import { readDestinations } from '../../runtime/notify/settings';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

const SLACK_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:slack-AbCdEf';

function notifying(ways: (stack: Stack) => Notify[]) {
  const stack = testStack();
  const metric = new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Open' });
  const notifications = new BackupNotifications(stack, 'Notifications', {
    sourceName: 'orders',
    notify: ways(stack),
    topic: new AlarmTopic(stack, 'Topic').topic,
    alarms: ['One', 'Other'].map((id) => metric.createAlarm(stack, id, { threshold: 1, evaluationPeriods: 1 })),
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
  });
  return { notifications, template: templateOf(stack) };
}

const slackAndTeams = () =>
  notifying((stack) => [
    Notify.slack(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Slack', SLACK_ARN)),
    Notify.teams(new secretsmanager.Secret(stack, 'Teams')),
  ]);

/** As the deployed function reads them; a reference becomes its logical id. */
function destinations(template: Template) {
  const values = Object.values(template.findResources('AWS::Lambda::Function')).flatMap(({ Properties }) => {
    const variables = (Properties as { Environment?: { Variables: Record<string, unknown> } }).Environment?.Variables;
    return variables?.[FUNCTION_ENVIRONMENT.destinations] ?? [];
  });
  expect(values).toHaveLength(1);
  return readDestinations({ [FUNCTION_ENVIRONMENT.destinations]: joined(values[0]) });
}

function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const {
    'Fn::Join': [, parts],
  } = value as { 'Fn::Join': [string, (string | { Ref: string })[]] };
  return parts.map((part) => (typeof part === 'string' ? part : part.Ref)).join('');
}

test('e-mail needs no function: people are subscribed to the topic', () => {
  const { template, notifications } = notifying(() => [Notify.email('ops@example.com')]);
  template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@example.com' });
  expect(notifications.function).toBeUndefined();
  template.resourceCountIs('AWS::Lambda::Function', 0);
});

test.each(['ops', 'ops@example', 'a b@example.com', ''])('%j is no e-mail address', (address) => {
  expect(() => Notify.email(address)).toThrow(`e-mail address '${address}' is not one`);
});

test('the function is told its destinations, in the form that it reads', () => {
  const found = destinations(slackAndTeams().template);
  expect(found).toEqual([
    { kind: 'slack', secret: SLACK_ARN },
    { kind: 'teams', secret: expect.stringMatching(/^Teams/) as string },
  ]);
});

test('each kind is told by its name', () => {
  const found = destinations(
    notifying((stack) => {
      const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, 'Secret', SLACK_ARN);
      return [Notify.slack(secret), Notify.discord(secret), Notify.teams(secret), Notify.webhook(secret)];
    }).template,
  );
  expect(found.map(({ kind }) => kind)).toEqual(['slack', 'discord', 'teams', 'webhook']);
});

test('the function reads the secrets of its destinations, and nothing else', () => {
  const given = permissions(slackAndTeams().template).filter(({ holder }) =>
    holder.startsWith('NotificationsFunctionRole'),
  );
  const actions = given.filter(({ action }) => action !== 'sts:AssumeRole');
  expect(actions.map(({ action }) => action).sort()).toEqual([
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'secretsmanager:DescribeSecret',
    'secretsmanager:DescribeSecret',
    'secretsmanager:GetSecretValue',
    'secretsmanager:GetSecretValue',
    'sqs:SendMessage',
  ]);
  expect(actions.filter(({ resource }) => resource.includes('*'))).toEqual([]);
});

test('no address is in the template', () => {
  const { template } = slackAndTeams();
  expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:secretsmanager');
});

test('the function hears the topic; what reaches it not, or is not delivered, is kept for a person', () => {
  const { template } = slackAndTeams();
  template.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'lambda',
    Endpoint: { 'Fn::GetAtt': [Match.stringLikeRegexp('^NotificationsFunction'), 'Arn'] },
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^DeadLetters'), 'Arn'] } },
  });
  template.hasResourceProperties('AWS::Lambda::Function', { DeadLetterConfig: Match.anyValue(), Timeout: 180 });
  template.hasResourceProperties('AWS::SQS::QueuePolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: 'sqs:SendMessage', Principal: { Service: 'sns.amazonaws.com' } }),
      ]),
    },
  });
});

describe('a topic of one’s own', () => {
  const topics = (count: number) => (stack: Stack) =>
    Array.from({ length: count }, (_, index) =>
      Notify.topic(sns.Topic.fromTopicArn(stack, `Ours${index}`, `arn:aws:sns:eu-central-1:111122223333:ops${index}`)),
    );

  test('gets every alarm, and that it is over', () => {
    const expected = ['arn:aws:sns:eu-central-1:111122223333:ops0', 'arn:aws:sns:eu-central-1:111122223333:ops1'];
    const { template } = notifying(topics(2));
    template.resourceCountIs('AWS::CloudWatch::Alarm', 2);
    template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: expected, OKActions: expected });
  });

  test('is one of four at most, as CloudWatch has it', () => {
    expect(() => notifying(topics(4))).not.toThrow();
    expect(() => notifying(topics(5))).toThrow(
      'notify has 5 topics, but an alarm can be published to 4 besides its own',
    );
  });
});

test('a backup tells whom its props name, in each way', () => {
  const stack = testStack();
  const topicArn = 'arn:aws:sns:eu-central-1:111122223333:ops';
  testBackup(stack, {
    notify: [
      Notify.email('ops@example.com'),
      Notify.slack(secretsmanager.Secret.fromSecretCompleteArn(stack, 'Slack', SLACK_ARN)),
      Notify.topic(sns.Topic.fromTopicArn(stack, 'Ours', topicArn)),
    ],
  });
  const template = templateOf(stack);
  template.resourceCountIs('AWS::SNS::Subscription', 2);
  expect(destinations(template)).toEqual([{ kind: 'slack', secret: SLACK_ARN }]);
  template.allResourcesProperties('AWS::CloudWatch::Alarm', { OKActions: [Match.anyValue(), topicArn] });
});
