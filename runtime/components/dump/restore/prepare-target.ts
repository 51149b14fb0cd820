import { qualifiedName } from '../../../postgres/sql-quoting';
import type { SqlSession } from '../../../postgres/session';
import { expectedTables } from './compare-rows';
import { isWanted, selectDefinitions } from './entry-selection';
import { maintenanceDatabase, openTargetSession, type Definitions, type RestoreRun } from './restore-run';
import { restoreRoles } from './roles';
import { refuseExistingTables, refuseFilledTables, refuseNonEmpty } from './target-content';
import {
  createDatabase,
  databaseExists,
  dropDatabase,
  isDatabaseSetting,
  refuseMissingRoles,
  refuseOtherEncoding,
  restoreDatabaseSettings,
} from './target-database';

/**
 * Brings the target to where the first object can be made: created or emptied when told so, otherwise refused unless there is
 * room for what comes. Returns the session with it. All checks that need no change come before the first change.
 */
export async function prepareTarget(run: RestoreRun, definitions: Definitions | null): Promise<SqlSession> {
  return run.phases.run('target', async () => {
    const fresh = await makeFresh(run, definitions);
    const session = await openTargetSession(run, run.target.database);
    try {
      await checkTarget(run, session, definitions);
      return [fresh ? `"${run.target.database}" created` : `"${run.target.database}" has room`, session];
    } catch (error) {
      await session.close();
      throw error;
    }
  });
}

async function makeFresh(run: RestoreRun, definitions: Definitions | null): Promise<boolean> {
  const { request, target, dumped } = run;
  if (request.existing !== 'clean' && !request.create && request.roles === 'skip') return false;
  const maintenance = await openTargetSession(run, maintenanceDatabase(target.database));
  try {
    if (request.roles === 'restore') await restoreRoles(run.origin, request.point.manifest.globals, maintenance);
    if (definitions && request.ownership === 'as dumped') await refuseMissingRoles(maintenance, definitions.entries);
    const exists = await databaseExists(maintenance, target.database);
    if (exists && request.existing !== 'clean') return false;
    if (exists) await dropDatabase(maintenance, target.database);
    else if (request.existing !== 'clean' && !request.create) return false;
    await createDatabase(maintenance, target.database, dumped);
    await restoreSettings(run, maintenance, definitions);
    return true;
  } finally {
    await maintenance.close();
  }
}

async function restoreSettings(
  run: RestoreRun,
  maintenance: SqlSession,
  definitions: Definitions | null,
): Promise<void> {
  if (!definitions || run.request.ownership !== 'as dumped') return;
  const settings = definitions.entries.filter(isDatabaseSetting);
  if (settings.length === 0) return;
  if (run.target.database === run.dumped.name) return restoreDatabaseSettings(maintenance, settings);
  run.warnings.push(
    `settings and grants of the database itself were left out: the target is not called "${run.dumped.name}"`,
  );
}

async function checkTarget(run: RestoreRun, session: SqlSession, definitions: Definitions | null): Promise<void> {
  const { target, dumped, wanted, content } = run;
  await refuseOtherEncoding(session, dumped);
  if (definitions && run.request.ownership === 'as dumped') {
    const needed = wanted.length > 0 ? selectDefinitions(definitions.entries, wanted) : definitions.entries;
    await refuseMissingRoles(session, needed);
  }
  const tables = expectedTables(dumped, (table) => wanted.length === 0 || isWanted(table, wanted));
  if (content === 'data') return refuseFilledTables(session, tables, qualifiedName, target.description);
  if (wanted.length > 0) return refuseExistingTables(session, tables, target.description);
  return refuseNonEmpty(session, target.description);
}
