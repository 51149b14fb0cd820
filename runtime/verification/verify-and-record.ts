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
import { acceptedSizeOf, noteInOtherClasses, readAcceptedSize, type SizeAcceptance } from './accepted-size';
import { Examination } from './examination';
import type { Expectations } from './expectations';
import { VerificationRecords } from './records';

export interface VerifyOptions extends Pick<RunContext, 'reporter' | 'signal' | 'now'> {
  readonly depth: VerifyDepth;
  readonly expectations: Expectations;
  /** What lies in the vault, where it is known already. */
  readonly runs?: readonly SurveyedRun[];
  readonly records?: VerificationRecords;
  /** A person says that its size is right although it is out of line; recorded where all else is good. */
  readonly acceptSize?: SizeAcceptance;
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
  const known = readAcceptedSize(previous);
  const isAccepted = options.acceptSize !== undefined || known?.point === pointId(address);
  const survey = async () => options.runs ?? (await surveyRuns(store, address.source, address.component));
  const examination = new Examination(store, address, previous, options);
  await examination.carryOut(async () => {
    if (isAccepted) return [];
    const runs = await survey();
    return records.before(runAt(prefix, runs), runs);
  });

  const { manifestSha256, findings, objects, totals, readAt } = examination;
  const outcome = worstOf(findings);
  const result: Verification = {
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
  const accepted = options.acceptSize && acceptedSizeOf(result, options.acceptSize);
  const acceptedSize = accepted ?? known;
  const verification = { ...result, ...(acceptedSize && { acceptedSize }) };
  await records.write(prefix, verification);
  if (accepted) await noteInOtherClasses(accepted, address, await survey(), records);
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
