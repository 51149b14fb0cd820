/** Every page of every table, and every B-tree, of one database of a restored server. */
import type { DrillComparison } from '../../../model';
import { readCatalogFingerprint } from '../../postgres/catalog-fingerprint';
import { quoteIdentifier } from '../../postgres/sql-quoting';
import { SqlError } from '../../postgres/server-error';
import type { SqlSession } from '../../postgres/session';
import { Differences } from '../compare/differences';
import { checkIndexes } from './check-indexes';
import { sayOf } from './say-of';

const NO_AMCHECK = 'this machine has no amcheck to look into it with';

/** As many wrong places of a table are told. */
const MOST_PLACES = 3;

export interface ComparedDatabase {
  readonly comparisons: readonly DrillComparison[];
  readonly tables: number;
  /** Of them, those that are not the system's own. */
  readonly ownTables: number;
}

export async function compareServerDatabase(
  session: SqlSession,
  signal: AbortSignal,
  onStep: (what: string) => void,
): Promise<ComparedDatabase> {
  const amcheck = await amcheckSchema(session);
  const relations = await session.query<Relation>(TABLES);
  const tables = new Differences('tables');
  for (const relation of relations) {
    signal.throwIfAborted();
    onStep(relation.name);
    await readTable(session, relation, amcheck, tables);
  }
  const indexes = new Differences('indexes');
  if (amcheck === undefined) indexes.unverified(NO_AMCHECK);
  else await checkIndexes(session, amcheck, signal, indexes);
  const comparisons = [tables.result(), indexes.result(), await describe(session)];
  return { comparisons, tables: relations.length, ownTables: relations.filter(({ own }) => own).length };
}

interface Relation {
  readonly oid: number;
  /** As SQL. */
  readonly name: string;
  /** Its access method is the one that amcheck knows. */
  readonly heap: boolean;
  /** Somebody made it. */
  readonly own: boolean;
}

async function amcheckSchema(session: SqlSession): Promise<string | undefined> {
  const [found] = await session.query<{ schema: string }>(
    "SELECT n.nspname AS schema FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'",
  );
  return found?.schema;
}

/** Its pages by amcheck, and those of its large values. */
async function readTable(
  session: SqlSession,
  { oid, name, heap }: Relation,
  amcheck: string | undefined,
  tables: Differences,
): Promise<void> {
  if (amcheck === undefined) return void tables.unverified(`table ${name}: ${NO_AMCHECK}`);
  if (!heap) return void tables.unverified(`table ${name} is stored in a way that amcheck does not know`);
  try {
    const wrong = await session.query<{ place: string; msg: string }>(
      `SELECT format('block %s, row %s', blkno, offnum) AS place, msg
         FROM ${quoteIdentifier(amcheck)}.verify_heapam(${oid}::regclass, check_toast => true) LIMIT ${MOST_PLACES}`,
    );
    for (const { place, msg } of wrong) tables.failed(`table ${name}, ${place}: ${msg}`);
    tables.count(1);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    sayOf(error, `table ${name}`, tables);
  }
}

/** A server that was restored is what it was, whatever that is: what was not valid there is told, and is no difference. */
async function describe(session: SqlSession): Promise<DrillComparison> {
  const definitions = new Differences('definitions');
  const { objects, invalid, sequencesBehind } = await readCatalogFingerprint(session);
  definitions.count(Object.values(objects).reduce((sum, names) => sum + names.length, 0) + 1);
  for (const name of invalid) definitions.note(`${name} is not valid, as it was not at the source`);
  for (const name of sequencesBehind)
    definitions.note(`sequence ${name} is behind its column, as it was at the source`);
  return definitions.result();
}

// Those of the system too: they are the source's own. Of other sessions' temporary tables nothing is left.
const TABLES = `
  SELECT c.oid::int8 AS oid, c.oid::regclass::text AS name, coalesce(a.amname, 'heap') = 'heap' AS heap,
         n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AS own
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_am AS a ON a.oid = c.relam
   WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't'
   ORDER BY c.oid`;
