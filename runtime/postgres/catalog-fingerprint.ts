import {
  catalogFingerprint,
  CATALOG_SQL,
  OWNED_SEQUENCES_SQL,
  sequencesBehindSql,
  type CatalogFingerprint,
  type CatalogObject,
  type OwnedSequence,
} from '../../model';
import type { SqlSession } from './session';

/** What the connected database is made of, as the session's transaction sees it. */
export async function readCatalogFingerprint(session: SqlSession): Promise<CatalogFingerprint> {
  const objects = await session.query<CatalogObject>(CATALOG_SQL);
  const sequences = await session.query<OwnedSequence>(OWNED_SEQUENCES_SQL);
  return catalogFingerprint(objects, await sequencesBehind(session, sequences));
}

/** A statement takes three round trips; more than so many in one are slow to plan. */
const BATCH = 50;

async function sequencesBehind(session: SqlSession, sequences: readonly OwnedSequence[]): Promise<string[]> {
  const behind: string[] = [];
  for (let start = 0; start < sequences.length; start += BATCH) {
    const batch = sequences.slice(start, start + BATCH);
    const found = await session.query<{ index: number; behind: boolean }>(sequencesBehindSql(batch));
    behind.push(...found.filter((one) => one.behind).map((one) => batch[one.index].sequence));
  }
  return behind;
}
