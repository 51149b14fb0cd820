/**
 * Every run ends: at its deadline, on SIGTERM, SIGINT or SIGHUP it is told to stop and to clean up, and where it does not
 * manage that in time the process is ended all the same. (facts behind the 25 s: a container is killed 30 s after SIGTERM.)
 */
import { BackupError } from '../errors';
import { formatDuration } from '../observe/format';

/** What is left for aborting uploads, stopping children and writing the failure record. */
export const CLEAN_UP_MS = 25_000;

export interface RunLimits {
  /** Aborted with the BackupError to end with as its reason. */
  readonly signal: AbortSignal;
  /** The run has ended; no limit applies any more. */
  release(): void;
}

export interface RunLimitOptions {
  /** Nothing: it runs until it is told to stop. */
  readonly deadlineMs?: number;
  /** Where signals come from: `process`. */
  readonly signals: SignalSource;
  /** Says at once that the run is being stopped, and why. */
  readonly stopping: (error: BackupError) => void;
  /** Clean-up did not end in time, or Ctrl-C came twice. Must end the process. */
  readonly giveUp: (error: BackupError) => void;
}

export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

export type StopSignal = (typeof STOP_SIGNALS)[number];
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export function limitRun(options: RunLimitOptions): RunLimits {
  const controller = new AbortController();
  let cleanUp: NodeJS.Timeout | undefined;

  const stop = (error: BackupError) => {
    if (controller.signal.aborted) return;
    // Neither timer keeps the process alive: a run with nothing left to wait for has ended, and guard-ending.ts says how.
    cleanUp = setTimeout(() => options.giveUp(stuck(error)), CLEAN_UP_MS).unref();
    options.stopping(error);
    controller.abort(error);
  };
  const onSignal = (signal: StopSignal) => {
    if (controller.signal.aborted && signal === 'SIGINT') return options.giveUp(interruptedTwice());
    stop(terminatedBy(signal));
  };

  const { deadlineMs } = options;
  const deadline =
    deadlineMs === undefined ? undefined : setTimeout(() => stop(deadlineExceeded(deadlineMs)), deadlineMs).unref();
  for (const signal of STOP_SIGNALS) options.signals.on(signal, onSignal);
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(deadline);
      clearTimeout(cleanUp);
      for (const signal of STOP_SIGNALS) options.signals.off(signal, onSignal);
    },
  };
}

function terminatedBy(signal: StopSignal): BackupError {
  return new BackupError('terminated', `stopped by ${signal}`, { hint: 'Nothing was finished; run it again.' });
}

function deadlineExceeded(deadlineMs: number): BackupError {
  return new BackupError('deadline-exceeded', `not finished after ${formatDuration(deadlineMs)}`, {
    hint: 'Look for what held it up (locks, network, the size), or give it longer with --deadline.',
  });
}

function stuck(reason: BackupError): BackupError {
  return new BackupError(reason.code, `${reason.message}, and clean-up did not end within ${CLEAN_UP_MS / 1000} s`, {
    detail: 'An unfinished upload may be left; it is no recovery point, and the bucket’s lifecycle removes it.',
    hint: reason.hint,
  });
}

function interruptedTwice(): BackupError {
  return new BackupError('terminated', 'stopped by SIGINT, twice: clean-up was not waited for', {
    detail: 'An unfinished upload may be left; it is no recovery point, and the bucket’s lifecycle removes it.',
  });
}
