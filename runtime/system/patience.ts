/** What passes by itself is waited for, within bounds: no room for a task, an ECS or a vault that does not answer for a while. */
import { BackupError } from '../errors';
import type { Step } from '../observe/reporter';
import { RefusedForNow, type StartedTask, type StartRequest, type TaskStarter, type TaskState } from './task';

interface PatienceContext {
  readonly starter: TaskStarter;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly wait: (signal: AbortSignal) => Promise<void>;
  readonly patienceMs?: number;
  readonly begunAt?: Date;
}

/** Start late rather than never, as a schedule does; but whoever waits is told before long. */
const STARTS_FOR_MS = 3600_000;
const LOOKS_BETWEEN_STARTS = 6;

export async function startedWithPatience(
  request: StartRequest,
  step: Pick<Step, 'detail'>,
  context: PatienceContext,
): Promise<StartedTask> {
  const firstMs = context.now().getTime();
  const lateMs = (context.begunAt?.getTime() ?? firstMs) + (context.patienceMs ?? Infinity);
  const lastMs = Math.min(firstMs + STARTS_FOR_MS, lateMs);
  for (;;) {
    try {
      return await context.starter.start(request, context.signal);
    } catch (thrown) {
      if (!(thrown instanceof RefusedForNow) || context.now().getTime() > lastMs) throw thrown;
      step.detail(`${thrown.message}, tried again: ${thrown.detail ?? ''}`);
    }
    for (let look = 0; look < LOOKS_BETWEEN_STARTS; look += 1) await context.wait(context.signal);
  }
}

/** A vault that does not answer for a while: the task, which goes on, has more patience with it than a look. */
export class Outage {
  private since: Date | undefined;

  bear(error: unknown, now: Date): 'not known' {
    this.since ??= now;
    const isShort = now.getTime() - this.since.getTime() <= OUTAGE_BORNE_MS;
    if (isShort && error instanceof BackupError && error.code === 'store-unreachable') return 'not known';
    throw error;
  }

  isOver(): void {
    this.since = undefined;
  }
}

const OUTAGE_BORNE_MS = 15 * 60_000;

/** That ECS cannot say it now is no end of the task. */
export async function stateNow(task: StartedTask): Promise<TaskState> {
  try {
    return await task.state();
  } catch (thrown) {
    if (thrown instanceof RefusedForNow) return { ended: false, status: 'not known now' };
    throw thrown;
  }
}
