import {
  catalogFingerprint,
  CATALOG_SQL,
  OWNED_SEQUENCES_SQL,
  sequencesBehindSql,
  type CatalogFingerprint,
  type CatalogObject,
  type OwnedSequence,
} from '../../model';
import { withSavepoint } from './savepoint';
import { SqlError } from './server-error';
import type { SqlSession } from './session';

/** Told of a sequence that cannot be held against its column, such as one of a table whose rows the role may not see. */
export type OnUnknownSequence = (sequence: string, error: SqlError) => void;

/** What the connected database is made of, as the session's transaction sees it. */
export async function readCatalogFingerprint(
  session: SqlSession,
  onUnknown: OnUnknownSequence = () => undefined,
): Promise<CatalogFingerprint> {
  const objects = await session.query<CatalogObject>(CATALOG_SQL);
  const sequences = await session.query<OwnedSequence>(OWNED_SEQUENCES_SQL);
  const behind: string[] = [];
  for (let start = 0; start < sequences.length; start += BATCH) {
    behind.push(...(await sequencesBehind(session, sequences.slice(start, start + BATCH), onUnknown)));
  }
  return catalogFingerprint(objects, behind);
}

/** A statement takes three round trips; more than so many in one are slow to plan. */
const BATCH = 50;

async function sequencesBehind(
  session: SqlSession,
  batch: readonly OwnedSequence[],
  onUnknown: OnUnknownSequence,
): Promise<string[]> {
  try {
    const found = await withSavepoint(session, () =>
      session.query<{ index: number; behind: boolean }>(sequencesBehindSql(batch)),
    );
    return found.filter((one) => one.behind).map((one) => batch[one.index].sequence);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (batch.length === 1) {
      onUnknown(batch[0].sequence, error);
      return [];
    }
    // One that may not be read must not hide the others.
    const behind: string[] = [];
    for (const sequence of batch) behind.push(...(await sequencesBehind(session, [sequence], onUnknown)));
    return behind;
  }
}
