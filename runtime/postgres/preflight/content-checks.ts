import type { PreflightFinding } from '../../components/dump/types';
import { BackupError } from '../../errors';
import type { TableListing } from '../catalog-tables';
import { listExtensions, readDatabaseFacts, type ServerFacts } from '../server-facts';
import type { SqlSession } from '../session';
import { failed, passed, someOf, warning } from './finding';

/** What the database holds: whether that can be all, and what a restore will need. */

export function checkMinimumTables(listing: TableListing, minimumTables: number): PreflightFinding {
  const check = 'tables';
  const { length } = listing.tables;
  if (length >= minimumTables) return passed(check, `${length}, at least ${minimumTables} expected`);
  return failed(
    check,
    new BackupError('database-empty', `the database has ${length} tables, at least ${minimumTables} are expected`, {
      hint: 'Is it the right database? Then lower the minimum number of tables.',
    }),
  );
}

export async function checkSize(session: SqlSession, listing: TableListing): Promise<PreflightFinding> {
  const { sizeBytes } = await readDatabaseFacts(session);
  const tableBytes = listing.tables.reduce((sum, table) => sum + table.sizeBytes, 0);
  const database = sizeBytes === null ? '' : ` of ${sizeBytes} bytes in the database, indexes included`;
  return passed('size', `about ${tableBytes} bytes in tables${database}`);
}

export async function checkExtensions(session: SqlSession): Promise<PreflightFinding> {
  const extensions = (await listExtensions(session)).map(({ name, version }) => `${name} ${version}`);
  return passed('extensions', `a restore needs ${extensions.length === 0 ? 'none' : extensions.join(', ')}`);
}

/** Unlogged tables are not replicated: a standby has their definitions only. */
export function checkUnloggedTables(server: ServerFacts, listing: TableListing): PreflightFinding[] {
  const unlogged = listing.tables
    .filter((table) => table.unlogged && table.class !== 'ephemeral')
    .map(({ schema, name }) => `${schema}.${name}`);
  if (!server.standby || unlogged.length === 0) return [];
  const finding = `on a standby ${unlogged.length} unlogged tables have no rows: ${someOf(unlogged)}`;
  return [warning('unlogged tables', finding, 'Dump the primary, make the tables logged, or class them as ephemeral.')];
}

export async function checkPreparedTransactions(session: SqlSession): Promise<PreflightFinding[]> {
  const prepared = await session.query<{ name: string }>(
    'SELECT gid AS name FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared',
  );
  if (prepared.length === 0) return [];
  const finding = `${prepared.length} prepared transactions are neither committed nor rolled back: ${someOf(prepared.map(({ name }) => name))}`;
  return [
    warning(
      'prepared transactions',
      finding,
      'Their changes are not in a dump. COMMIT PREPARED or ROLLBACK PREPARED them.',
    ),
  ];
}
