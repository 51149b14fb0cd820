/** SNS: topics, and what reaches whoever subscribed. E-mails come into an outbox. */
import { randomUUID } from 'node:crypto';
import type { Iam } from '../iam/iam';
import { service, type PolicyDocument, type Principal } from '../iam/policy';
import type { Functions } from './functions';
import type { Keys } from './keys';
import type { Queues } from './queues';
import { ServiceError } from './service-error';

export interface Subscription {
  readonly protocol: string;
  readonly endpoint: string;
}

export interface Topic {
  readonly arn: string;
  readonly name: string;
  readonly keyArn?: string;
  policy?: PolicyDocument;
  readonly subscriptions: Subscription[];
}

export interface Publication {
  readonly subject?: string;
  readonly message: string;
}

/** An e-mail that SNS would have sent. */
export interface Email extends Publication {
  readonly to: string;
  readonly topic: string;
  readonly at: Date;
}

interface Services {
  readonly iam: Iam;
  readonly keys: Keys;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly now: () => Date;
  /** `sns.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
}

const SNS = service('sns.amazonaws.com');

export class Topics {
  readonly outbox: Email[] = [];
  /** What a subscriber did not get, and why. */
  readonly undelivered: string[] = [];
  private readonly topics = new Map<string, Topic>();

  constructor(private readonly services: Services) {}

  add(topic: Omit<Topic, 'subscriptions'>): Topic {
    const added = { ...topic, subscriptions: [] };
    this.topics.set(topic.arn, added);
    return added;
  }

  get(arn: string): Topic {
    const found = this.topics.get(arn);
    if (found === undefined) throw new ServiceError('NotFound', `Topic does not exist: ${arn}`, 404);
    return found;
  }

  /** @throws ServiceError when the topic's policy or its key is in the way. */
  async publish(
    principal: Principal,
    arn: string,
    publication: Publication,
    context: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const topic = this.get(arn);
    const { iam } = this.services;
    await iam.require({ principal, action: 'sns:Publish', resource: arn, resourcePolicy: topic.policy, context });
    await this.requireKey(principal, topic);
    const messageId = randomUUID();
    for (const subscription of topic.subscriptions) {
      await this.deliver(topic, subscription, publication, messageId).catch((error: unknown) => {
        if (!(error instanceof ServiceError)) throw error;
        this.undelivered.push(`${subscription.protocol} ${subscription.endpoint}: ${error.message}`);
      });
    }
    return messageId;
  }

  private async requireKey(principal: Principal, { keyArn, arn }: Topic): Promise<void> {
    const { keys, endpoint } = this.services;
    const key = keyArn === undefined ? undefined : keys.find(keyArn);
    if (key === undefined) return;
    const context = { 'aws:sns:topicArn': arn };
    // A service of AWS uses the key itself, whoever else through SNS.
    const via = principal.kind === 'service' ? undefined : endpoint;
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
      await keys.requireUse(key, { principal, action, context, via });
    }
  }

  private async deliver(topic: Topic, to: Subscription, publication: Publication, messageId: string): Promise<void> {
    const { functions, queues, now } = this.services;
    if (to.protocol === 'email' || to.protocol === 'email-json') {
      this.outbox.push({ to: to.endpoint, topic: topic.arn, at: now(), ...publication });
    } else if (to.protocol === 'lambda') {
      await functions.accept(SNS, to.endpoint, this.eventOf(topic, publication, messageId), topic.arn);
    } else if (to.protocol === 'sqs') {
      await queues.send(SNS, to.endpoint, publication.message, {}, { sourceArn: topic.arn });
    } else {
      throw new ServiceError('InvalidParameter', `the stand-in does not deliver by ${to.protocol}`);
    }
  }

  private eventOf({ arn }: Topic, { subject, message }: Publication, messageId: string): unknown {
    const Sns = {
      Type: 'Notification',
      MessageId: messageId,
      TopicArn: arn,
      Subject: subject ?? null,
      Message: message,
      Timestamp: this.services.now().toISOString(),
      MessageAttributes: {},
    };
    return { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: `${arn}:stand-in`, Sns }] };
  }
}
