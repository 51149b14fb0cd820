import { rm } from 'node:fs/promises';
import { pointId } from '../../../model';
import type { RunContext } from '../../context';
import { toBackupError } from '../../errors';
import { formatNumberOf } from '../../observe/format';
import type { SqlSession } from '../../postgres/session';
import { countRows } from '../../postgres/row-counts';
import { compareRows, expectedTables, refuseDifferences } from './restore/compare-rows';
import { isWanted } from './restore/entry-selection';
import { setLoginTriggersApart } from './restore/login-triggers';
import { recordFailure, removeMarker, setMarker } from './restore/marker';
import { finishTarget, prepareTarget, type PreparedTarget } from './restore/prepare-target';
import { beginRestore, openTargetSession, type RestoreRun } from './restore/restore-run';
import { loadDefinitions, restoreData, restoreDefinitions } from './restore/steps';
import { wantedTables } from './restore/wanted-tables';
import type { ComparedTable, RestoreReport, RestoreRequest } from './types';

/** How long the word about a failure may take to reach a target that may be what failed. */
const RECORD_TIMEOUT_MS = 10_000;

/**
 * Restores one database of a recovery point: definitions, rows (critical tables first), indexes and constraints, then
 * counts every table and compares. Returns when every table has the rows the manifest promises; whatever else happens is
 * thrown, and leaves the marker in the target that says so.
 */
export async function restoreDump(request: RestoreRequest, context: RunContext): Promise<RestoreReport> {
  const begun = performance.now();
  const beginning = await beginRestore(request, context);
  try {
    const definitions = await loadDefinitions(beginning);
    const run = { ...beginning, wanted: wantedTables(beginning, definitions) };
    const target = await prepareTarget(run, definitions);
    const tables = await restoreUnderMarker(run, target).finally(() => target.session.close());
    return {
      outcome: 'passed',
      point: pointId(request.point.address),
      source: request.point.address.source,
      database: run.dumped.name,
      target: run.target.description,
      phases: run.phases.completed,
      tables,
      durationMs: performance.now() - begun,
      warnings: run.warnings,
    };
  } finally {
    await rm(beginning.directory, { recursive: true, force: true });
  }
}

async function restoreUnderMarker(run: RestoreRun, target: PreparedTarget): Promise<ComparedTable[]> {
  const { session, definitions } = target;
  await setMarker(session, run.request.point, run.context.now());
  try {
    if (definitions && run.content !== 'data') await restoreDefinitions(run, definitions, 'pre-data');
    if (run.content !== 'schema') await restoreData(run, definitions);
    const { first, last } = definitions ? setLoginTriggersApart(definitions) : { first: null, last: null };
    if (first && run.content !== 'data') await restoreDefinitions(run, first, 'post-data');
    const tables = await compareRestored(run, session);
    if (last && run.content !== 'data') await restoreDefinitions(run, last, 'post-data', 'login triggers');
    await finishTarget(run, target);
    await removeMarker(session);
    return tables;
  } catch (error) {
    await sayFailed(run, error);
    throw error;
  }
}

async function compareRestored(run: RestoreRun, session: SqlSession): Promise<ComparedTable[]> {
  if (run.content === 'schema' || run.request.comparing === 'nothing') return [];
  const expected = expectedTables(run.dumped, (table) => run.wanted.length === 0 || isWanted(table, run.wanted));
  return run.phases.run('comparing', async (step) => {
    step.detail(`row counts of ${formatNumberOf(expected.length, 'table')}`);
    const found = await countRows(session, expected, { signal: run.stop.signal });
    const tables = compareRows(expected, found);
    refuseDifferences(tables);
    return [formatNumberOf(tables.length, 'table'), tables];
  });
}

/** By a connection of its own: what ended the run may have ended its session. The marker stands either way. */
async function sayFailed(run: RestoreRun, error: unknown): Promise<void> {
  try {
    const session = await openTargetSession(run, run.target.database, AbortSignal.timeout(RECORD_TIMEOUT_MS));
    await recordFailure(session, toBackupError(error)).finally(() => session.close());
  } catch (unrecorded) {
    run.context.reporter.warn(`the target could not be told why: ${toBackupError(unrecorded).message}`);
  }
}
