import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as cloudwatchActions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Destination, DestinationKind, FUNCTION_ENVIRONMENT } from '../model';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { Notify } from './notify';

/**
 * Who is told of which alarms.
 */
export interface BackupNotificationsProps extends BackupFunctionOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** Who is told. */
  readonly notify: Notify[];

  /** Topic that the alarms are published to. */
  readonly topic: sns.ITopic;

  /** The alarms, for those who are told through a topic of their own. */
  readonly alarms: cloudwatch.Alarm[];

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a message that could not be delivered is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Tells people of alarms: by e-mail, and by a function that posts to Slack, Discord, Microsoft Teams or a program. The
 * function is there only when something is to be posted, and reads the secrets of its destinations and nothing else.
 */
export class BackupNotifications extends Construct {
  /** The function that posts, if anything is to be posted. */
  public readonly function?: BackupFunction;

  private readonly otherTopics: sns.ITopic[];

  constructor(scope: Construct, id: string, props: BackupNotificationsProps) {
    super(scope, id);
    const ways = props.notify.map((one) => one._way);
    for (const way of ways) {
      if (way.by === 'email') props.topic.addSubscription(new subscriptions.EmailSubscription(way.address));
    }
    const posts = ways.filter((way) => way.by === 'function');
    if (posts.length > 0) this.function = this.createFunction(posts, props);
    this.otherTopics = ways.filter((way) => way.by === 'topic').map(({ topic }) => topic);
    refuseTooMany(this.otherTopics);
    this.addAlarms(props.alarms);
  }

  /**
   * Tells of more alarms those who are told through a topic of their own; the others hear of them through the alarms' topic.
   *
   * @param alarms the alarms
   */
  public addAlarms(alarms: cloudwatch.Alarm[]): void {
    for (const alarm of alarms) {
      for (const topic of this.otherTopics) {
        alarm.addAlarmAction(new cloudwatchActions.SnsAction(topic));
        alarm.addOkAction(new cloudwatchActions.SnsAction(topic));
      }
    }
  }

  private createFunction(posts: readonly Post[], props: BackupNotificationsProps): BackupFunction {
    const { topic, sourceName, deadLetterQueue } = props;
    const destinations = posts.map(({ kind, secret }): Destination => ({ kind, secret: secret.secretArn }));
    const created = new BackupFunction(this, 'Function', {
      code: 'notify',
      description: `Posts alarms of the backups of ${sourceName}`,
      environment: { [FUNCTION_ENVIRONMENT.destinations]: Stack.of(this).toJsonString(destinations) },
      encryptionKey: props.encryptionKey,
      deadLetterQueue,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      // All attempts to post end within a minute and a half; reading a secret is tried again, too.
      timeout: Duration.minutes(3),
    });
    for (const { secret } of posts) secret.grantRead(created);
    topic.addSubscription(new subscriptions.LambdaSubscription(created.function, { deadLetterQueue }));
    return created;
  }
}

interface Post {
  readonly kind: DestinationKind;
  readonly secret: secretsmanager.ISecret;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: five actions for each state. */
const MOST_OTHER_TOPICS = 4;

function refuseTooMany(topics: readonly sns.ITopic[]): void {
  if (topics.length > MOST_OTHER_TOPICS) {
    throw new Error(
      `notify has ${topics.length} topics, but an alarm can be published to ${MOST_OTHER_TOPICS} besides its own: ` +
        'subscribe the others to one of them',
    );
  }
}
