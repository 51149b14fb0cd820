/**
 * The reporting function: a run's beginning and end, a day, a week, and the tasks' changes. What could not be done is thrown,
 * for the platform to repeat and to keep.
 */
import {
  attemptOf,
  COMPONENTS,
  FAILURE_NAME,
  FULL_READ,
  parsePointPrefix,
  pointPrefix,
  reportKey,
  SETS,
  STARTED_NAME,
  VERIFICATION_NAME,
  type BackupReport,
  type Component,
  type MetricKey,
  type PointAddress,
} from '../../../model';
import { BackupError, toBackupError } from '../../errors';
import type { Heartbeat } from '../../notify/heartbeat';
import type { Message } from '../../notify/publish';
import type { ObjectStore } from '../../store/store';
import { logLine, type LogEvent } from '../log-line';
import { metricLine } from '../metrics';
import { expireReports } from './expire-reports';
import { reportPeriod } from './report-period';
import { begunHeartbeat, reportRun } from './report-run';
import type { ReportSettings } from './settings';
import { storeRunbook } from './store-runbook';
import { isSummaryDue, summaryOf } from './summary';
import { readTaskChange } from './task-change';

/** What the function works with; a test gives what it wants to see. */
export interface Surroundings {
  readonly settings: ReportSettings;
  readonly store: ObjectStore;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Nothing where there is no dead man's switch. */
  readonly sendHeartbeat?: (heartbeat: Heartbeat) => Promise<void>;
  readonly publish: (message: Message) => Promise<void>;
}

/** Reports on what the event is about. */
export async function handleReport(event: unknown, surroundings: Surroundings): Promise<void> {
  if (isRecord(event)) {
    if (event.action === 'day' || event.action === 'week') return overPeriod(event.action, surroundings);
    if (event.action === 'task') return taskChanged(event, surroundings);
    if (isObjectCreated(event)) return runChanged(event.detail, surroundings);
  }
  throw new BackupError('usage', `an event of another kind came: ${JSON.stringify(event)?.slice(0, 500)}`, {
    hint: 'Send S3’s "Object Created" events of the records of runs, a task’s changes, or { "action": "day" }.',
  });
}

async function overPeriod(kind: 'day' | 'week', surroundings: Surroundings): Promise<void> {
  const { store, settings, now, publish } = surroundings;
  const { source, components, objectives, dailySummary } = settings;
  const at = now();
  const report = await reportPeriod(store, { kind, source, components, objectives, now: at });
  const key = reportKey(source, at, kind);
  tellReport(report, key, surroundings);
  // First people, then the house: what fails below must keep nobody from being told.
  if (isSummaryDue(report, dailySummary)) await publish(summaryOf(report, key));
  if (kind !== 'day') return;
  const marked = await expireReports(store, source, at);
  tell({ level: 'info', event: 'reports-expired', marked }, surroundings);
  if (!settings.runbook) return;
  const stored = await storeRunbook(store, source, settings.runbook, at);
  tell({ level: 'info', event: 'runbook', about: stored }, surroundings);
}

async function runChanged({ bucket, object }: ObjectCreated['detail'], surroundings: Surroundings): Promise<void> {
  const { settings, store, now, sendHeartbeat } = surroundings;
  const { address, record } = recordIn(bucket.name, object.key, settings);
  if (attemptOf(record, STARTED_NAME) !== undefined)
    return beat(address.component, begunHeartbeat(address), surroundings);
  const reported = await reportRun(store, { address, objectives: settings.objectives, now: now(), sendHeartbeat });
  if (!reported) return;
  const { report, heartbeatError } = reported;
  tellReport(report, pointPrefix(address), surroundings);
  if (heartbeatError) throw notTold(address.component, heartbeatError, surroundings);
}

