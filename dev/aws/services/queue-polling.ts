/**
 * Lambda's mapping of a queue to a function: takes messages in batches, gives back those that failed, and lets the queue give up
 * those that failed too often. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
import { randomUUID } from 'node:crypto';
import type { Background } from '../background';
import type { Clock } from '../clock';
import type { Iam } from '../iam/iam';
import type { FunctionAnswer } from '../compute/function-process';
import type { Functions, LambdaFunction } from './functions';
import type { Queue, QueueMessage, Queues } from './queues';

export interface QueueMapping {
  readonly queue: Queue;
  readonly function: LambdaFunction;
  readonly batchSize: number;
  readonly windowMs: number;
  /** Only the messages that the function names come again. Otherwise all of them do when it fails. */
  readonly reportsFailures: boolean;
}

interface Services {
  readonly iam: Iam;
  readonly functions: Functions;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly background: Background;
}

const ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

export class QueuePolling {
  /** Queues that are looked at soon, and when. */
  private readonly due = new Map<QueueMapping, number>();

  constructor(private readonly services: Services) {}

  add(mapping: QueueMapping): void {
    mapping.queue.onMessage = () => this.lookIn(mapping, mapping.windowMs);
  }

  private lookIn(mapping: QueueMapping, delayMs: number): void {
    const { clock, background } = this.services;
    const atMs = clock.now().getTime() + delayMs;
    const known = this.due.get(mapping);
    if (known !== undefined && known <= atMs) return;
    this.due.set(mapping, atMs);
    clock.at(new Date(atMs), async () => {
      if (this.due.get(mapping) !== atMs) return;
      this.due.delete(mapping);
      background.run(() => this.takeAll(mapping));
      await background.settled();
    });
  }

  private async takeAll(mapping: QueueMapping): Promise<void> {
    const { queue, batchSize } = mapping;
    for (;;) {
      await this.giveUpOld(queue);
      const nowMs = this.services.clock.now().getTime();
      const batch = queue.messages.filter(({ hiddenUntilMs = 0 }) => hiddenUntilMs <= nowMs).slice(0, batchSize);
      if (batch.length === 0) break;
      await this.hand(mapping, batch);
    }
    const nowMs = this.services.clock.now().getTime();
    const next = Math.min(...queue.messages.map(({ hiddenUntilMs = nowMs }) => hiddenUntilMs));
    if (Number.isFinite(next)) this.lookIn(mapping, Math.max(0, next - nowMs));
  }

  private async hand(mapping: QueueMapping, batch: readonly QueueMessage[]): Promise<void> {
    const { queue, function: called, reportsFailures } = mapping;
    const { iam, functions, clock } = this.services;
    const principal = { kind: 'role', role: called.role } as const;
    for (const action of ACTIONS) await iam.require({ principal, action, resource: queue.arn });
    const ids = new Map(batch.map((message) => [randomUUID() as string, message]));
    for (const message of batch) {
      message.receiveCount = (message.receiveCount ?? 0) + 1;
      message.hiddenUntilMs = clock.now().getTime() + queue.visibilityTimeoutMs;
    }
    const Records = [...ids].map(([messageId, { body }]) => ({ messageId, body, eventSourceARN: queue.arn }));
    const failed = failedOf(await functions.invoke(called, { Records }), reportsFailures);
    for (const [id, message] of ids) {
      if (failed !== 'all' && !failed.includes(id)) queue.messages.splice(queue.messages.indexOf(message), 1);
    }
  }

  private async giveUpOld(queue: Queue): Promise<void> {
    const { redrive, messages } = queue;
    if (redrive === undefined) return;
    const nowMs = this.services.clock.now().getTime();
    const isOver = ({ receiveCount = 0, hiddenUntilMs = 0 }: QueueMessage): boolean =>
      receiveCount >= redrive.maxReceiveCount && hiddenUntilMs <= nowMs;
    for (const message of messages.filter(isOver)) {
      messages.splice(messages.indexOf(message), 1);
      const { body, attributes, sentAt } = message;
      this.services.queues.get(redrive.deadLetterQueue).messages.push({ body, attributes, sentAt });
    }
  }
}

function failedOf(answer: FunctionAnswer, reportsFailures: boolean): 'all' | readonly string[] {
  if ('error' in answer) return 'all';
  if (!reportsFailures) return [];
  const { batchItemFailures = [] } = (answer.result ?? {}) as {
    batchItemFailures?: readonly { readonly itemIdentifier: string }[];
  };
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}
