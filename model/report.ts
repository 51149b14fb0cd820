import type { Component, RetentionClass } from './component';
import { sourcePrefix } from './layout';
import type { Outcome } from './outcome';

/**
 * Reports: what was backed up, over a day, a week or in one run. They lie in the vault beside what they are about, for
 * programs and auditors; people get a summary. Fields are added, never renamed.
 */
export const REPORT_FORMAT = 'postgres-backup/report/1';

/** Of whose runs: of one that ended, of the last 24 hours, of the last 7 days. */
export const REPORT_KINDS = ['run', 'day', 'week'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** What a task that reads recovery points whole is called in the events about it. */
export const FULL_READ = 'full-read';
/** In the same place of the task that makes sets. */
export const SETS = 'sets';

/** Folder of a source's reports. No component has this name. */
const REPORTS_FOLDER = 'reports';

/** Reports end after 400 days: a year, and room for whoever looks late. */
export const KEEP_REPORTS_SECONDS = 400 * 86_400;

/** When the summary of a day's report is published. */
export const SUMMARY_RULES = ['always', 'when not good', 'never'] as const;
export type SummaryRule = (typeof SUMMARY_RULES)[number];

export interface BackupReport {
  readonly format: typeof REPORT_FORMAT;
  readonly kind: ReportKind;
  readonly source: string;
  /** `s3://bucket/prefix`. */
  readonly vault: string;
  /** When it was made. */
  readonly at: string;
  /** What it covers: runs that ended in between, by the store's clock. */
  readonly from: string;
  readonly to: string;
  /** The worst of its components'. */
  readonly outcome: Outcome;
  readonly components: readonly ReportedComponent[];
  /** Over all components. */
  readonly totals: ReportTotals;
  /** Of a run: whether the dead man's switch took the message; `null` when there is none to tell, or nothing to. */
  readonly heartbeat: 'told' | 'not told' | null;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
}

export interface ReportedComponent {
  readonly component: Component;
  readonly outcome: Outcome;
  /** The newest first; at most 200 of them, all are in the totals. */
  readonly runs: readonly ReportedRun[];
  readonly totals: ReportTotals;
  /** Ages against their objectives at the time of the report; empty in the report of a run. */
  readonly objectives: readonly ReportedObjective[];
  /** Recovery points in the vault, and those of them that are no good; `null` in the report of a run. */
  readonly kept: number | null;
  readonly notGood: number | null;
}

/** How a run ended. `pending` is at work still, or was not verified yet. */
export type RunOutcome = Outcome | 'pending';

export interface ReportedRun {
  readonly point: string;
  readonly class: RetentionClass;
  /** `passed` only when it was verified. */
  readonly outcome: RunOutcome;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  /** What the vault holds of it; `null` when there is no manifest that can be read. */
  readonly storedBytes: number | null;
  readonly objects: number | null;
  /** Rows, objects, files: in the component's own unit. */
  readonly items: number | null;
  readonly verification: Outcome | 'not verified' | null;
  readonly errors: readonly ReportedError[];
  readonly warnings: readonly string[];
}

export interface ReportedError {
  /** A `FailureCode`, or `verification` for what a verification found. */
  readonly code: string;
  readonly message: string;
}

export interface ReportTotals {
  readonly runs: number;
  readonly passed: number;
  readonly failed: number;
  readonly unverified: number;
  readonly pending: number;
  readonly storedBytes: number;
  readonly objects: number;
  readonly items: number;
  readonly durationMs: number;
  readonly errors: number;
}

export interface ReportedObjective {
  readonly objective: 'newest' | 'newest verified' | 'restore time';
  /** `null` when there is none, which meets nothing. */
  readonly ageSeconds: number | null;
  readonly objectiveSeconds: number;
  readonly met: boolean;
}

/** Below it lie all reports of a source, and nothing else. */
export function reportsPrefix(source: string): string {
  return `${sourcePrefix(source)}${REPORTS_FOLDER}/`;
}

/** `<source>/reports/<YYYY>/<MM>/<DD>/<name>.json`; the day is that of UTC. */
export function reportKey(source: string, day: Date, name: string): string {
  return `${reportsPrefix(source)}${day.toISOString().slice(0, 10).replace(/-/g, '/')}/${name}.json`;
}

/** The newest report of a day. */
export function latestReportKey(source: string): string {
  return `${reportsPrefix(source)}latest.json`;
}
