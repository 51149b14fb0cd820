/**
 * A run has ended: its report is stored, and the dead man's switch is told.
 *
 * The switch is told "alive" by whoever knows of the *verification*, not by the run: a run that says of itself that it went
 * well proves nothing, and one in the database's network, with the source's data in its hands, needs no way to a third party
 * and no secret more. So "alive" means proven, and the switch's own failure is none of the backup's.
 */
import {
  pointId,
  pointPrefix,
  REPORT_FORMAT,
  reportKey,
  type BackupReport,
  type Objectives,
  type PointAddress,
  type ReportedRun,
} from '../../../model';
import { readText } from '../../catalog/read-text';
import { surveyRun, type SurveyedRun } from '../../catalog/survey';
import { BackupError, toBackupError } from '../../errors';
import type { Beat, Heartbeat } from '../../notify/heartbeat';
import type { ObjectStore } from '../../store/store';
import { runReport } from './compose-report';
import { describeRun } from './describe-run';
import { writeReport } from './report-period';
import { runWords } from './summary';

/** Not of this: old recovery points that a sweep verifies again, or for the first time after a deployment, did not just end. */
const RECENT_MS = 48 * 3600_000;

export interface RunRequest {
  readonly address: PointAddress;
  readonly objectives: Objectives;
  readonly now: Date;
  /** Nothing where there is no switch. */
  readonly sendHeartbeat?: (heartbeat: Heartbeat) => Promise<void>;
}

export interface RunReported {
  readonly report: BackupReport;
  /** Why the switch was not told, although it should have been. */
  readonly heartbeatError?: BackupError;
}

/**
 * Stores the report of a run that failed or was verified, and tells the switch. Done again, it tells what is new, and what
 * could not be told before; nothing when there is no such thing.
 */
export async function reportRun(store: ObjectStore, request: RunRequest): Promise<RunReported | undefined> {
  const { address, now } = request;
  const run = await surveyRun(store, address);
  if (!run) throw new BackupError('point-missing', `there is nothing of ${pointId(address)} in ${store.uri}`);
  const key = reportKey(address.source, address.time, `run-${address.component}-${pointId(address)}`);
  const reported = await describeRun(store, run, now);
  const earlier = await readReport(store, key);
  if (isTold(earlier, reported) || (!earlier && !isRecent(run, now))) return undefined;

  const { heartbeat, heartbeatError } = await tellSwitch(run, reported, request);
  const { source, component } = address;
  const report = runReport({ source, component, vault: store.uri, at: now }, reported, heartbeat);
  await writeReport(store, key, report);
  return { report, heartbeatError };
}

async function readReport(store: ObjectStore, key: string): Promise<BackupReport | undefined> {
  const text = await readText(store, key);
  try {
    const report = JSON.parse(text ?? 'null') as Partial<BackupReport> | null;
    return report?.format === REPORT_FORMAT && report.components?.[0]?.runs[0] ? (report as BackupReport) : undefined;
  } catch {
    // Not JSON is as good as none: a new one takes its place.
    return undefined;
  }
}

/** Another attempt that failed is new, although it ended like the one before. */
function isTold(earlier: BackupReport | undefined, { outcome, endedAt }: ReportedRun): boolean {
  const [before] = earlier?.components[0].runs ?? [];
  return before?.outcome === outcome && before.endedAt === endedAt && earlier?.heartbeat !== 'not told';
}

function isRecent({ newestAt, manifestAt, failedAt }: SurveyedRun, now: Date): boolean {
  return now.getTime() - (manifestAt ?? failedAt ?? newestAt).getTime() < RECENT_MS;
}

const BEATS: Readonly<Record<ReportedRun['outcome'], Beat | undefined>> = {
  passed: 'proven',
  failed: 'failed',
  'could not verify': 'not verified',
  pending: undefined,
};

async function tellSwitch(
  { prefix }: SurveyedRun,
  run: ReportedRun,
  { address, objectives, now, sendHeartbeat }: RunRequest,
): Promise<{ heartbeat: BackupReport['heartbeat']; heartbeatError?: BackupError }> {
  const beat = BEATS[run.outcome];
  if (!sendHeartbeat || !beat || (beat === 'proven' && isTooOld(run, objectives, now))) return { heartbeat: null };
  try {
    await sendHeartbeat({ beat, run: prefix, words: runWords(address, run) });
    return { heartbeat: 'told' };
  } catch (thrown) {
    return { heartbeat: 'not told', heartbeatError: toBackupError(thrown) };
  }
}

/** Verified so late that the objective is missed: "alive" would put the switch's alarm off by another period. */
function isTooOld({ startedAt, endedAt }: ReportedRun, { newestVerifiedSeconds }: Objectives, now: Date): boolean {
  const begunAt = startedAt ?? endedAt;
  return begunAt === null || now.getTime() - Date.parse(begunAt) > newestVerifiedSeconds * 1000;
}

/** What the switch is told when a run begins. */
export function begunHeartbeat(address: PointAddress): Heartbeat {
  const { source, component, class: retention } = address;
  const words = `${source}: ${component} backup ${pointId(address)} (${retention}) began`;
  return { beat: 'started', run: pointPrefix(address), words };
}