async function taskChanged(event: Record<string, unknown>, surroundings: Surroundings): Promise<void> {
  const change = readTaskChange(event.detail);
  const component = COMPONENTS.find((known) => known === event.component);
  if (!change || !component) {
    throw new BackupError('usage', `a change of no task came: ${JSON.stringify(event).slice(0, 500)}`, {
      hint: 'The rule that the construct deploys sends them; deploy again.',
    });
  }
  const { source } = surroundings.settings;
  tell({ ...change.event, source, component }, surroundings);
  if (event.purpose === FULL_READ && change.succeeded) count(component, 'fullReadPassed', surroundings);
  if (!change.neverStarted) return;
  count(component, 'taskNotStarted', surroundings);
  const task = event.purpose === SETS ? 'task that makes sets' : `${component} task`;
  const words = `${source}: the ${task} never started: ${change.reason}`;
  await beat(component, { beat: 'failed', run: String(change.event.task), words }, surroundings);
}

async function beat(component: Component, heartbeat: Heartbeat, surroundings: Surroundings): Promise<void> {
  try {
    await surroundings.sendHeartbeat?.(heartbeat);
  } catch (thrown) {
    throw notTold(component, toBackupError(thrown), surroundings);
  }
}

/** Warned of and counted: the backup is as good as before. Thrown too, so that it is tried again. */
function notTold(component: Component, error: BackupError, surroundings: Surroundings): BackupError {
  const { code, message, detail, hint } = error;
  tell({ level: 'warning', event: 'heartbeat-failed', component, code, message, detail, hint }, surroundings);
  count(component, 'heartbeatFailed', surroundings);
  return error;
}

function tellReport(report: BackupReport, about: string, surroundings: Surroundings): void {
  const { kind, source, outcome, totals, heartbeat } = report;
  const { runs, passed, failed, unverified, pending, storedBytes, durationMs, errors } = totals;
  tell(
    {
      level: ({ passed: 'info', failed: 'error', 'could not verify': 'warning' } as const)[outcome],
      event: 'report',
      kind,
      source,
      about,
      outcome,
      runs,
      passed,
      failed,
      unverified,
      pending,
      storedBytes,
      durationMs,
      errors,
      heartbeat: heartbeat ?? undefined,
    },
    surroundings,
  );
}

function tell(event: LogEvent, { write, now }: Surroundings): void {
  write(logLine(now(), event));
}

function count(component: Component, key: MetricKey, { write, now, settings }: Surroundings): void {
  write(metricLine(now(), { source: settings.source, component, values: { [key]: 1 } }));
}

/** An event about anything but a run's record of this source must not have come: the rule that sends it is wrong. */
function recordIn(bucket: string, key: string, { vault, source }: ReportSettings) {
  const relative = key.startsWith(vault.prefix) ? key.slice(vault.prefix.length) : '';
  const address: PointAddress | undefined = parsePointPrefix(relative);
  const record = address && relative.slice(pointPrefix(address).length);
  if (!address || !record || !isRunRecord(record) || bucket !== vault.bucket || address.source !== source) {
    throw new BackupError('usage', `an event about ${JSON.stringify(key)} in ${JSON.stringify(bucket)} came`, {
      hint: `Send those about ${RECORDS.join(', ')} of ${source} in s3://${vault.bucket}/${vault.prefix}.`,
    });
  }
  return { address, record };
}

const RECORDS: readonly string[] = [STARTED_NAME, FAILURE_NAME, VERIFICATION_NAME];

/** Of the first attempt, or of another. */
function isRunRecord(name: string): boolean {
  return RECORDS.some((record) =>
    record === VERIFICATION_NAME ? name === record : attemptOf(name, record) !== undefined,
  );
}

/** What S3 tells through EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
interface ObjectCreated extends Record<string, unknown> {
  readonly detail: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } };
}

function isObjectCreated(event: Record<string, unknown>): event is ObjectCreated {
  if (event['detail-type'] !== 'Object Created' || !isRecord(event.detail)) return false;
  const { bucket, object } = event.detail;
  return isRecord(bucket) && typeof bucket.name === 'string' && isRecord(object) && typeof object.key === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
