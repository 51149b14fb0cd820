import {
  HISTORY_LENGTH,
  HISTORY_MINIMUM,
  pointPrefix,
  VERIFICATION_CHECKS,
  type Verification,
  type VerifiedTotals,
} from '../../model';
import type { SurveyedRun } from '../catalog/survey';
import { readVerification, writeVerification } from '../catalog/verification-record';
import type { ObjectStore } from '../store/store';
import { historySince, isMadeByHand, readAcceptedSize } from './accepted-size';

/** Results read back further than this for one history are not worth their requests. */
const MOST_LOOKED_AT = 3 * HISTORY_LENGTH;

const HOUR_MS = 3_600_000;

/** One of an hour counts: twenty that are stored within a minute are no new usual. So many are asked for that one. */
const MOST_OF_ONE_HOUR = 3;

/** The results of verifications of one component, each read once: a sweep compares every point with those before it. */
export class VerificationRecords {
  private readonly known = new Map<string, Verification | undefined>();

  constructor(private readonly store: ObjectStore) {}

  async read(prefix: string): Promise<Verification | undefined> {
    if (!this.known.has(prefix)) this.known.set(prefix, await readVerification(this.store, prefix));
    return this.known.get(prefix);
  }

  async write(prefix: string, verification: Verification): Promise<void> {
    // Forgotten first: an answer that is lost leaves open which of the two is stored.
    this.known.delete(prefix);
    await writeVerification(this.store, prefix, verification);
    this.known.set(prefix, verification);
  }

  /**
   * What the recovery points hold that the store received before this one, the newest first; only those with nothing against
   * them but, at most, their own size or content, and none older than what a person accepted.
   *
   * Those of its own class. The first few that a schedule makes of a class are compared with those of the others: they are of
   * the same databases, and a year would pass until the fourth monthly one.
   */
  async before(run: SurveyedRun, runs: readonly SurveyedRun[]): Promise<VerifiedTotals[]> {
    const own = await this.history(run, runs, ({ address }) => address.class === run.address.class);
    if (own.length >= HISTORY_MINIMUM || isMadeByHand(run.address)) return own;
    return this.history(run, runs, ({ address }) => !isMadeByHand(address));
  }

  private async history(
    run: SurveyedRun,
    runs: readonly SurveyedRun[],
    isComparable: (other: SurveyedRun) => boolean,
  ): Promise<VerifiedTotals[]> {
    const earlier = runs
      .filter((other) => isComparable(other) && isEarlier(other, run) && other.verifiedAt)
      .sort((a, b) => receivedMs(b) - receivedMs(a));
    const totals: VerifiedTotals[] = [];
    const hours = new Map<number, 'told' | number>();
    let looked = 0;
    for (const other of earlier) {
      const hour = Math.floor(receivedMs(other) / HOUR_MS);
      const ofHour = hours.get(hour) ?? 0;
      if (ofHour === 'told' || ofHour >= MOST_OF_ONE_HOUR) continue;
      if (totals.length === HISTORY_LENGTH || looked === MOST_LOOKED_AT) break;
      looked += 1;
      const verification = await this.read(pointPrefix(other.address));
      const accepted = readAcceptedSize(verification);
      if (accepted) return historySince(accepted, totals);
      const isHistory = verification?.findings.every(({ subject }) => HISTORY_CHECKS.has(subject));
      if (verification?.totals && isHistory) totals.push(verification.totals);
      hours.set(hour, verification?.totals && isHistory ? 'told' : ofHour + 1);
    }
    return totals;
  }
}

const HISTORY_CHECKS: ReadonlySet<string> = new Set([VERIFICATION_CHECKS.sizeHistory, VERIFICATION_CHECKS.itemHistory]);

/** By the store's clock; of two in one second, by the time that names them. */
function isEarlier(other: SurveyedRun, run: SurveyedRun): boolean {
  if (other.manifestAt === undefined || other.prefix === run.prefix) return false;
  const difference = receivedMs(other) - receivedMs(run);
  return difference < 0 || (difference === 0 && other.prefix < run.prefix);
}

function receivedMs({ manifestAt }: SurveyedRun): number {
  return manifestAt?.getTime() ?? 0;
}
