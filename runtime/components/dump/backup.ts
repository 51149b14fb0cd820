import { pointId, type DumpManifest, type DumpedDatabase } from '../../../model';
import { PointWriter } from '../../catalog/point-writer';
import { addressOf } from '../../catalog/run-id';
import type { RunContext } from '../../context';
import { BackupError, toBackupError } from '../../errors';
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
  const begun = performance.now();
  const startedAt = context.now();
  const writer = await PointWriter.claim(
    context.store,
    addressOf({ ...request, component: 'dump', startedAt }),
    startedAt,
    { deadlineSeconds: context.deadlineSeconds },
  );
  if (writer === 'taken') return { outcome: 'skipped', reason: 'another run is making, or made, this recovery point' };
  if (writer.attempt > 1) context.reporter.warn(`attempt ${writer.attempt}: those before it failed or were killed`);
  try {
    const manifest = await makePoint(request, context, writer, startedAt);
    return { outcome: 'made', manifest, uri: writer.uri, durationMs: performance.now() - begun };
  } catch (error) {
    if (await isMadeByAnother(writer, error))
      return { outcome: 'skipped', reason: 'another attempt made it meanwhile' };
    await leaveRecord(writer, error, context);
    throw error;
  }
}

/** Only a manifest is in its place before: what an attempt stores besides is in a folder of its own. */
async function isMadeByAnother(writer: PointWriter, error: unknown): Promise<boolean> {
  return error instanceof BackupError && error.code === 'store-conflict' && writer.isTakenOver();
}

async function makePoint(
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
  };
  const globals = request.globals ? await dumpGlobals(run, names[0]) : null;
  const databases: DumpedDatabase[] = [];
  for (const name of names) databases.push(await viewAndDump(run, name));
  const manifest = composeManifest(run, writer.address, server, startedAt, { globals, databases });
  context.signal.throwIfAborted();
  await writer.finish(manifest);
  return manifest;
}

/** The failure is thrown either way; that its record could not be written is said, and does not hide it. */
async function leaveRecord(writer: PointWriter, error: unknown, context: RunContext): Promise<void> {
  try {
    await writer.fail(toBackupError(error), context.now());
  } catch (unrecorded) {
    const { address } = writer;
    context.reporter.warn(
      `no failure record could be left for ${pointId(address)}: ${toBackupError(unrecorded).message}`,
    );
  }
}
