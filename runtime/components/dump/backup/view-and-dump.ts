import type { CatalogDetails, DumpedDatabase } from '../../../../model';
import { readCatalogDetails } from '../../../postgres/catalog-details';
import { readCatalogFingerprint } from '../../../postgres/catalog-fingerprint';
import { listTables } from '../../../postgres/catalog-tables';
import { countLargeObjects, listExtensions, readDatabaseFacts, readLsn } from '../../../postgres/server-facts';
import { withSavepoint } from '../../../postgres/savepoint';
import { SqlError } from '../../../postgres/server-error';
import { openSession, type SqlSession } from '../../../postgres/session';
import type { BackupRun } from './backup-run';
import { dumpDatabase } from './database-dump';
import { archiveEncodings } from './dump-arguments';
import { isPassing } from './dump-failure';
import { exportSnapshot, lockTables } from './snapshot';
import { chooseHashedTables } from './hashed-tables';
import { refuseUnfit } from './refuse-unfit';

/** Dumps one database; once more, with a new snapshot, when the server went away under the first attempt. */
export async function viewAndDump(run: BackupRun, name: string): Promise<DumpedDatabase> {
  try {
    return await attempt(run, name);
  } catch (error) {
    if (!isPassing(error) || run.context.signal.aborted) throw error;
    run.context.reporter.warn(`the server went away during the dump of "${name}"; trying once more`);
    return attempt(run, name);
  }
}

async function attempt(run: BackupRun, name: string): Promise<DumpedDatabase> {
  const { request, context, tools } = run;
  await refuseUnfit(run, name);
  const session = await openSession(await context.server.open(name), tools, {
    signal: context.signal,
    lockTimeoutSeconds: request.lockTimeoutSeconds,
  });
  try {
    return await dumpInSnapshot(run, name, session);
  } finally {
    await session.close();
  }
}

async function dumpInSnapshot(run: BackupRun, name: string, session: SqlSession): Promise<DumpedDatabase> {
  const { request } = run;
  const snapshot = await exportSnapshot(session);
  await run.onSnapshot(name, snapshot.takenAt);
  const lsn = await readLsn(session);
  const { tables } = await listTables(session, {
    critical: request.criticalTables,
    ephemeral: request.ephemeralTables,
  });
  await lockTables(session, tables);
  const { owner, encoding, collate, ctype, localeProvider, icuLocale, sizeBytes } = await readDatabaseFacts(session);
  const extensions = await listExtensions(session);
  const largeObjects = await countLargeObjects(session);
  const catalog = { ...(await readCatalogFingerprint(session)), details: await readDetails(run, name, session) };
  const hashedTables = await chooseHashedTables(session, tables, request.contentHashTables ?? []);
  // Last: when it returns, objects are visible, and a second attempt could not write them again.
  const archives = await dumpDatabase(run, {
    name,
    session,
    tables,
    hashedTables,
    shared: {
      snapshot: snapshot.name,
      lockTimeoutSeconds: request.lockTimeoutSeconds,
      encodings: archiveEncodings(encoding, tables),
    },
  });
  return {
    name,
    owner,
    encoding,
    collate,
    ctype,
    localeProvider,
    icuLocale,
    sizeBytes,
    snapshotAt: snapshot.takenAt.toISOString(),
    lsn,
    content: request.content,
    ...archives,
    extensions,
    largeObjects,
    catalog,
  };
}

/** A drill can tell less without them: that is no reason to have no backup. */
async function readDetails(
  { context }: BackupRun,
  name: string,
  session: SqlSession,
): Promise<CatalogDetails | undefined> {
  try {
    return await withSavepoint(session, () => readCatalogDetails(session));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    context.reporter.warn(
      `what things in "${name}" are like is not known, so a drill cannot compare it: ${error.message}`,
    );
    return undefined;
  }
}
