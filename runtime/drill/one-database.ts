import type { DrilledCheck, DrilledDatabase, DumpedDatabase } from '../../model';
import { restoreDump } from '../components/dump/restore';
import { createDatabase } from '../components/dump/restore/target-database';
import { readArchiveHead } from '../components/dump/verified-archive';
import { BackupError } from '../errors';
import { formatNumberOf } from '../observe/format';
import type { ArchiveEntry } from '../postgres/archive/archive-head';
import { quoteIdentifier } from '../postgres/sql-quoting';
import { SqlError } from '../postgres/server-error';
import { openSession, type SqlSession } from '../postgres/session';
import { findZstd } from '../postgres/zstd';
import { carryOutChecks } from './checks';
import { compareDatabase } from './compare/compare';
import { createAmcheck, createExtensions } from './extensions';
import { chooseDefinitions, describeEntry } from './left-out';
import { RESTORER } from './server';
import type { OneDatabase } from './types';

export interface OneResult {
  readonly database: DrilledDatabase;
  readonly checks: readonly DrilledCheck[];
}

/** Restores one database into the drill's server, holds it against the manifest, asks the user's checks, and drops it. */
export async function drillDatabase(drill: OneDatabase): Promise<OneResult> {
  const { dumped, server, context, phases } = drill;
  const name = localName(dumped);
  const entries = await phases.run(dumped.name, 'definitions', async () => {
    const found = await readEntries(drill);
    return [formatNumberOf(found.length, 'entry', 'entries'), found];
  });
  const prepared = await phases.run(dumped.name, 'extensions', async () => {
    const made = await prepareDatabase(drill, name, entries);
    return [formatNumberOf(made.extensions, 'extension'), made];
  });
  try {
    const chosen = chooseDefinitions(entries);
    await restore(drill, name, chosen.made);
    const session = await openSession(await server.restorer.open(name), server.tools, { signal: context.signal });
    try {
      const comparisons = await phases.run(dumped.name, 'comparing', async (step) => {
        const restored = { ...drill, ...prepared, session, entries, leftOut: chosen.leftOut };
        const done = await compareDatabase({ ...restored, signal: context.signal }, (what) => step.detail(what));
        return [formatNumberOf(done.length, 'comparison'), done];
      });
      const checks = await carryOutChecks(drill, name);
      return { database: { name: dumped.name, comparisons, leftOut: chosen.leftOut.map(describeEntry) }, checks };
    } finally {
      await session.close();
    }
  } finally {
    await dropDatabase(drill, name);
  }
}

/** The table of contents of the definitions; each part is proven before it is read. */
async function readEntries({ dumped, context }: OneDatabase): Promise<readonly ArchiveEntry[]> {
  if (!dumped.schema) return [];
  const origin = { store: context.store, zstd: await findZstd(), signal: context.signal };
  return (await readArchiveHead(origin, dumped.schema)).entries;
}

/** What belongs to the cluster itself cannot be made. */
function localName({ name }: DumpedDatabase): string {
  return ['postgres', 'template0', 'template1'].includes(name) ? `drill of ${name}` : name;
}

interface Prepared {
  readonly extensions: number;
  readonly amcheckSchema?: string;
  readonly collationProblem?: string;
}

/** Everything that a superuser must do, before the first statement of the dump is run. */
async function prepareDatabase(drill: OneDatabase, name: string, entries: readonly ArchiveEntry[]): Promise<Prepared> {
  const { server, context, dumped, request } = drill;
  const maintenance = await server.openAsSuperuser('postgres', context.signal);
  const collationProblem = await createAsDumped(maintenance, name, dumped).finally(() => maintenance.close());
  const session = await server.openAsSuperuser(name, context.signal);
  try {
    const database = quoteIdentifier(name);
    await session.execute(`ALTER DATABASE ${database} OWNER TO ${RESTORER}`);
    await session.execute(`ALTER SCHEMA public OWNER TO ${RESTORER}`);
    // So that objects can be given to owners who, in a throw-away server, need no rights beyond that.
    await session.execute(`GRANT ALL ON DATABASE ${database} TO PUBLIC`);
    await session.execute('GRANT ALL ON SCHEMA public TO PUBLIC');
    await session.execute(`ALTER DEFAULT PRIVILEGES FOR ROLE ${RESTORER} GRANT ALL ON SCHEMAS TO PUBLIC`);
    const extensions = await createExtensions(session, dumped, entries, request.allowedExtensions);
    return { extensions, amcheckSchema: await createAmcheck(session), collationProblem };
  } finally {
    await session.close();
  }
}

/** Where this machine has not the source's locale, with C: all but the order of text can be tried. Says so. */
async function createAsDumped(
  maintenance: SqlSession,
  name: string,
  dumped: DumpedDatabase,
): Promise<string | undefined> {
  try {
    await createDatabase(maintenance, name, dumped, 'connecting user');
    return undefined;
  } catch (error) {
    if (!(error instanceof SqlError) || !UNKNOWN_LOCALE.has(error.sqlState)) throw error;
    const inC: DumpedDatabase = { ...dumped, collate: 'C', ctype: 'C', localeProvider: 'c', icuLocale: null };
    await createDatabase(maintenance, name, inC, 'connecting user');
    return `the collation ${dumped.collate} is not known on this machine (${error.message}); restored with C`;
  }
}

/** Wrong object type: an invalid locale name; invalid parameter: an ICU locale that is not there, or no such encoding for it. */
const UNKNOWN_LOCALE: ReadonlySet<string> = new Set(['42809', '22023', '42602']);

async function restore(drill: OneDatabase, name: string, made: readonly ArchiveEntry[]): Promise<void> {
  const { server, context, point, dumped, request, phases } = drill;
  if (dumped.content === 'data') {
    throw new BackupError(
      'configuration-invalid',
      `"${dumped.name}" was dumped with rows only: there is nothing to restore them into`,
      {
        hint: 'Drill a recovery point that has definitions too.',
      },
    );
  }
  const target = { description: `drill/${name}`, open: (database = name) => server.restorer.open(database) };
  const report = await restoreDump(
    {
      point,
      database: dumped.name,
      existing: 'as prepared',
      create: false,
      tables: [],
      content: 'all',
      roles: 'skip',
      ownership: drill.ownership,
      jobs: request.jobs,
      chooseDefinitions: () => made,
      comparing: 'nothing',
      scratchDirectory: drill.directory,
    },
    { ...context, server: target },
  );
  for (const phase of report.phases) phases.add(dumped.name, phase);
  for (const warning of report.warnings) context.reporter.warn(warning);
}

/** Makes room for the next; that it cannot be is no reason to lose what was found. */
async function dropDatabase({ server, context }: OneDatabase, name: string): Promise<void> {
  if (context.signal.aborted) return;
  const maintenance = await server.openAsSuperuser('postgres', context.signal).catch(() => undefined);
  if (!maintenance) return;
  await maintenance
    .execute(`DROP DATABASE ${quoteIdentifier(name)} WITH (FORCE)`)
    .catch((error: unknown) => context.reporter.warn(`the restored database stays for now: ${String(error)}`))
    .finally(() => maintenance.close());
}
