/** SQS: queues that messages come into: dead-letter queues, which a person reads, and those that functions are fed from. */
import type { Iam } from '../iam/iam';
import type { PolicyDocument, Principal } from '../iam/policy';
import { ServiceError } from './service-error';

export interface QueueMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAt: Date;
  /** How often a function got it. */
  receiveCount?: number;
  /** Nobody gets it until then. */
  hiddenUntilMs?: number;
}

export interface Queue {
  readonly arn: string;
  readonly name: string;
  readonly url: string;
  /** How long a message is hidden from others that somebody received. */
  readonly visibilityTimeoutMs: number;
  /** Where messages go that were received too often. */
  readonly redrive?: { readonly deadLetterQueue: string; readonly maxReceiveCount: number };
  policy?: PolicyDocument;
  /** Told of each new message. */
  onMessage?: () => void;
  /** The oldest first. */
  readonly messages: QueueMessage[];
}

/** On whose behalf a service sends: `aws:SourceArn`. */
export interface SentFor {
  readonly sourceArn?: string;
}

export class Queues {
  private readonly queues = new Map<string, Queue>();

  constructor(
    private readonly iam: Iam,
    private readonly now: () => Date,
  ) {}

  add(queue: Omit<Queue, 'messages'>): Queue {
    const added = { ...queue, messages: [] };
    this.queues.set(queue.arn, added);
    return added;
  }

  all(): Queue[] {
    return [...this.queues.values()];
  }

  /** By ARN or URL. */
  get(id: string): Queue {
    const found = this.queues.get(id) ?? this.all().find(({ url }) => url === id);
    if (found === undefined) throw new ServiceError('AWS.SimpleQueueService.NonExistentQueue', `There is no ${id}.`);
    return found;
  }

  async send(
    principal: Principal,
    id: string,
    body: string,
    attributes: Readonly<Record<string, string>>,
    { sourceArn }: SentFor = {},
  ): Promise<void> {
    const queue = this.get(id);
    await this.iam.require({
      principal,
      action: 'sqs:SendMessage',
      resource: queue.arn,
      resourcePolicy: queue.policy,
      context: sourceArn === undefined ? {} : { 'aws:SourceArn': sourceArn },
    });
    queue.messages.push({ body, attributes, sentAt: this.now() });
    queue.onMessage?.();
  }
}
