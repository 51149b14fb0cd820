import { logLine, type LogEvent } from './log-line';
import { percent, type MonotonicClock, type RunReporter, type TextOutput } from './run-reporter';
import { RateMeter } from './rate-meter';
import type { Step } from './reporter';

/** A long step logs how far it is at most this often. */
const PROGRESS_EVERY_MS = 60_000;

/** The story as events of a task's log, one JSON object a line. */
export function logReporter(output: TextOutput, clock: MonotonicClock, now: () => Date): RunReporter {
  const log = (event: LogEvent) => void output.write(logLine(now(), event));
  return {
    headline: (message) => log({ level: 'info', event: 'run', message }),
    warn: (message) => log({ level: 'warning', event: 'warning', message }),
    note: (event, fields) => log({ level: 'info', event, ...fields }),
    begin: (step, options) => {
      log({ level: 'info', event: 'step-begun', step, detail: options?.detail, totalBytes: options?.totalBytes });
      return logStep(step, options?.totalBytes, log, clock);
    },
    close: () => undefined,
  };
}

function logStep(
  step: string,
  totalBytes: number | undefined,
  log: (event: LogEvent) => void,
  clock: MonotonicClock,
): Step {
  const beganMs = clock();
  const rate = new RateMeter();
  let doneBytes = 0;
  let loggedMs = beganMs;
  const durationMs = () => Math.round(clock() - beganMs);
  return {
    advance: (bytes) => {
      doneBytes += bytes;
      const nowMs = clock();
      rate.record(nowMs, doneBytes);
      if (nowMs - loggedMs < PROGRESS_EVERY_MS) return;
      loggedMs = nowMs;
      const bytesPerSecond = rate.bytesPerSecond(nowMs, doneBytes);
      log({
        level: 'info',
        event: 'step-progress',
        step,
        doneBytes,
        totalBytes,
        percent: percent({ doneBytes, totalBytes, rate }),
        bytesPerSecond: bytesPerSecond === undefined ? undefined : Math.round(bytesPerSecond),
      });
    },
    detail: () => undefined,
    done: (summary) =>
      log({
        level: 'info',
        event: 'step-done',
        step,
        summary,
        durationMs: durationMs(),
        doneBytes: doneBytes > 0 ? doneBytes : undefined,
      }),
    failed: (reason) => log({ level: 'error', event: 'step-failed', step, reason, durationMs: durationMs() }),
  };
}
