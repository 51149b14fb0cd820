/** Every B-tree of one database of a restored server: its order, that every row is in it, and that unique ones are unique. */
import { quoteIdentifier, quoteLiteral } from '../../postgres/sql-quoting';
import { SqlError } from '../../postgres/server-error';
import type { SqlSession } from '../../postgres/session';
import type { Differences } from '../compare/differences';
import { sayOf } from './say-of';

export async function checkIndexes(
  session: SqlSession,
  amcheck: string,
  signal: AbortSignal,
  indexes: Differences,
): Promise<void> {
  const options = (await knowsUnique(session, amcheck)) ? 'true, true' : 'true';
  for (const { oid, name, sortedOtherwise } of await listIndexes(session)) {
    signal.throwIfAborted();
    try {
      await session.query(
        `SELECT true AS checked FROM (SELECT ${quoteIdentifier(amcheck)}.bt_index_check(${oid}::regclass, ${options})) AS done`,
      );
      indexes.count(1);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      if (!sortedOtherwise) sayOf(error, `index ${name}`, indexes);
      else indexes.unverified(`index ${name}: ${error.message}; ${SORTED_OTHERWISE}`);
    }
  }
}

/** On the operating system of the source it may be as it should: that it is not here says nothing of the backup. */
const SORTED_OTHERWISE = 'but this machine sorts its text by another version of the collation than the source did';

/** From PostgreSQL 17 on. */
async function knowsUnique(session: SqlSession, amcheck: string): Promise<boolean> {
  const signature = `${quoteIdentifier(amcheck)}.bt_index_check(regclass, boolean, boolean)`;
  const [{ known }] = await session.query<{ known: boolean }>(
    `SELECT to_regprocedure(${quoteLiteral(signature)}) IS NOT NULL AS known`,
  );
  return known;
}

interface BTree {
  readonly oid: number;
  readonly name: string;
  /** By text, of which this machine has another version of the collation. */
  readonly sortedOtherwise: boolean;
}

async function listIndexes(session: SqlSession): Promise<BTree[]> {
  const [{ major }] = await session.query<{ major: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major`,
  );
  return session.query<BTree>(bTrees(major >= VERSIONED_DATABASES ? DATABASE_DIFFERS : 'false'));
}

/** The first major in which a database remembers the version of its collation. */
const VERSIONED_DATABASES = 15;
const DATABASE_DIFFERS = `(SELECT d.datcollversion IS NOT NULL AND d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid)
    FROM pg_database AS d WHERE d.datname = current_database())`;

function bTrees(databaseDiffers: string): string {
  return `
  SELECT c.oid::int8 AS oid, c.oid::regclass::text AS name,
         EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS used (oid) JOIN pg_collation AS k ON k.oid = used.oid
                  WHERE CASE WHEN k.collprovider = 'd' THEN ${databaseDiffers}
                        ELSE k.collversion IS NOT NULL AND k.collversion IS DISTINCT FROM pg_collation_actual_version(k.oid) END) AS "sortedOtherwise"
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
   WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid AND i.indisready
   ORDER BY c.oid`;
}
