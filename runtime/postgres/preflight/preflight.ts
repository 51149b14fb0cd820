import type { DumpRequest, PreflightFinding } from '../../components/dump/types';
import { toBackupError } from '../../errors';
import { listTables, type TableListing } from '../catalog-tables';
import type { ConnectionSource } from '../connection';
import { readServerFacts, type ServerFacts } from '../server-facts';
import { openSession, type SqlSession } from '../session';
import { findPsql, type PostgresTools } from '../tools';
import {
  checkExtensions,
  checkMinimumTables,
  checkPreparedTransactions,
  checkSize,
  checkUnloggedTables,
} from './content-checks';
import { carryOut, failed, passed } from './finding';
import { checkLocks } from './lock-check';
import { checkReadableLargeObjects, checkReadableTables, checkRowSecurity } from './privilege-checks';
import { checkClient, checkServerVersion } from './version-checks';

/** What of a dump's request the checks depend on. */
export type PreflightRequest = Pick<
  DumpRequest,
  'content' | 'criticalTables' | 'ephemeralTables' | 'minimumTables' | 'lockTimeoutSeconds'
>;

export interface PreflightOptions {
  /** @default the database that the source names */
  database?: string;
  signal?: AbortSignal;
}

/**
 * Looks at one database as a dump would meet it, before the dump is begun. Nothing is changed on the server. It never throws for what
 * it finds: each finding has its outcome, and a check that could not be carried out is `could not verify`. It is good when no
 * finding is `failed` or `could not verify`.
 *
 * @param tools the client tools that will make the dump; absent, whether there are any is checked too.
 * @throws only the reason of an aborted signal.
 */
export async function preflight(
  source: ConnectionSource,
  tools: PostgresTools | undefined,
  request: PreflightRequest,
  options: PreflightOptions = {},
): Promise<PreflightFinding[]> {
  let session: SqlSession;
  try {
    session = await openSession(await source.open(options.database), tools ?? (await findPsql()), {
      signal: options.signal,
      lockTimeoutSeconds: request.lockTimeoutSeconds,
    });
  } catch (thrown) {
    options.signal?.throwIfAborted();
    return [failed('connection', toBackupError(thrown))];
  }
  try {
    const connected = passed('connection', source.description);
    const findings = [connected, ...(await checkDatabase(session, tools, request, options.signal))];
    options.signal?.throwIfAborted();
    return findings;
  } finally {
    await session.close();
  }
}

async function checkDatabase(
  session: SqlSession,
  tools: PostgresTools | undefined,
  request: PreflightRequest,
  signal: AbortSignal | undefined,
): Promise<PreflightFinding[]> {
  let server: ServerFacts | undefined;
  const versions = await carryOut('server version', async () => {
    server = await readServerFacts(session);
    return [checkServerVersion(server), ...(await checkClient(server, tools))];
  });
  return [
    ...versions,
    ...(await carryOut('readable tables', () => checkReadableTables(session))),
    ...(request.content === 'schema' ? [] : await checkRows(session)),
    ...(await carryOut('locked tables', () => checkLocks(session, request.lockTimeoutSeconds, signal))),
    ...(await checkContents(session, server, request)),
    ...(await carryOut('extensions', () => checkExtensions(session))),
    ...(await carryOut('prepared transactions', () => checkPreparedTransactions(session))),
  ];
}

async function checkRows(session: SqlSession): Promise<PreflightFinding[]> {
  return [
    ...(await carryOut('row-level security', () => checkRowSecurity(session))),
    ...(await carryOut('readable large objects', () => checkReadableLargeObjects(session))),
  ];
}

async function checkContents(
  session: SqlSession,
  server: ServerFacts | undefined,
  request: PreflightRequest,
): Promise<PreflightFinding[]> {
  let listing: TableListing;
  try {
    listing = await listTables(session, { critical: request.criticalTables, ephemeral: request.ephemeralTables });
  } catch (thrown) {
    return failedListing(thrown);
  }
  return [
    checkMinimumTables(listing, request.minimumTables),
    ...(server ? checkUnloggedTables(server, listing) : []),
    ...(await carryOut('size', () => checkSize(session, listing))),
  ];
}

/** A pattern that is wrong is a finding about the setting; anything else means that the tables could not be looked at. */
async function failedListing(thrown: unknown): Promise<PreflightFinding[]> {
  const error = toBackupError(thrown);
  if (error.code === 'configuration-invalid') return [failed('table classes', error)];
  return carryOut('tables', () => Promise.reject(error));
}
