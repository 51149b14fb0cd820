import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import type { SqlSession } from '../../../postgres/session';
import { expectedTables } from './compare-rows';
import { isWanted, selectDefinitions } from './entry-selection';
import { maintenanceDatabase, openTargetSession, type Definitions, type RestoreRun } from './restore-run';
import { withoutPresent } from './present-objects';
import { restoreRoles } from './roles';
import { refuseExistingTables, refuseNonEmpty, refuseUnfinished, refuseUnfitTables } from './target-content';
import {
  createDatabase,
  databaseExists,
  dropDatabase,
  executeDefinitions,
  isDatabaseRight,
  isDatabaseSetting,
  refuseMissingRoles,
  refuseOtherEncoding,
} from './target-database';

export interface PreparedTarget {
  readonly session: SqlSession;
  /** Those to be restored. */
  readonly definitions: Definitions | null;
  /** Settings of the database itself, to be made when everything else is done; of one that was there before, none. */
  readonly settings: readonly ArchiveEntry[];
}

/**
 * Brings the target to where the first object can be made: created or emptied when told so, otherwise refused unless there is
 * room for what comes. Returns the session with it. All checks that need no change come before the first change.
 */
export async function prepareTarget(run: RestoreRun, definitions: Definitions | null): Promise<PreparedTarget> {
  return run.phases.run('target', async () => {
    const fresh = await makeFresh(run, definitions);
    const session = await openTargetSession(run, run.target.database);
    try {
      const selected = await selectForTarget(run, session, definitions);
      await checkTarget(run, session, selected);
      const settings = fresh ? ownDefinitions(run, definitions).filter(isDatabaseSetting) : [];
      return [
        `"${run.target.database}" ${fresh ? 'created' : 'has room'}`,
        { session, definitions: selected, settings },
      ];
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
    await createDatabase(maintenance, target.database, dumped, request.ownership);
    tellLeftOut(run, definitions);
    await executeDefinitions(maintenance, ownDefinitions(run, definitions).filter(isDatabaseRight));
    return true;
  } finally {
    await maintenance.close();
  }
}

/** Makes what {@link prepareTarget} left for the end. */
export async function finishTarget(run: RestoreRun, { settings }: PreparedTarget): Promise<void> {
  if (settings.length === 0) return;
  const maintenance = await openTargetSession(run, maintenanceDatabase(run.target.database));
  await executeDefinitions(maintenance, settings).finally(() => maintenance.close());
}

/** What the archive says of the database itself, where it can be said of the target. */
function ownDefinitions(run: RestoreRun, definitions: Definitions | null): readonly ArchiveEntry[] {
  if (!definitions || run.request.ownership !== 'as dumped' || run.target.database !== run.dumped.name) return [];
  return definitions.entries;
}

function tellLeftOut(run: RestoreRun, definitions: Definitions | null): void {
  if (!definitions || run.request.ownership !== 'as dumped' || run.target.database === run.dumped.name) return;
  if (!definitions.entries.some((entry) => isDatabaseRight(entry) || isDatabaseSetting(entry))) return;
  run.warnings.push(
    `settings and grants of the database itself were left out: the target is not called "${run.dumped.name}"`,
  );
}

async function selectForTarget(
  run: RestoreRun,
  session: SqlSession,
  definitions: Definitions | null,
): Promise<Definitions | null> {
  if (!definitions) return null;
  const choose = run.request.chooseDefinitions;
  if (run.wanted.length === 0)
    return choose ? { ...definitions, entries: choose(definitions.entries), made: 'some' } : definitions;
  const selected = selectDefinitions(definitions.entries, run.wanted);
  // For rows alone nothing is made, and the sequences that are there are to be set.
  const entries = run.content === 'data' ? selected : await withoutPresent(session, selected);
  return { ...definitions, entries, made: 'some' };
}

async function checkTarget(run: RestoreRun, session: SqlSession, selected: Definitions | null): Promise<void> {
  const { target, dumped, wanted, content } = run;
  await refuseOtherEncoding(session, dumped);
  if (selected && run.request.ownership === 'as dumped') await refuseMissingRoles(session, selected.entries);
  const tables = expectedTables(dumped, (table) => wanted.length === 0 || isWanted(table, wanted));
  if (run.request.existing === 'as prepared') return;
  if (content !== 'data' && wanted.length === 0) return refuseNonEmpty(session, target.description);
  await refuseUnfinished(session, target.description);
  if (content === 'data') return refuseUnfitTables(session, tables, target.description);
  return refuseExistingTables(session, tables, target.description);
}
