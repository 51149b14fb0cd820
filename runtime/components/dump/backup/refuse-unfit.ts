import { listTables } from '../../../postgres/catalog-tables';
import type { SqlSession } from '../../../postgres/session';
import { BackupError } from '../../../errors';
import type { BackupRun } from './backup-run';

/** Refuses a database that cannot be dumped whole, before anything of it is read. */
export async function refuseUnfit(run: BackupRun, name: string, session: SqlSession): Promise<void> {
  const { tables } = await listTables(session);
  if (tables.length >= run.request.minimumTables) return;
  throw new BackupError('database-empty', `database "${name}" has ${tables.length} tables`, {
    detail: `At least ${run.request.minimumTables} were expected: the wrong database, or an empty one, dumps without complaint.`,
    hint: 'Check the connection, or state how many there should be: --minimum-tables.',
  });
}
