import type { DrillPhase } from '../../model';
import { toBackupError } from '../errors';
import type { Reporter, Step } from '../observe/reporter';

/** The steps of a drill: told while they run, timed for the record. */
export class DrillPhases {
  readonly completed: DrillPhase[] = [];

  constructor(private readonly reporter: Reporter) {}

  /** Runs one step; what `work` returns first is what is remembered of it. */
  async run<T>(
    database: string | null,
    name: string,
    work: (step: Step) => Promise<[summary: string, result: T]>,
  ): Promise<T> {
    const begun = performance.now();
    const step = this.reporter.begin(name, database === null ? undefined : { detail: database });
    try {
      const [summary, result] = await work(step);
      step.done(summary);
      this.add(database, { name, durationMs: performance.now() - begun, summary });
      return result;
    } catch (error) {
      step.failed(toBackupError(error).message);
      throw error;
    }
  }

  /** One that was run and told elsewhere. The restore's own comparison is one of the drill's. */
  add(database: string | null, { name, durationMs, summary }: Omit<DrillPhase, 'database'>): void {
    this.completed.push({ database, name, durationMs: Math.round(durationMs), summary });
  }

  /** Times steps that are begun and told elsewhere, as phases of the whole drill. */
  timing(reporter: Reporter): Reporter {
    return {
      warn: (message) => reporter.warn(message),
      begin: (name, options) => {
        const begun = performance.now();
        const step = reporter.begin(name, options);
        const add = (summary: string): void => this.add(null, { name, durationMs: performance.now() - begun, summary });
        return {
          advance: (bytes) => step.advance(bytes),
          detail: (text) => step.detail(text),
          done: (summary = '') => {
            step.done(summary);
            add(summary);
          },
          failed: (reason) => {
            step.failed(reason);
            add(reason);
          },
        };
      },
    };
  }

  /** What a restore in earnest takes too. */
  get restoreMs(): number {
    return this.completed
      .filter(({ name }) => RESTORING.has(name))
      .reduce((sum, { durationMs }) => sum + durationMs, 0);
  }
}

const RESTORING: ReadonlySet<string> = new Set([
  'roles',
  'definitions',
  'extensions',
  'target',
  'schema',
  'data',
  'indexes, constraints',
  'base backup',
  'recovery',
  'writing to disk',
  'files',
  'objects',
  'opening',
]);
