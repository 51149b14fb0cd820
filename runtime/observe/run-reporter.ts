import { formatBytes, formatBytesOf, formatDuration } from './format';
import type { Reporter } from './reporter';
import type { RateMeter } from './rate-meter';

/** What the command line tells besides the steps that components report. */
export interface RunReporter extends Reporter {
  /** What the run is about, before its first step. */
  headline(text: string): void;
  /** For who asks later what was done: in a task's log alone, as an event of its own. */
  note(event: string, fields: NotedFields): void;
  /** Nothing more comes: what is drawn is made final. */
  close(): void;
}

export type NotedFields = Readonly<Record<string, string | number | undefined>>;

/** The part of a stream that telling needs; a test gives an object. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  getColorDepth?(env?: object): number;
}

/** Milliseconds that only ever grow. */
export type MonotonicClock = () => number;

export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes?: number;
  readonly rate: RateMeter;
}

/** `61 %`; never above 100, because a total is an estimate. */
export function percent(progress: Progress): number | undefined {
  if (!progress.totalBytes) return undefined;
  return Math.min(100, Math.floor((progress.doneBytes * 100) / progress.totalBytes));
}

/** `61 %  1.2 of 1.9 GB`, or `1.2 GB` where the total is not known; nothing before the first byte. */
export function amountText(progress: Progress): string {
  const share = percent(progress);
  if (share === undefined) return progress.doneBytes > 0 ? formatBytes(progress.doneBytes) : '';
  return `${share} %  ${formatBytesOf(progress.doneBytes, progress.totalBytes ?? 0)}`;
}

/** `41 MB/s, 18 s left`, as far as it is known. */
export function rateText(progress: Progress, nowMs: number): string {
  const rate = progress.rate.bytesPerSecond(nowMs, progress.doneBytes);
  if (rate === undefined) return '';
  const perSecond = `${formatBytes(rate)}/s`;
  const leftBytes = (progress.totalBytes ?? 0) - progress.doneBytes;
  return rate > 0 && leftBytes > 0
    ? `${perSecond}, ${formatDuration(Math.max(1000, Math.ceil(leftBytes / rate) * 1000)).replace(/^(\d+)\.\d s$/, '$1 s')} left`
    : perSecond;
}
