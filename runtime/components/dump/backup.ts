import { type DumpManifest, type DumpedDatabase } from '../../../model';
import { makePoint } from '../../catalog/make-point';
import type { PointWriter } from '../../catalog/point-writer';
import type { RunContext } from '../../context';
import { findZstd } from '../../postgres/zstd';
import type { BackupRun } from './backup/backup-run';
import { composeManifest } from './backup/compose-manifest';
import { dumpGlobals } from './backup/globals';
import { databasesToDump, describeServer } from './backup/server';
import { viewAndDump } from './backup/view-and-dump';
import type { DumpRequest, DumpResult } from './types';

/**
 * Makes one recovery point: roles, then each database in a snapshot of its own, the manifest last. Whatever fails leaves no
 * manifest and a failure record; a second run for the same scheduled time is skipped before it does anything, unless the first
 * failed or was killed.
 */
export async function backupDump(request: DumpRequest, context: RunContext): Promise<DumpResult> {
  return makePoint({ ...request, component: 'dump' }, context, (writer, startedAt) =>
    storeDump(request, context, writer, startedAt),
  );
}

async function storeDump(
  request: DumpRequest,
  context: RunContext,
  writer: PointWriter,
  startedAt: Date,
): Promise<DumpManifest> {
  const server = await describeServer(context);
  const names = databasesToDump(request, server);
  for (const warning of server.warnings) context.reporter.warn(warning);
  const run: BackupRun = {
    request,
    context,
    prefix: writer.prefix,
    tools: server.tools,
    zstd: await findZstd(),
    warnings: [...server.warnings],
    // Of the last database: from then on, whatever a row can refer to was there.
    onSnapshot: async (name, takenAt) => {
      if (name === names.at(-1)) await writer.noteSnapshot(takenAt);
    },
  };
  const globals = request.globals ? await dumpGlobals(run, names[0]) : null;
  const databases: DumpedDatabase[] = [];
  for (const name of names) databases.push(await viewAndDump(run, name));
  return composeManifest(run, writer.address, server, startedAt, { globals, databases });
}
