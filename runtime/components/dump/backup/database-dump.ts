import { encodeKeyPart, type DumpedDatabase, type StoredObject, type TableFingerprint } from '../../../../model';
import type { ListedTable } from '../../../postgres/catalog-tables';
import { childEnvironment } from '../../../postgres/child-environment';
import { hashTables } from '../../../postgres/content-hash';
import { countRows } from '../../../postgres/row-counts';
import { formatBytes, formatNumberOf } from '../../../observe/format';
import type { SqlSession } from '../../../postgres/session';
import { runBounded } from '../../../process/bounded';
import { BackupError } from '../../../errors';
import { planArchives, type PlannedArchive } from './archive-plan';
import type { BackupRun } from './backup-run';
import { sendCompressed, type PendingObject } from './compressed-object';
import { namedArguments, restArguments, schemaArguments, type SharedDumpArguments } from './dump-arguments';
import { dumpFailure } from './dump-failure';

/** A database seen in one exported snapshot, with the session that keeps it. */
export interface DatabaseView {
  readonly name: string;
  readonly session: SqlSession;
  readonly shared: SharedDumpArguments;
  readonly tables: readonly ListedTable[];
  /** Those of the tables whose content is hashed. */
  readonly hashedTables: readonly ListedTable[];
}

/** What a dump adds to what is known of the database. */
export type DumpedArchives = Pick<DumpedDatabase, 'schema' | 'data' | 'tables'>;

/** One `pg_dump` and where its archive goes. */
interface ArchiveJob {
  readonly key: string;
  readonly args: readonly string[];
  readonly plan: PlannedArchive | 'schema';
}

/**
 * Dumps one database: every archive is received by the store and every table counted, all in the same snapshot; only when all
 * of it went well does the first object become visible.
 */
export async function dumpDatabase(run: BackupRun, view: DatabaseView): Promise<DumpedArchives> {
  const jobs = planJobs(run, view);
  const stop = new AbortController();
  const abort = (): void => stop.abort(run.context.signal.reason);
  run.context.signal.addEventListener('abort', abort, { once: true });
  const pending: PendingObject[] = [];
  try {
    run.context.signal.throwIfAborted();
    const [, tables] = await allOrStop(stop, [
      () => receiveArchives(run, view, jobs, pending, stop),
      () => fingerprintTables(run, view, stop.signal),
    ]);
    const objects: StoredObject[] = [];
    for (const received of pending) objects.push(await received.complete());
    return describeArchives(jobs, objects, tables);
  } catch (error) {
    let failure: unknown = error;
    // The list has holes where a dump ended before it was received.
    for (const received of Object.values(pending)) failure = await received.giveUp(failure);
    throw failure;
  } finally {
    run.context.signal.removeEventListener('abort', abort);
  }
}

function planJobs(run: BackupRun, view: DatabaseView): ArchiveJob[] {
  const folder = `${run.prefix}${encodeKeyPart(view.name)}/`;
  const { content, jobs } = run.request;
  const schema: ArchiveJob = { key: `${folder}schema.dump.zst`, args: schemaArguments(view.shared), plan: 'schema' };
  if (content === 'schema') return [schema];
  const plans = planArchives(view.tables, jobs);
  const leftOut = view.tables.filter(({ class: tableClass }) => tableClass === 'ephemeral');
  const named = plans.filter(({ selection }) => selection === 'named').flatMap(({ tables }) => tables);
  const data = plans.map((plan, index): ArchiveJob => {
    const tables = plan.tables.map((table) => view.tables[table]);
    const others = [...named.map((table) => view.tables[table]), ...leftOut];
    const args = plan.selection === 'rest' ? restArguments(view.shared, others) : namedArguments(view.shared, tables);
    return { key: `${folder}data-${String(index + 1).padStart(3, '0')}.dump.zst`, args, plan };
  });
  return content === 'data' ? data : [schema, ...data];
}

