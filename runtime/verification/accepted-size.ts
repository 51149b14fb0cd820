/**
 * A person's word that a size out of line is right: who, when and why stands in the result of the verification, and from then on
 * recovery points are compared with it. Those of other classes too: one purge shrinks them all.
 */
import {
  HISTORY_MINIMUM,
  pointId,
  type AcceptedSize,
  type PointAddress,
  type RetentionClass,
  type Verification,
  type VerifiedTotals,
} from '../../model';
import type { SurveyedRun } from '../catalog/survey';

/** Who accepts, and why. */
export interface SizeAcceptance {
  readonly by: string;
  readonly reason: string;
}

/** Where the results of verifications are. */
export interface Results {
  read(prefix: string): Promise<Verification | undefined>;
  write(prefix: string, verification: Verification): Promise<void>;
}

/** What a person starts may hold something else than what a schedule does: a few tables, definitions alone. */
const MADE_BY_HAND: readonly RetentionClass[] = ['manual', 'pre-deployment'];

export function isMadeByHand({ class: name }: Pick<PointAddress, 'class'>): boolean {
  return MADE_BY_HAND.includes(name);
}

/** Only what is good otherwise is accepted; nothing when it is not. */
export function acceptedSizeOf(
  { outcome, point, totals, verifiedAt }: Omit<Verification, 'acceptedSize'>,
  { by, reason }: SizeAcceptance,
): AcceptedSize | undefined {
  if (outcome !== 'passed' || totals === null) return undefined;
  return { point, by, at: verifiedAt, reason, totals };
}

/** What a result says was accepted; nothing when it says nothing, or nothing that can be compared with. */
export function readAcceptedSize(verification: Verification | undefined): AcceptedSize | undefined {
  const accepted = verification?.acceptedSize;
  const figures: unknown[] = [accepted?.totals?.storedBytes, accepted?.totals?.items];
  return figures.every((figure) => Number.isSafeInteger(figure) && (figure as number) >= 0) ? accepted : undefined;
}

/** A history that begins with what was accepted: as many times as it takes to compare with it at once. */
export function historySince({ totals }: AcceptedSize, newer: readonly VerifiedTotals[]): VerifiedTotals[] {
  const begin = Array.from({ length: Math.max(1, HISTORY_MINIMUM - newer.length) }, () => totals);
  return [...newer, ...begin];
}

/** Notes it beside the newest verified point of every other class that a schedule makes. */
export async function noteInOtherClasses(
  accepted: AcceptedSize,
  address: PointAddress,
  runs: readonly SurveyedRun[],
  records: Results,
): Promise<void> {
  if (isMadeByHand(address)) return;
  const newest = new Map<RetentionClass, SurveyedRun>();
  for (const run of runs) {
    const { class: name } = run.address;
    if (name === address.class || isMadeByHand(run.address) || !run.manifestAt || !run.verifiedAt) continue;
    const other = newest.get(name)?.manifestAt;
    if (!other || run.manifestAt > other) newest.set(name, run);
  }
  for (const run of newest.values()) {
    const verification = await records.read(run.prefix);
    if (verification?.point === pointId(run.address)) {
      await records.write(run.prefix, { ...verification, acceptedSize: accepted });
    }
  }
}
