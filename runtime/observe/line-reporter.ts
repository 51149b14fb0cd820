import { amountText, rateText, type MonotonicClock, type RunReporter, type TextOutput } from './run-reporter';
import { formatDuration } from './format';
import { printable } from './printable';
import { RateMeter } from './rate-meter';
import type { Step } from './reporter';

/** A long step says how far it is at most this often. */
const PROGRESS_EVERY_MS = 15_000;

/** The story in plain lines, for a pipe or a file: no bars, no colours, nothing that is drawn over. */
export function lineReporter(output: TextOutput, clock: MonotonicClock): RunReporter {
  const tell = (text: string) => output.write(`${printable(text)}\n`);
  return {
    headline: tell,
    warn: (message) => tell(`warning: ${message}`),
    begin: (name, options) => {
      tell(options?.detail ? `${name}: ${options.detail} …` : `${name} …`);
      return lineStep(name, options?.totalBytes, tell, clock);
    },
    note: () => undefined,
    close: () => undefined,
  };
}

function lineStep(
  name: string,
  totalBytes: number | undefined,
  tell: (text: string) => void,
  clock: MonotonicClock,
): Step {
  const beganMs = clock();
  const rate = new RateMeter();
  let doneBytes = 0;
  let toldMs = beganMs;
  const took = () => formatDuration(clock() - beganMs);
  return {
    advance: (bytes) => {
      doneBytes += bytes;
      const nowMs = clock();
      rate.record(nowMs, doneBytes);
      if (nowMs - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = nowMs;
      const progress = { doneBytes, totalBytes, rate };
      tell(`${name}: ${[amountText(progress), rateText(progress, nowMs)].filter(Boolean).join('  ')}`);
    },
    detail: () => undefined,
    done: (summary) => tell(`${name}: ${summary ? `${summary}, ` : ''}${took()}`),
    failed: (reason) => tell(`${name}: failed after ${took()}: ${reason}`),
  };
}
