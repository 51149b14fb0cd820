import {
  pointId,
  pointPrefix,
  VERIFICATION_FORMAT,
  type Outcome,
  type PointAddress,
  type Verification,
  type VerificationFinding,
  type VerifyDepth,
} from '../../model';
import { surveyRuns, type SurveyedRun } from '../catalog/survey';
import type { RunContext } from '../context';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { VERSION } from '../version';
import { Examination } from './examination';
import type { Expectations } from './expectations';
import { VerificationRecords } from './records';

export interface VerifyOptions extends Pick<RunContext, 'reporter' | 'signal' | 'now'> {
  readonly depth: VerifyDepth;
  readonly expectations: Expectations;
  /** What lies in the vault, where it is known already. */
  readonly runs?: readonly SurveyedRun[];
  readonly records?: VerificationRecords;
}

/**
 * Verifies a recovery point and writes `verification.json` beside its manifest; doing it again changes nothing but the times.
 * What stops it, the signal too, is recorded as could not verify: never is it passed on a time-out. `point-missing` when there
 * is neither a manifest nor an earlier verification; throws when the result cannot be written.
 */
export async function verifyAndRecord(
  store: ObjectStore,
  address: PointAddress,
  options: VerifyOptions,
): Promise<Verification> {
  const begun = performance.now();
  const prefix = pointPrefix(address);
  const records = options.records ?? new VerificationRecords(store);
  const previous = await records.read(prefix);
  const examination = new Examination(store, address, previous, options);
  await examination.carryOut(async () => {
    const runs = options.runs ?? (await surveyRuns(store, address.source, address.component));
    return records.before(runAt(prefix, runs), runs);
  });

  const { manifestSha256, findings, objects, totals, readAt } = examination;
  const outcome = worstOf(findings);
  const verification: Verification = {
    format: VERIFICATION_FORMAT,
    point: pointId(address),
    source: address.source,
    component: address.component,
    outcome,
    depth: options.depth,
    verifiedAt: options.now().toISOString(),
    durationMs: Math.round(performance.now() - begun),
    ...(readAt !== undefined && outcome !== 'failed' && { readAt }),
    manifestSha256,
    findings: [...findings],
    objects,
    totals,
    tool: { name: 'postgres-backup', version: VERSION },
  };
  await records.write(prefix, verification);
  return verification;
}

function runAt(prefix: string, runs: readonly SurveyedRun[]): SurveyedRun {
  const run = runs.find((candidate) => candidate.prefix === prefix);
  if (!run) throw new BackupError('store-failed', `the store does not list ${prefix}, and gives its manifest`);
  return run;
}

function worstOf(findings: readonly VerificationFinding[]): Outcome {
  if (findings.some(({ outcome }) => outcome === 'failed')) return 'failed';
  return findings.length > 0 ? 'could not verify' : 'passed';
}
