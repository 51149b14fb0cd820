import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DumpContent, DumpedDatabase } from '../../../../model';
import type { RunContext } from '../../../context';
import { BackupError, usageError } from '../../../errors';
import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import { openSession, type SqlSession } from '../../../postgres/session';
import { findPsql, findTools, type PostgresTools } from '../../../postgres/tools';
import { findZstd } from '../../../postgres/zstd';
import type { RestoreRequest } from '../types';
import { chosenDatabase, restorableContent } from './chosen-database';
import { parseWantedTable, type WantedTable } from './entry-selection';
import { Phases } from './phases';
import { refuseOlderServer } from './target-database';
import type { ArchiveOrigin } from '../verified-archive';

/** Everything the steps of one restore share. */
export interface RestoreRun {
  readonly request: RestoreRequest;
  readonly context: RunContext;
  readonly dumped: DumpedDatabase;
  readonly content: DumpContent;
  /** Empty: everything. Partitions are among them only once the definitions are read. */
  readonly wanted: readonly WantedTable[];
  readonly target: { readonly database: string; readonly description: string };
  readonly tools: PostgresTools;
  readonly origin: ArchiveOrigin;
  readonly phases: Phases;
  /** For definitions and lists; rows never touch a disk. */
  readonly directory: string;
  /** Ends every process of the run. */
  readonly stop: AbortController;
  readonly warnings: string[];
}

/** The definitions of the dumped database, in a file so that they can be restored in parallel. */
export interface Definitions {
  readonly file: string;
  readonly entries: readonly ArchiveEntry[];
  /** `some`: those of the entries alone are made. */
  readonly made: 'all' | 'some';
}

/** Checks what can be checked without touching the target, and gathers what the steps need. */
export async function beginRestore(request: RestoreRequest, context: RunContext): Promise<RestoreRun> {
  const dumped = chosenDatabase(request.point, request.database);
  const content = restorableContent(dumped, request.content);
  const wanted = request.tables.map(parseWantedTable);
  if (request.existing === 'clean' && (wanted.length > 0 || content === 'data')) {
    throw usageError('--clean drops the whole database, so it cannot go with --table or --data-only');
  }
  const { database, description } = await context.server.open();
  const zstd = await findZstd();
  const tools = await toolsOfTarget(request, context, database);
  const stop = new AbortController();
  context.signal.addEventListener('abort', () => stop.abort(context.signal.reason), { once: true });
  if (context.signal.aborted) stop.abort(context.signal.reason);
  return {
    request,
    context,
    dumped,
    content,
    wanted,
    target: { database, description },
    tools,
    origin: { store: context.store, zstd, signal: stop.signal },
    phases: new Phases(context.reporter),
    directory: await makeDirectory(request.scratchDirectory ?? os.tmpdir()),
    stop,
    warnings: [],
  };
}

/** @throws BackupError `configuration-invalid` where nothing can be written, as on a read-only root without a volume. */
async function makeDirectory(parent: string): Promise<string> {
  try {
    return await mkdtemp(path.join(parent, 'postgres-backup-restore-'));
  } catch (error) {
    throw new BackupError('configuration-invalid', `a restore cannot write to ${parent}`, {
      detail: (error as Error).message,
      hint: 'It keeps the definitions of tables there, not their rows: mount a small writable volume, or set TMPDIR to one.',
      cause: error,
    });
  }
}

/** A session with the target, or with `database` beside it. */
export async function openTargetSession(
  run: Pick<RestoreRun, 'context' | 'tools'>,
  database: string,
  signal: AbortSignal = run.context.signal,
): Promise<SqlSession> {
  return openSession(await run.context.server.open(database), run.tools, { signal });
}

/** A database to stand in while the target is dropped or created. */
export function maintenanceDatabase(target: string): string {
  return target === 'postgres' ? 'template1' : 'postgres';
}

async function toolsOfTarget(request: RestoreRequest, context: RunContext, target: string): Promise<PostgresTools> {
  const psql = await findPsql();
  const major = await serverMajor(context, psql, target).catch((error: unknown) => {
    const mayBeMissing = request.create || request.existing === 'clean';
    if (!(error instanceof BackupError) || error.code !== 'database-missing' || !mayBeMissing) throw error;
    return serverMajor(context, psql, maintenanceDatabase(target));
  });
  refuseOlderServer(major, request.point.manifest);
  return findTools(major);
}

async function serverMajor(context: RunContext, psql: Pick<PostgresTools, 'psql'>, database: string): Promise<number> {
  const session = await openSession(await context.server.open(database), psql, { signal: context.signal });
  try {
    const [{ number }] = await session.query<{ number: number }>(
      `SELECT current_setting('server_version_num')::int AS number`,
    );
    return Math.floor(number / 10_000);
  } finally {
    await session.close();
  }
}
