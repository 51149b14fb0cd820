/**
 * Restores a whole system from a set: stops what writes, restores each component in order, asks the user's checks, and starts
 * again what was stopped, also when something failed half-way. Each step that is done is written down, so that the same command
 * goes on where another was broken off.
 */
import type { DrilledCheck, Outcome } from '../../model';
import { BackupError, toBackupError } from '../errors';
import type { Reporter } from '../observe/reporter';

export interface RestoreSetRequest {
  readonly set: string;
  /** Names or ARNs of ECS services that are stopped meanwhile. */
  readonly services: readonly string[];
  readonly steps: readonly RestoreStep[];
}

/** One command of this program. */
export interface RestoreStep {
  /** Unique. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The server that it fills, where its arguments do not say what. */
  readonly into: string;
}

export interface RestoreSetContext {
  readonly services: ServiceControl;
  readonly state: RestoreStateFile;
  /** Runs a step; gives what to remember of it. Throws when it does not end well. */
  readonly perform: (step: RestoreStep) => Promise<string>;
  /** Empty when there are none. */
  readonly check: () => Promise<readonly DrilledCheck[]>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What stops and starts the writers. */
export interface ServiceControl {
  /** How many tasks it is to have. A count that a broken-off restore left is given instead of none. */
  desiredCount(service: string): Promise<number>;
  /** Ends its tasks and waits until none is left. The count is remembered at the service itself. */
  stop(service: string, count: number): Promise<void>;
  start(service: string, count: number): Promise<void>;
}

/** What was done, for the next attempt. */
export interface RestoreState {
  readonly set: string;
  readonly counts: Readonly<Record<string, number>>;
  /** Of each step what was run, and where to: the same of another place is not done. */
  readonly done: readonly string[];
}

export interface RestoreStateFile {
  read(): Promise<RestoreState | undefined>;
  write(state: RestoreState): Promise<void>;
  remove(): Promise<void>;
}

export interface RestoredStep {
  readonly name: string;
  readonly outcome: Outcome | 'done before' | 'not begun';
  readonly detail: string;
  readonly durationMs: number;
}

export interface RestoreSetReport {
  readonly set: string;
  readonly outcome: Outcome;
  readonly steps: readonly RestoredStep[];
  readonly checks: readonly DrilledCheck[];
  /** Services that could not be started again. */
  readonly notStarted: readonly string[];
}

/** Throws only before anything was stopped. */
export async function restoreSet(request: RestoreSetRequest, context: RestoreSetContext): Promise<RestoreSetReport> {
  const progress = await Progress.begin(request, context);
  const steps: RestoredStep[] = [];
  let checks: readonly DrilledCheck[] = [];
  try {
    for (const service of request.services) steps.push(await progress.stop(service));
    for (const step of request.steps) {
      const isBlocked = steps.some(({ outcome }) => outcome === 'failed');
      steps.push(isBlocked ? notBegun(step.name) : await progress.perform(step));
    }
    if (steps.every(isGood)) {
      const asked = await progress.check();
      steps.push(...asked.steps);
      checks = asked.checks;
    }
  } finally {
    // Whatever happened: a system that stands still is no better for it.
    for (const service of request.services) steps.push(await progress.start(service));
  }
  const outcome = outcomeOf(steps);
  if (outcome === 'passed') await context.state.remove();
  return { set: request.set, outcome, steps, checks, notStarted: progress.notStarted };
}

class Progress {
  readonly notStarted: string[] = [];

  private constructor(
    private state: RestoreState,
    private readonly context: RestoreSetContext,
  ) {}

  static async begin({ set }: RestoreSetRequest, context: RestoreSetContext): Promise<Progress> {
    const before = await context.state.read();
    if (before && before.set !== set) {
      throw new BackupError('restore-failed', `a restore of the set ${before.set} was broken off`, {
        hint: `Go on with it (restore set ${before.set}), or remove the file with its state.`,
      });
    }
    return new Progress(before ?? { set, counts: {}, done: [] }, context);
  }

  /** The count is written down before anything is stopped: a crash in between loses nothing. */
  stop(service: string): Promise<RestoredStep> {
    return this.step(`stop ${service}`, async () => {
      const count = this.state.counts[service] ?? (await this.context.services.desiredCount(service));
      await this.remember({ counts: { ...this.state.counts, [service]: count } });
      await this.context.services.stop(service, count);
      return `${count} → 0`;
    });
  }

  async perform(step: RestoreStep): Promise<RestoredStep> {
    if (this.state.done.includes(whatIsDone(step))) {
      this.context.reporter.begin(step.name).done('done before');
      return { name: step.name, outcome: 'done before', detail: '', durationMs: 0 };
    }
    return this.step(step.name, async () => {
      const summary = await this.context.perform(step);
      await this.remember({ done: [...this.state.done, whatIsDone(step)] });
      return summary;
    });
  }

  async check(): Promise<{ steps: RestoredStep[]; checks: readonly DrilledCheck[] }> {
    let checks: readonly DrilledCheck[] = [];
    const step = await this.step('checks', async () => {
      checks = await this.context.check();
      const failed = checks.filter(({ outcome }) => outcome !== 'passed');
      if (failed.length === 0) return `${checks.length} passed`;
      const [{ name, finding }] = failed;
      throw new BackupError(
        'comparison-failed',
        `${failed.length} of ${checks.length} did not pass; ${name}: ${finding}`,
      );
    });
    return { steps: [step], checks };
  }

  /** Not of one whose count is not known: it was never stopped. */
  async start(service: string): Promise<RestoredStep> {
    const count = this.state.counts[service];
    if (count === undefined) return notBegun(`start ${service}`);
    const step = await this.step(`start ${service}`, async () => {
      await this.context.services.start(service, count);
      return `0 → ${count}`;
    });
    if (!isGood(step)) this.notStarted.push(service);
    return step;
  }

  private async step(name: string, work: () => Promise<string>): Promise<RestoredStep> {
    const { reporter, now } = this.context;
    const begun = now().getTime();
    const told = reporter.begin(name);
    try {
      const detail = await work();
      told.done(detail);
      return { name, outcome: 'passed', detail, durationMs: now().getTime() - begun };
    } catch (thrown) {
      const { message, detail } = toBackupError(thrown);
      const reason = [message, detail].filter(Boolean).join(': ');
      told.failed(reason);
      return { name, outcome: 'failed', detail: reason, durationMs: now().getTime() - begun };
    }
  }

  private async remember(change: Partial<RestoreState>): Promise<void> {
    this.state = { ...this.state, ...change };
    await this.context.state.write(this.state);
  }
}

function whatIsDone({ name, argv, into }: RestoreStep): string {
  return [`${name}:`, ...argv, ...(into === '' ? [] : [`(${into})`])].join(' ');
}

function isGood({ outcome }: RestoredStep): boolean {
  return outcome === 'passed' || outcome === 'done before';
}

function notBegun(name: string): RestoredStep {
  return { name, outcome: 'not begun', detail: '', durationMs: 0 };
}

function outcomeOf(steps: readonly RestoredStep[]): Outcome {
  return steps.every(isGood) ? 'passed' : 'failed';
}
