import { MANIFEST_FORMAT, pointId, type BaseBackupManifest } from '../../../model';
import { makePoint } from '../../catalog/make-point';
import type { PointWriter } from '../../catalog/point-writer';
import type { RunContext } from '../../context';
import { findZstd } from '../../postgres/zstd';
import { VERSION } from '../../version';
import { awaitArchivedWal, requireArchive } from './backup/archived-wal';
import type { BaseBackupRun } from './backup/base-backup-run';
import { sendBaseBackup, type SentBaseBackup } from './backup/send-changes';
import { describeServer, readClock } from './backup/server';
import type { BaseBackupRequest, BaseBackupResult } from './types';

/**
 * Makes one recovery point of a whole server: its files by stock `pg_basebackup`, or what changed in them, and the manifest last,
 * once the log that they need is in the archive. Whatever fails leaves no manifest, and a failure record.
 */
export async function backupBase(request: BaseBackupRequest, context: RunContext): Promise<BaseBackupResult> {
  return makePoint({ ...request, component: 'base-backup' }, context, (writer, startedAt) =>
    storeBaseBackup(request, context, writer, startedAt),
  );
}

async function storeBaseBackup(
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
    warnings: [...server.warnings],
  };
  await requireArchive(run);
  const stored = await sendBaseBackup(run);
  const endedAt = await readClock(context);
  const wal = { systemIdentifier: server.systemIdentifier, ...stored.manifest.wal, segmentBytes: server.segmentBytes };
  await awaitArchivedWal(run, wal);
  return composeManifest(run, writer.address, startedAt, { ...stored, wal, endedAt });
}

/** Stored, and its log is in the archive. */
interface ProvenBaseBackup extends SentBaseBackup, Pick<BaseBackupManifest, 'wal'> {
  readonly endedAt: Date;
}

function composeManifest(
  { request, context, server, zstd, warnings }: BaseBackupRun,
  address: PointWriter['address'],
  startedAt: Date,
  { archive, tablespaces, manifestObject, manifest, builtOn, wal, endedAt }: ProvenBaseBackup,
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
    builtOn,
    dependsOn: builtOn.map(({ point }) => point),
    totals: {
      storedBytes: objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      objects: objects.length,
      items: manifest.files.size,
    },
    warnings: [...warnings],
  };
}
