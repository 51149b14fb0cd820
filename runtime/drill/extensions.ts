import type { DumpedDatabase } from '../../model';
import { BackupError } from '../errors';
import type { ArchiveEntry } from '../postgres/archive/archive-head';
import { quoteIdentifier, quoteLiteral } from '../postgres/sql-quoting';
import type { SqlSession } from '../postgres/session';
import { RESTORER } from './server';

/**
 * Makes the extensions of a dump before anything else of it, because many can be made by a superuser alone. Only those that are
 * known to do no harm to a server that runs hostile SQL, or that somebody allowed: an extension can open whatever door it
 * likes. What they are is read from the server's own disk; a dump only names them.
 *
 * @throws BackupError `extension-missing`, with its name: without it the rest cannot be made, so nothing is proven.
 */
export async function createExtensions(
  session: SqlSession,
  dumped: DumpedDatabase,
  entries: readonly ArchiveEntry[],
  allowed: readonly string[],
): Promise<number> {
  const wanted = entries.filter(({ kind }) => kind === 'EXTENSION');
  const available = await session.query<{ name: string; version: string }>(
    'SELECT name::text AS name, version::text AS version FROM pg_available_extension_versions',
  );
  for (const entry of wanted) {
    const { name } = entry;
    refuseUnknown(name, allowed);
    const versions = available.filter((one) => one.name === name).map(({ version }) => version);
    if (versions.length === 0) throw missing(name, dumped);
    const version = dumped.extensions.find((one) => one.name === name)?.version;
    const schema = schemaOf(entry);
    await createSchema(session, schema, entries);
    await session.execute(
      `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)}` +
        // Another version than the source's is what a restore would get too; the comparison tells of it.
        (version !== undefined && versions.includes(version) ? ` VERSION ${quoteLiteral(version)}` : ''),
    );
    await lendTables(session, name);
    if (REACHES_OUTSIDE.has(name)) await closeFunctions(session, name);
  }
  return wanted.length;
}

/** The schemas that extensions are in: made with them, not again from the archive. */
export function extensionSchemas(entries: readonly ArchiveEntry[]): ReadonlySet<string> {
  return new Set(entries.filter(({ kind }) => kind === 'EXTENSION').map(schemaOf));
}

/** amcheck, for the drill's own use where the source has none; in a schema that no dump writes to. */
export async function createAmcheck(session: SqlSession): Promise<string | undefined> {
  const [found] = await session.query<{ available: boolean }>(
    `SELECT count(*) > 0 AS available FROM pg_available_extensions WHERE name = 'amcheck'`,
  );
  if (!found.available) return undefined;
  await session.execute('CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA pg_catalog');
  const [{ schema }] = await session.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'`,
  );
  await session.execute(
    `GRANT EXECUTE ON FUNCTION ${quoteIdentifier(schema)}.bt_index_check(regclass, boolean) TO ${RESTORER}`,
  );
  return schema;
}

function refuseUnknown(name: string, allowed: readonly string[]): void {
  if (KNOWN.has(name) || allowed.includes(name)) return;
  throw new BackupError('extension-missing', `a drill does not make the extension "${name}" unasked`, {
    detail: 'It is not among those known to do no harm to a server that is handed whatever a dump holds.',
    hint: `If you trust it, allow it: --allow-extension ${name}.`,
  });
}

function missing(name: string, { extensions }: DumpedDatabase): BackupError {
  const version = extensions.find((one) => one.name === name)?.version;
  return new BackupError('extension-missing', `the drill's server has no extension "${name}"`, {
    detail: version === undefined ? undefined : `The source has version ${version}.`,
    hint: 'Run the drill with an image that has it installed: what needs the extension cannot be restored without it.',
  });
}

function schemaOf({ definition }: ArchiveEntry): string {
  const [, quoted, plain] = / WITH SCHEMA (?:"((?:[^"]|"")+)"|([\w$]+));?\s*$/.exec(definition.trim()) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain ?? 'public';
}

async function createSchema(session: SqlSession, schema: string, entries: readonly ArchiveEntry[]): Promise<void> {
  if (schema === 'pg_catalog') return;
  const owner = entries.find(({ kind, name }) => kind === 'SCHEMA' && name === schema)?.owner;
  const roles = await session.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const known = owner !== undefined && roles.some(({ name }) => name === owner);
  await session.execute(
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)} AUTHORIZATION ${known ? quoteIdentifier(owner) : RESTORER}`,
  );
  await session.execute(`GRANT ALL ON SCHEMA ${quoteIdentifier(schema)} TO PUBLIC`);
}

/** Tables of an extension whose rows are dumped belong to the superuser; the restoring role must be able to fill them. */
async function lendTables(session: SqlSession, extension: string): Promise<void> {
  const relations = await session.query<{ name: string }>(`
    SELECT c.oid::regclass::text AS name FROM pg_extension AS e
     CROSS JOIN LATERAL unnest(e.extconfig) AS config (relation) JOIN pg_class AS c ON c.oid = config.relation
     WHERE e.extname = ${quoteLiteral(extension)}`);
  for (const { name } of relations) await session.execute(`GRANT ALL ON TABLE ${name} TO ${RESTORER}`);
}

async function closeFunctions(session: SqlSession, extension: string): Promise<void> {
  const functions = await session.query<{ name: string }>(`
    SELECT p.oid::regprocedure::text AS name FROM pg_extension AS e
      JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
     WHERE e.extname = ${quoteLiteral(extension)}`);
  for (const { name } of functions) await session.execute(`REVOKE ALL ON ROUTINE ${name} FROM PUBLIC`);
}

/** Made, so that what names them can be made, but nobody may call them: they connect to other servers. */
const REACHES_OUTSIDE: ReadonlySet<string> = new Set(['dblink']);

/**
 * PostgreSQL's own (each lets an ordinary role do nothing outside of the database, but those above; foreign-data wrappers need a
 * right that nobody has here), and those that are often found beside them and only compute or store.
 */
const KNOWN: ReadonlySet<string> = new Set(
  `adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw
   fuzzystrmatch hstore insert_username intagg intarray isn lo ltree moddatetime old_snapshot pageinspect pg_buffercache
   pg_freespacemap pg_logicalinspect pg_overexplain pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility
   pg_walinspect pgcrypto pgrowlocks pgstattuple plpgsql postgres_fdw refint seg sslinfo tablefunc tcn tsm_system_rows
   tsm_system_time unaccent uuid-ossp xml2
   address_standardizer address_standardizer_data_us h3 hll hypopg ip4r pg_hint_plan pg_partman pg_repack pgaudit pgrouting
   pgtap postgis postgis_raster postgis_sfcgal postgis_tiger_geocoder postgis_topology prefix rum semver vector`
    .trim()
    .split(/\s+/),
);
