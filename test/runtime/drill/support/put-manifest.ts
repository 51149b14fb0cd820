/** Writes another manifest over a recovery point's own: what an attacker, or a defect, may leave in a vault. */
import {
  dumpObjects,
  MANIFEST_NAME,
  serialiseManifest,
  type DumpManifest,
  type DumpedDatabase,
  type StoredObject,
} from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import type { DumpPoint } from '../../../../runtime/catalog/recovery-point';
import type { Lab } from '../../../support/lab';

export async function putManifest(
  lab: Lab,
  point: DumpPoint,
  change: (database: DumpedDatabase) => DumpedDatabase,
  rest: Partial<DumpManifest> = {},
): Promise<DumpPoint> {
  const databases = point.manifest.databases.map(change);
  const tables = databases.flatMap((database) => database.tables);
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const changed: DumpManifest = { ...point.manifest, databases, ...rest };
  const objects = dumpObjects(changed);
  const storedBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const totals = { storedBytes, objects: objects.length, tables: tables.length, rows };
  const manifest: DumpManifest = { ...changed, totals };
  await lab.store.put(`${point.prefix}${MANIFEST_NAME}`, Buffer.from(serialiseManifest(manifest)));
  return findPoint(lab.store, manifest.source, 'dump', manifest.point);
}

/** Puts an object of another recovery point where this one's manifest may name it. */
export async function copyObject(lab: Lab, object: StoredObject, key: string): Promise<StoredObject> {
  const { versionId } = await lab.store.put(key, await lab.bytes(object.key));
  return { ...object, key, versionId };
}
