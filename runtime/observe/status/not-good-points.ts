import { VERIFICATION_CHECKS, type Verification } from '../../../model';
import { readListed } from '../../catalog/read-text';
import { readVerification } from '../../catalog/verification-record';
import type { ObjectStore } from '../../store/store';
import type { DatedRun } from './dated-run';
import type { NotGoodPoint } from './source-status';

/** More than any of the ready-made plans keeps. */
const MOST_LOOKED_AT = 100;
const READ_AT_ONCE = 8;

/** The newest recovery points whose last verification did not pass, and those passed over for another reason. */
export async function findNotGood(
  store: ObjectStore,
  points: readonly DatedRun[],
  passedOver: readonly NotGoodPoint[],
): Promise<NotGoodPoint[]> {
  const known = new Map(passedOver.map((point) => [point.address, point]));
  const found: NotGoodPoint[] = [];
  const looked = points.slice(0, MOST_LOOKED_AT);
  for (let next = 0; next < looked.length; next += READ_AT_ONCE) {
    const batch = looked.slice(next, next + READ_AT_ONCE);
    const results = await Promise.all(batch.map(({ run }) => lookAt(store, run)));
    found.push(...results.flatMap((point, index) => point ?? known.get(batch[index].run.address) ?? []));
  }
  return found;
}

async function lookAt(store: ObjectStore, run: DatedRun['run']): Promise<NotGoodPoint | undefined> {
  if (!run.verifiedAt) return undefined;
  const verification = await readVerification(store, run.prefix, readListed);
  if (verification && verification.outcome === 'passed') return undefined;
  return {
    address: run.address,
    outcome: verification && verification.outcome !== 'passed' ? verification.outcome : 'could not verify',
    reason: reasonOf(verification),
    unusual: isUnusual(verification),
  };
}

const { sizeHistory, itemHistory } = VERIFICATION_CHECKS;

function isUnusual({ findings }: Pick<Verification, 'findings'> = { findings: [] }): boolean {
  return findings.length > 0 && findings.every(({ subject }) => subject === sizeHistory || subject === itemHistory);
}

function reasonOf(verification: Verification | undefined): string {
  if (!verification) return 'the result of its verification cannot be read';
  const [first, ...others] = verification.findings;
  if (!first) return 'its verification does not say why';
  return `${first.subject}: ${first.finding}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
