import {
  CATALOG_DIGESTS_SQL,
  CATALOG_WORDS_SQL,
  SEQUENCE_VALUES_SQL,
  type CatalogDetails,
  type CatalogDigest,
  type SequenceValue,
} from '../../model';
import { quoteLiteral } from './sql-quoting';
import type { SqlSession } from './session';

/** What each thing in the connected database is like, as the session's transaction sees it; of sequences, as they stand now. */
export async function readCatalogDetails(session: SqlSession): Promise<CatalogDetails> {
  const digests = await session.query<CatalogDigest>(CATALOG_DIGESTS_SQL);
  const sequences = await readSequenceValues(session);
  return {
    definitions: Object.fromEntries(digests.map(({ what, definition }) => [what, definition])),
    access: Object.fromEntries(digests.flatMap(({ what, access }) => (access === null ? [] : [[what, access]]))),
    sequences: Object.fromEntries(sequences.map(({ name, value }) => [name, value])),
  };
}

export async function readSequenceValues(session: SqlSession): Promise<SequenceValue[]> {
  return session.query<SequenceValue>(SEQUENCE_VALUES_SQL);
}

/** Some of them in words, by kind and name. */
export async function describeCatalogObjects(
  session: SqlSession,
  names: readonly string[],
): Promise<Map<string, CatalogDigest>> {
  if (names.length === 0) return new Map();
  const found = await session.query<CatalogDigest>(
    `SELECT * FROM (${CATALOG_WORDS_SQL}) AS described WHERE what IN (${names.map(quoteLiteral).join(', ')})`,
  );
  return new Map(found.map((one) => [one.what, one]));
}
