/**
 * The verifying function: a new manifest's event verifies that recovery point, a sweep's event all that are retained. Every
 * result is a log line and counts in metrics; what could not be done is thrown, for the platform to repeat and to keep.
 */
import {
  MANIFEST_NAME,
  parsePointPrefix,
  pointPrefix,
  VERIFICATION_CHECKS,
  type Component,
  type MetricKey,
  type PointAddress,
  type Verification,
} from '../../model';
import { BackupError } from '../errors';
import { logLine } from '../observe/log-line';
import { metricLine } from '../observe/metrics';
import { silentReporter } from '../observe/reporter';
import type { ObjectStore } from '../store/store';
import type { VerifierSettings } from './settings';
import { sweep, type SweepReport } from './sweep';
import { verifyAndRecord } from './verify-and-record';

/** What the function works with; a test gives what it wants to see. */
export interface Surroundings {
  readonly settings: VerifierSettings;
  readonly store: ObjectStore;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** Until the platform ends the function. */
  readonly remainingMs: () => number;
}

/** What S3 tells through EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
export interface ObjectCreatedEvent {
  readonly 'detail-type': 'Object Created';
  readonly detail: { readonly bucket: { readonly name: string }; readonly object: { readonly key: string } };
}

/** What the daily schedule sends. */
export interface SweepEvent {
  readonly action: 'sweep';
}

/** Verifies what the event is about. */
export async function handleVerification(event: unknown, surroundings: Surroundings): Promise<void> {
  if (isSweep(event)) return sweepAll(surroundings);
  if (isObjectCreated(event)) return verifyNew(event, surroundings);
  throw new BackupError('usage', `an event of another kind came: ${JSON.stringify(event).slice(0, 500)}`, {
    hint: 'Send S3’s "Object Created" events of manifests, or { "action": "sweep" }.',
  });
}

async function verifyNew(event: ObjectCreatedEvent, surroundings: Surroundings): Promise<void> {
  const address = addressIn(event, surroundings.settings);
  const verification = await withinTime(surroundings, (signal) =>
    verifyAndRecord(surroundings.store, address, { ...optionsOf(surroundings), signal }),
  );
  tell(verification, surroundings);
  count([verification], [verification.component], surroundings);
  const interruption = verification.findings.find(({ subject }) => subject === VERIFICATION_CHECKS.interrupted);
  if (interruption) throw new BackupError('internal', `verification of ${verification.point}: ${interruption.finding}`);
}

async function sweepAll(surroundings: Surroundings): Promise<void> {
  const { store, settings, remainingMs } = surroundings;
  const verified: Verification[] = [];
  const report = await withinTime(surroundings, (signal) =>
    sweep(store, {
      ...optionsOf(surroundings),
      signal,
      source: settings.source,
      components: settings.components,
      hasTime: () => !signal.aborted && remainingMs() > POINT_MS + RECORDING_MS,
      onVerified: (verification) => {
        verified.push(verification);
        tell(verification, surroundings);
      },
    }),
  );
  count(verified, settings.components, surroundings);
  tellSweep(report, surroundings);
  if (report.errors.length === 0) return;
  const [{ point, error }] = report.errors;
  throw new BackupError(
    error.code,
    `${report.errors.length} recovery points could not be verified; ${point}: ${error.message}`,
    {
      detail: error.detail,
      hint: error.hint,
      cause: error,
    },
  );
}

/** A sweep begins no point with less time left than this. */
const POINT_MS = 30_000;
/** Kept for writing down how it ended. */
const RECORDING_MS = 15_000;

/** Stops the work in time for its result to be recorded. */
async function withinTime<T>({ remainingMs }: Surroundings, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () =>
    controller.abort(new BackupError('deadline-exceeded', 'the time that the function may take was over'));
  const timer = setTimeout(stop, Math.max(0, remainingMs() - RECORDING_MS));
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

function optionsOf({ settings, now }: Surroundings) {
  return { depth: 'stored', expectations: settings.expectations, reporter: silentReporter, now } as const;
}

/** An event about anything but a manifest of this source must not have come: the rule that sends it is wrong. */
function addressIn({ detail }: ObjectCreatedEvent, { vault, source, components }: VerifierSettings): PointAddress {
  const { key } = detail.object;
  const address = key.startsWith(vault.prefix) ? parsePointPrefix(key.slice(vault.prefix.length)) : undefined;
  const isManifest = address && key === `${vault.prefix}${pointPrefix(address)}${MANIFEST_NAME}`;
  if (
    !isManifest ||
    detail.bucket.name !== vault.bucket ||
    address.source !== source ||
    !components.includes(address.component)
  ) {
    throw new BackupError(
      'usage',
      `an event about ${JSON.stringify(key)} in ${JSON.stringify(detail.bucket.name)} came`,
      {
        hint: `Send those about manifests of ${components.join(', ')} of ${source} in s3://${vault.bucket}/${vault.prefix}.`,
      },
    );
  }
  return address;
}

function tell(verification: Verification, { write, now }: Surroundings): void {
  const { point, outcome, depth, objects, durationMs, findings } = verification;
  const level = ({ passed: 'info', failed: 'error', 'could not verify': 'warning' } as const)[outcome];
  write(logLine(now(), { level, event: 'verification', point, outcome, depth, objects, durationMs }));
  for (const { subject, outcome: found, finding } of findings.slice(0, MOST_FINDINGS)) {
    write(logLine(now(), { level, event: 'verification-finding', point, subject, outcome: found, finding }));
  }
}

/** Logged of one point; the record has all. */
const MOST_FINDINGS = 20;

function tellSweep({ verified, marked, left, errors }: SweepReport, { write, now }: Surroundings): void {
  const { passed, failed, 'could not verify': unverified } = verified;
  write(
    logLine(now(), { level: 'info', event: 'sweep', passed, failed, unverified, marked, left, errors: errors.length }),
  );
  for (const { point, error } of errors.slice(0, MOST_FINDINGS)) {
    const { code, message, detail } = error;
    write(logLine(now(), { level: 'error', event: 'sweep-error', point, code, message, detail }));
  }
}

/** Of each component by itself; all of them each time, zeros too: that nothing failed is a datum, and its absence is none. */
function count(
  verifications: readonly Verification[],
  components: readonly Component[],
  surroundings: Surroundings,
): void {
  const { settings, write, now } = surroundings;
  for (const component of components) {
    const values = outcomesOf(verifications.filter((one) => one.component === component));
    write(metricLine(now(), { source: settings.source, component, values }));
  }
}

function outcomesOf(verifications: readonly Verification[]): Partial<Record<MetricKey, number>> {
  const ended = (outcome: Verification['outcome']) => verifications.filter((one) => one.outcome === outcome).length;
  return {
    verificationPassed: ended('passed'),
    verificationFailed: ended('failed'),
    verificationUnverified: ended('could not verify'),
    verificationAnomalies: verifications.filter(isAnomalous).length,
  };
}

function isAnomalous({ findings }: Verification): boolean {
  const { sizeHistory, itemHistory } = VERIFICATION_CHECKS;
  return findings.some(({ subject }) => subject === sizeHistory || subject === itemHistory);
}

function isSweep(event: unknown): event is SweepEvent {
  return isRecord(event) && event.action === 'sweep';
}

function isObjectCreated(event: unknown): event is ObjectCreatedEvent {
  if (!isRecord(event) || event['detail-type'] !== 'Object Created' || !isRecord(event.detail)) return false;
  const { bucket, object } = event.detail;
  return isRecord(bucket) && typeof bucket.name === 'string' && isRecord(object) && typeof object.key === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
