/**
 * One run as a report tells it: by what it left in the vault and by the store's own clock, whatever a job's log says.
 */
import { manifestItems, pointId, type Outcome, type ReportedError, type ReportedRun } from '../../../model';
import { readPoint } from '../../catalog/catalog';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { SurveyedRun } from '../../catalog/survey';
import { readVerification } from '../../catalog/verification-record';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import { describeFailure, endOf, type EndedRun } from '../status/failed-runs';

/** A verification begins when the manifest is there; one that is longer in coming was not made. */
const VERIFICATION_DUE_MS = 3600_000;

/** Told of one run; the records beside it have all. */
const MOST_ERRORS = 20;
const MOST_CHARS = 1000;

export async function describeRun(store: ObjectStore, run: SurveyedRun, now: Date): Promise<ReportedRun> {
  const ended = endOf(run, now);
  if (!ended) return { ...begun(run), outcome: 'pending' };
  if (ended.end !== 'succeeded') return failedRun(store, ended);
  try {
    return await finishedRun(store, run, await readPoint(store, run.address), now);
  } catch (error) {
    if (!(error instanceof BackupError) || !ABOUT_THE_POINT.includes(error.code)) throw error;
    return { ...begun(run), ...endedAt(run, run.manifestAt), outcome: 'failed', errors: [told(error)] };
  }
}

/** Of one point alone. Everything else, such as a store that denies, says nothing of the backups. */
const ABOUT_THE_POINT: readonly string[] = ['manifest-invalid', 'point-missing', 'object-missing'];

function begun({ address, startedAt }: SurveyedRun): Omit<ReportedRun, 'outcome'> {
  return {
    point: pointId(address),
    class: address.class,
    startedAt: startedAt?.toISOString() ?? null,
    endedAt: null,
    durationMs: null,
    storedBytes: null,
    objects: null,
    items: null,
    verification: null,
    errors: [],
    warnings: [],
  };
}

function endedAt({ startedAt }: SurveyedRun, end: Date | undefined): Pick<ReportedRun, 'endedAt' | 'durationMs'> {
  return {
    endedAt: end?.toISOString() ?? null,
    // The record of its beginning may have been written again since.
    durationMs: end && startedAt && startedAt <= end ? end.getTime() - startedAt.getTime() : null,
  };
}

async function failedRun(store: ObjectStore, ended: EndedRun): Promise<ReportedRun> {
  const failure = await describeFailure(store, ended);
  return {
    ...begun(ended.run),
    ...endedAt(ended.run, ended.end === 'failed' ? ended.endedAt : undefined),
    outcome: 'failed',
    errors: [{ code: failure.code, message: bounded(failure.message) }],
  };
}

async function finishedRun(
  store: ObjectStore,
  run: SurveyedRun,
  { manifest, verification = 'not verified' }: RecoveryPoint,
  now: Date,
): Promise<ReportedRun> {
  const isDue = now.getTime() - (run.manifestAt?.getTime() ?? 0) > VERIFICATION_DUE_MS;
  return {
    ...begun(run),
    ...endedAt(run, run.manifestAt),
    durationMs: Math.max(0, Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt)),
    outcome: verification !== 'not verified' ? verification : isDue ? 'could not verify' : 'pending',
    storedBytes: manifest.totals.storedBytes,
    objects: manifest.totals.objects,
    items: manifestItems(manifest),
    verification,
    errors: await verificationErrors(store, run, verification, isDue),
    warnings: manifest.warnings.slice(0, MOST_ERRORS).map(bounded),
  };
}

async function verificationErrors(
  store: ObjectStore,
  { prefix }: SurveyedRun,
  outcome: Outcome | 'not verified',
  isDue: boolean,
): Promise<ReportedError[]> {
  if (outcome === 'passed') return [];
  if (outcome === 'not verified') {
    return isDue ? [{ code: 'verification', message: 'it was not verified within an hour' }] : [];
  }
  const record = await readVerification(store, prefix);
  const findings = record?.findings.slice(0, MOST_ERRORS) ?? [];
  if (findings.length === 0) return [{ code: 'verification', message: 'its verification does not say why' }];
  return findings.map(({ subject, finding }) => ({ code: 'verification', message: bounded(`${subject}: ${finding}`) }));
}

function told({ code, message, detail }: BackupError): ReportedError {
  return { code, message: bounded(detail ? `${message}: ${detail}` : message) };
}

function bounded(text: string): string {
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}…`;
}
