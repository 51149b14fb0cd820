import { pointId, type Component, type Outcome, type Verification } from '../../model';
import { isMarked } from '../catalog/marked';
import { surveyRuns, type SurveyedRun } from '../catalog/survey';
import { BackupError, toBackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { VerificationRecords } from './records';
import { verifyAndRecord, type VerifyOptions } from './verify-and-record';

export interface SweepOptions extends Omit<VerifyOptions, 'runs' | 'records'> {
  readonly source: string;
  readonly components: readonly Component[];
  /** Whether there is time for another point; what is left comes first the next time. */
  readonly hasTime: () => boolean;
  readonly onVerified?: (verification: Verification) => void;
}

export interface SweepReport {
  readonly verified: Readonly<Record<Outcome, number>>;
  /** Recovery points whose end retention has marked. */
  readonly marked: number;
  /** Recovery points that there was no time for. */
  readonly left: number;
  /** Recovery points of which no result could be written. */
  readonly errors: readonly { readonly point: string; readonly error: BackupError }[];
}

/**
 * Verifies every retained recovery point of a source: those that never were first, then by how long ago it was, whatever their
 * component. So a sweep that runs out of time is gone on with by the next.
 */
export async function sweep(store: ObjectStore, options: SweepOptions): Promise<SweepReport> {
  const runs = new Map<Component, SurveyedRun[]>();
  for (const component of options.components) {
    runs.set(component, await surveyRuns(store, options.source, component));
  }
  const records = new VerificationRecords(store);
  const waiting = [...runs.values()].flat().filter(isOrWasPoint).sort(byNeed);
  const verified = { passed: 0, failed: 0, 'could not verify': 0 };
  const errors: { point: string; error: BackupError }[] = [];
  let marked = 0;
  while (waiting.length > 0 && options.hasTime()) {
    const run = waiting.shift() as SurveyedRun;
    try {
      if (await isMarked(store, run)) {
        marked += 1;
        continue;
      }
      const verification = await verifyAndRecord(store, run.address, {
        ...options,
        runs: runs.get(run.address.component),
        records,
      });
      verified[verification.outcome] += 1;
      options.onVerified?.(verification);
    } catch (thrown) {
      errors.push({ point: pointId(run.address), error: toBackupError(thrown) });
    }
  }
  return { verified, marked, left: waiting.length, errors };
}

/** A result without a manifest: somebody took the manifest away. */
function isOrWasPoint({ manifestAt, verifiedAt }: SurveyedRun): boolean {
  return manifestAt !== undefined || verifiedAt !== undefined;
}

function byNeed(a: SurveyedRun, b: SurveyedRun): number {
  return (a.verifiedAt?.getTime() ?? 0) - (b.verifiedAt?.getTime() ?? 0);
}
