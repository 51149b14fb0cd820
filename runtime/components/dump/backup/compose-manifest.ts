import {
  dumpObjects,
  MANIFEST_FORMAT,
  pointId,
  type DumpManifest,
  type DumpedDatabase,
  type StoredObject,
} from '../../../../model';
import type { PointWriter } from '../../../catalog/point-writer';
import { VERSION } from '../../../version';
import type { BackupRun } from './backup-run';
import type { DescribedServer } from './server';

/** Puts together what the run made. Pure but for the clock. */
export function composeManifest(
  run: BackupRun,
  point: PointWriter['address'],
  server: DescribedServer,
  startedAt: Date,
  dumped: { readonly globals: StoredObject | null; readonly databases: readonly DumpedDatabase[] },
): DumpManifest {
  const objects = dumpObjects(dumped);
  const tables = dumped.databases.flatMap((database) => database.tables);
  return {
    format: MANIFEST_FORMAT,
    point: pointId(point),
    source: point.source,
    component: 'dump',
    class: point.class,
    scheduledAt: run.request.scheduledAt?.toISOString() ?? null,
    startedAt: startedAt.toISOString(),
    finishedAt: run.context.now().toISOString(),
    tool: { name: 'postgres-backup', version: VERSION },
    server: { version: server.facts.version, major: server.facts.major, standby: server.facts.standby },
    client: { postgres: run.tools.version, zstd: run.zstd.version },
    globals: dumped.globals,
    databases: dumped.databases,
    totals: {
      storedBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
      objects: objects.length,
      tables: tables.length,
      rows: tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
    },
    warnings: run.warnings,
  };
}
