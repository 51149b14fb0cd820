import { MANIFEST_FORMAT, pointId, type BaseBackupManifest } from '../../../model';
import { PointWriter } from '../../catalog/point-writer';
import { addressOf } from '../../catalog/run-id';
import type { RunContext } from '../../context';
import { BackupError, toBackupError } from '../../errors';
import { findZstd } from '../../postgres/zstd';
import { VERSION } from '../../version';
import { awaitArchivedWal, requireArchive } from './backup/archived-wal';
import type { BaseBackupRun, StoredBaseBackup } from './backup/base-backup-run';
import { describeServer, readClock } from './backup/server';
import { spoolBaseBackup } from './backup/spool-base-backup';
import { streamBaseBackup } from './backup/stream-base-backup';
import type { BaseBackupRequest, BaseBackupResult } from './types';

/**
 * Makes one recovery point of a whole server: its files by stock `pg_basebackup`, and the manifest last, once the log that they
 * need is in the archive. Whatever fails leaves no manifest, and a failure record.
 */
export async function backupBase(request: BaseBackupRequest, context: RunContext): Promise<BaseBackupResult> {
  const begun = performance.now();
  const startedAt = context.now();
  const address = addressOf({ ...request, component: 'base-backup', startedAt });
  const writer = await PointWriter.claim(context.store, address, startedAt, {
    deadlineSeconds: context.deadlineSeconds,
  });
  if (writer === 'taken') return { outcome: 'skipped', reason: 'another run is making, or made, this recovery point' };
  if (writer.attempt > 1) context.reporter.warn(`attempt ${writer.attempt}: those before it failed or were killed`);
  try {
    const manifest = await makePoint(request, context, writer, startedAt);
    return { outcome: 'made', manifest, uri: writer.uri, durationMs: performance.now() - begun };
  } catch (error) {
    const isTaken = error instanceof BackupError && error.code === 'store-conflict' && (await writer.isTakenOver());
    if (isTaken) return { outcome: 'skipped', reason: 'another attempt made it meanwhile' };
    await leaveRecord(writer, error, context);
    throw error;
  }
}

async function makePoint(
  request: BaseBackupRequest,
  context: RunContext,
  writer: PointWriter,
  startedAt: Date,
): Promise<BaseBackupManifest> {
  const server = await describeServer(request, context);
  for (const warning of server.warnings) context.reporter.warn(warning);
  const zstd = await findZstd();
  const run: BaseBackupRun = {
    request,
    context,
    prefix: writer.prefix,
    point: pointId(writer.address),
    server,
    zstd,
  };
  await requireArchive(run);
  const stored = await (server.tablespaces.length === 0 ? streamBaseBackup(run) : spoolBaseBackup(run));
  const endedAt = await readClock(context);
  const wal = { systemIdentifier: server.systemIdentifier, ...stored.manifest.wal, segmentBytes: server.segmentBytes };
  await awaitArchivedWal(run, wal);
  const manifest = composeManifest(run, writer.address, startedAt, { ...stored, wal, endedAt });
  context.signal.throwIfAborted();
  await writer.finish(manifest);
  return manifest;
}

/** Stored, and its log is in the archive. */
interface ProvenBaseBackup extends StoredBaseBackup, Pick<BaseBackupManifest, 'wal'> {
  readonly endedAt: Date;
}

function composeManifest(
  { request, context, server, zstd }: BaseBackupRun,
  address: PointWriter['address'],
  startedAt: Date,
  { archive, tablespaces, manifestObject, manifest, wal, endedAt }: ProvenBaseBackup,
): BaseBackupManifest {
  const objects = [archive, ...tablespaces, ...(manifestObject ? [manifestObject] : [])];
  const { version, major, standby, user } = server.facts;
  return {
    format: MANIFEST_FORMAT,
    point: pointId(address),
    source: address.source,
    component: 'base-backup',
    class: address.class,
    scheduledAt: request.scheduledAt?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: context.now().toISOString(),
    tool: { name: 'postgres-backup', version: VERSION },
    server: { version, major, standby, role: user, database: server.database },
    client: { postgres: server.tool.version, zstd: zstd.version },
    wal,
    endedAt: endedAt.toISOString(),
    archive: 0,
    backupManifest: manifestObject ? objects.length - 1 : null,
    tablespaces: server.tablespaces.map((tablespace, index) => ({ ...tablespace, archive: index + 1 })),
    contentBytes: manifest.contentBytes,
    objects,
    dependsOn: [],
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: manifest.files.size,
    },
    warnings: [...server.warnings],
  };
}

/** The failure is thrown either way; that its record could not be written is said, and does not hide it. */
async function leaveRecord(writer: PointWriter, error: unknown, context: RunContext): Promise<void> {
  try {
    await writer.fail(toBackupError(error), context.now());
  } catch (unrecorded) {
    const point = pointId(writer.address);
    context.reporter.warn(`no failure record could be left for ${point}: ${toBackupError(unrecorded).message}`);
  }
}