async function receiveArchives(
  run: BackupRun,
  view: DatabaseView,
  jobs: readonly ArchiveJob[],
  pending: PendingObject[],
  stop: AbortController,
): Promise<void> {
  const step = run.context.reporter.begin(`dump ${view.name}`, { detail: formatNumberOf(jobs.length, 'archive') });
  let receivedBytes = 0;
  const receive = async (job: ArchiveJob, index: number): Promise<void> => {
    const connection = await run.context.server.open(view.name);
    pending[index] = await sendCompressed({
      store: run.context.store,
      key: job.key,
      producer: { name: 'pg_dump', file: run.tools.pgDump, args: job.args },
      env: childEnvironment(connection),
      zstd: run.zstd,
      compressionLevel: run.request.compressionLevel,
      signal: stop.signal,
      onBytes: (sizeBytes) => {
        receivedBytes += sizeBytes;
        step.advance(sizeBytes);
      },
      failure: (failed) => dumpFailure(failed, `"${view.name}"`),
    });
  };
  await runBounded(jobs, run.request.jobs, receive, (error) => {
    step.failed(error instanceof Error ? error.message : String(error));
    stop.abort(error);
  });
  step.done(`${formatBytes(receivedBytes)} in ${formatNumberOf(jobs.length, 'archive')}`);
}

/** Counts in the snapshot's own session: what `pg_dump` saw is what is counted. */
async function countTables(run: BackupRun, view: DatabaseView, signal: AbortSignal): Promise<(number | null)[]> {
  const isCounted = ({ class: tableClass }: ListedTable): boolean =>
    run.request.content !== 'schema' && tableClass !== 'ephemeral';
  const counts = await countRows(view.session, view.tables.filter(isCounted), { signal });
  let next = 0;
  return view.tables.map((table) => (isCounted(table) ? counts[next++] : null));
}

async function fingerprintTables(
  run: BackupRun,
  view: DatabaseView,
  signal: AbortSignal,
): Promise<readonly TableFingerprint[]> {
  const rows = await countTables(run, view, signal);
  const hashes = await hashContent(run, view, signal);
  return view.tables.map((table, index) => {
    const { schema, name, class: tableClass } = table;
    if (rows[index] === undefined) {
      throw new BackupError('fingerprint-failed', `table "${schema}"."${name}" was not counted`);
    }
    const contentHash = hashes.get(table);
    return { schema, name, class: tableClass, rows: rows[index], ...(contentHash !== undefined && { contentHash }) };
  });
}

async function hashContent(run: BackupRun, view: DatabaseView, signal: AbortSignal): Promise<Map<ListedTable, string>> {
  if (run.request.content === 'schema') return new Map();
  const hashed = await hashTables(view.session, view.hashedTables, signal);
  return new Map(view.hashedTables.map((table, index) => [table, hashed[index].hash]));
}

function describeArchives(
  jobs: readonly ArchiveJob[],
  objects: readonly StoredObject[],
  tables: readonly TableFingerprint[],
): DumpedArchives {
  const schema = jobs.findIndex(({ plan }) => plan === 'schema');
  const data = jobs.flatMap(({ plan }, index) =>
    plan === 'schema'
      ? []
      : [{ object: objects[index], class: plan.class, tables: plan.tables, rest: plan.selection === 'rest' }],
  );
  return { schema: schema === -1 ? null : objects[schema], data, tables };
}

/** Runs both at once; the first failure stops the other, is waited for, and thrown. */
async function allOrStop<A, B>(stop: AbortController, work: [() => Promise<A>, () => Promise<B>]): Promise<[A, B]> {
  const stopping = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error: unknown) => {
      stop.abort(error);
      throw error;
    });
  const settled = await Promise.allSettled([stopping(work[0]()), stopping(work[1]())] as const);
  const [first, second] = settled;
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return [first.value, second.value];
  throw stop.signal.reason;
}
