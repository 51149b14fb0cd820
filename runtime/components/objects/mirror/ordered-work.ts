/** Does work on many things at once, and hands the results on in the order in which the things came. */
export class OrderedWork<Result> {
  private readonly queue: Slot<Result>[] = [];
  private running = 0;
  private failure: { readonly error: unknown } | undefined;
  private changes = 0;
  private wake: () => void = () => undefined;

  /**
   * @param concurrency how many are worked on at once
   * @param window how many results may wait for one that takes long
   */
  constructor(
    private readonly concurrency: number,
    private readonly window: number,
    private readonly sink: (result: Result) => Promise<void> | void,
  ) {}

  /** Hands on what is there already, behind everything that came before. */
  async add(result: Result): Promise<void> {
    if (this.queue.length === 0) return this.sink(result);
    await this.enqueue({ result });
  }

  /** Returns as soon as the work has begun. */
  async start(work: () => Promise<Result>): Promise<void> {
    await this.until(() => this.running < this.concurrency);
    const slot: Slot<Result> = {};
    this.running++;
    work()
      .then(
        (result) => (slot.result = result),
        (error: unknown) => (this.failure ??= { error }),
      )
      .finally(() => {
        this.running--;
        this.changes++;
        this.wake();
      });
    await this.enqueue(slot);
  }

  /** Waits until everything is done and handed on. */
  async finish(): Promise<void> {
    await this.until(() => this.queue.length === 0);
  }

  /** Waits until nothing runs any more, whatever becomes of it. */
  async settle(): Promise<void> {
    while (this.running > 0) await this.change();
  }

  private async enqueue(slot: Slot<Result>): Promise<void> {
    this.queue.push(slot);
    await this.until(() => this.queue.length < this.window);
  }

  private async until(condition: () => boolean): Promise<void> {
    for (;;) {
      const seen = this.changes;
      await this.handOn();
      if (condition()) return;
      // What changed while results were handed on woke nobody.
      if (seen === this.changes) await this.change();
    }
  }

  private async handOn(): Promise<void> {
    if (this.failure) throw this.failure.error;
    while (this.queue.length > 0 && 'result' in this.queue[0]) {
      await this.sink(this.queue[0].result as Result);
      this.queue.shift();
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}

interface Slot<Result> {
  result?: Result;
}
