import type { Reporter, Step } from '../../../observe/reporter';
import { toBackupError } from '../../../errors';
import type { RestoreReport } from '../types';

/** The steps of a restore: told while they run, timed for the report. */
export class Phases {
  readonly completed: RestoreReport['phases'][number][] = [];

  constructor(private readonly reporter: Reporter) {}

  /** Runs one step; what `work` returns first is what is remembered of it. */
  async run<T>(
    name: string,
    work: (step: Step) => Promise<[summary: string, result: T]>,
    totalBytes?: number,
  ): Promise<T> {
    const begun = performance.now();
    const step = this.reporter.begin(name, { totalBytes });
    try {
      const [summary, result] = await work(step);
      step.done(summary);
      this.completed.push({ name, durationMs: performance.now() - begun, summary });
      return result;
    } catch (error) {
      step.failed(toBackupError(error).message);
      throw error;
    }
  }
}
