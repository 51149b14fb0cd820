/** What goes on beside the caller: events on their way, functions that were called and not waited for. */
export class Background {
  private readonly running = new Set<Promise<void>>();
  private readonly failures: Error[] = [];

  run(work: () => Promise<void>): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** What has no end of its own: nobody waits for it, but that it failed is told. */
  runApart(work: () => Promise<void>): void {
    void work().catch((error: unknown) => this.fail(error));
  }

  /**
   * Waits until nothing goes on any more, and what that began neither.
   *
   * @throws the first thing that the stand-in itself failed in. A function that fails is no such thing.
   */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    const [first] = this.failures.splice(0);
    if (first !== undefined) throw first;
  }

  private fail(error: unknown): void {
    this.failures.push(error instanceof Error ? error : new Error(String(error)));
  }
}
