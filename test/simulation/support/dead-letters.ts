/** The dead-letter queue: what was given up waits there until a person deletes it. */
import type { Clock } from '../../../dev/aws/clock';
import type { MetricStore } from '../../../dev/aws/watch/metric-store';

/** SQS tells of a queue each minute as long as it is in use: it holds a message, or did within this time. */
const IN_USE_MS = 6 * 3_600_000;
const MINUTE_MS = 60_000;

export class DeadLetters {
  private messages = 0;
  private usedAt?: Date;

  constructor(
    private readonly queue: string,
    private readonly clock: Clock,
    private readonly metrics: MetricStore,
  ) {}

  send(): void {
    this.messages += 1;
    const isTold = this.usedAt !== undefined;
    this.usedAt = this.clock.now();
    if (!isTold) this.tell();
  }

  /** What a person does in the end. */
  purge(): void {
    this.messages = 0;
  }

  get count(): number {
    return this.messages;
  }

  private tell(): void {
    const now = this.clock.now();
    if (this.messages === 0 && now.getTime() - (this.usedAt?.getTime() ?? 0) > IN_USE_MS) {
      this.usedAt = undefined;
      return;
    }
    this.metrics.put(
      'AWS/SQS',
      'ApproximateNumberOfMessagesVisible',
      { QueueName: this.queue },
      now,
      this.messages,
      'Count',
    );
    this.clock.at(new Date(now.getTime() + MINUTE_MS), () => this.tell());
  }
}
