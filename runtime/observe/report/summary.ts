/** Reports in words: for people, in a message, and for a dead man's switch. */
import {
  type BackupReport,
  type PointAddress,
  type ReportedComponent,
  type ReportedRun,
  type SummaryRule,
} from '../../../model';
import { createNotice, type Notice, type NoticeState } from '../../notify/notice';
import { formatBytes, formatCount, formatDuration, formatNumberOf } from '../format';
import { printable } from '../printable';

const PERIODS = { run: 'run', day: 'last 24 hours', week: 'last 7 days' } as const;
const STATES: Readonly<Record<BackupReport['outcome'], NoticeState>> = {
  passed: 'information',
  failed: 'alarm',
  'could not verify': 'unknown',
};

/** Told of a period; the report has all. */
const MOST_ERRORS = 5;

export interface Summary {
  readonly notice: Notice;
  /** The same for a mail: some lines. */
  readonly text: string;
}

/** Whether people get a summary of this report. */
export function isSummaryDue({ kind, outcome }: BackupReport, daily: SummaryRule): boolean {
  if (kind === 'week') return true;
  return kind === 'day' && (daily === 'always' || (daily === 'when not good' && outcome !== 'passed'));
}

/** @param key where the report lies */
export function summaryOf(report: BackupReport, key: string): Summary {
  const { source, vault, outcome, components, totals, at, kind } = report;
  const title = `${source}: ${outcome === 'passed' ? 'all is good' : 'not all is good'}: ${runsWords(totals)} in the ${PERIODS[kind]}`;
  const lines = [...components.flatMap(componentLines), ...errorLines(components)];
  const look = `postgres-backup status --vault ${vault} --source ${source}`;
  const notice = createNotice({
    state: STATES[outcome],
    title,
    detail: lines.join(' · '),
    look,
    at: new Date(at),
    origin: { source },
  });
  const text = [title, '', ...lines, '', `Look: ${look}`, `Report: ${vault}/${key}`].map(printable).join('\n');
  return { notice, text };
}

/** One run, in a line or a few. */
export function runWords({ source, component }: PointAddress, run: ReportedRun): string {
  const figures = figuresOf(run);
  const outcome = run.outcome === 'passed' ? 'verified' : run.outcome;
  return [
    `${source}: ${component} backup ${run.point} (${run.class}): ${outcome}${figures && `, ${figures}`}`,
    ...run.errors.map(({ code, message }) => `${code}: ${message}`),
  ]
    .map(printable)
    .join('\n');
}

function figuresOf({ storedBytes, durationMs }: ReportedRun): string {
  return [
    ...(storedBytes === null ? [] : [formatBytes(storedBytes)]),
    ...(durationMs === null ? [] : [`in ${formatDuration(durationMs)}`]),
  ].join(' ');
}

function runsWords({ runs, passed, failed, unverified, pending }: BackupReport['totals']): string {
  if (runs === 0) return 'no backup';
  const others = [
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    ...(unverified > 0 ? [`${formatCount(unverified)} could not be verified`] : []),
    ...(pending > 0 ? [`${formatCount(pending)} not over yet`] : []),
  ];
  return [`${formatCount(passed)} of ${formatNumberOf(runs, 'backup')} verified`, ...others].join(', ');
}

function componentLines({ component, totals, objectives, kept, notGood }: ReportedComponent): string[] {
  const ages = objectives.map(({ objective, ageSeconds, objectiveSeconds, met }) => {
    const measured = ageSeconds === null ? 'none' : duration(ageSeconds);
    const age = ageSeconds === null || objective === 'restore time' ? measured : `${measured} ago`;
    return `${objective} ${age}${met ? '' : ` (objective ${duration(objectiveSeconds)} missed)`}`;
  });
  return [
    `${component}: ${[
      ...ages,
      `${formatBytes(totals.storedBytes)} in ${duration(totals.durationMs / 1000)}`,
      `${formatCount(kept ?? 0)} kept`,
      ...(notGood ? [`${formatCount(notGood)} of them no good`] : []),
    ].join(', ')}`,
  ];
}

function errorLines(components: readonly ReportedComponent[]): string[] {
  const errors = components.flatMap(({ runs }) =>
    runs.flatMap(({ point, errors }) => errors.map(({ code, message }) => `${point}: ${code}: ${message}`)),
  );
  const left = errors.length - MOST_ERRORS;
  return [...errors.slice(0, MOST_ERRORS), ...(left > 0 ? [`and ${formatNumberOf(left, 'error')} more`] : [])];
}

function duration(seconds: number): string {
  return formatDuration(seconds * 1000);
}
