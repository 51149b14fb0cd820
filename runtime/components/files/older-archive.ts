import {
  parsePointId,
  type FilesManifest,
  type FilesVolume,
  type OlderArchive,
  type StoredObject,
} from '../../../model';
import { readPoint } from '../../catalog/catalog';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import type { FilesPoint } from './types';

/** The archive that an entry's number names: 0 is that of the point itself. */
export async function archiveOf(
  store: ObjectStore,
  { manifest }: FilesPoint,
  volume: FilesVolume,
  archive: number,
): Promise<StoredObject> {
  if (archive === 0) return manifest.objects[volume.archive];
  return olderArchive(store, manifest.source, volume.name, volume.builtOn[archive - 1]);
}

/** Found through its own point, and held against what was written down when it was built on: another in its place is refused. */
export async function olderArchive(
  store: ObjectStore,
  source: string,
  volume: string,
  { point, class: retention, archiveSha256 }: OlderArchive,
): Promise<StoredObject> {
  const name = parsePointId(point);
  if (!name)
    throw new BackupError('manifest-invalid', `it is built on ${JSON.stringify(point)}, which is no recovery point`);
  const older = await readPoint(store, { source, component: 'files', class: retention, ...name });
  const manifest = older.manifest as FilesManifest;
  const found = manifest.volumes.find((one) => one.name === volume);
  const object = found && manifest.objects[found.archive];
  if (object?.sha256 === archiveSha256) return object;
  throw new BackupError('object-damaged', `${point} does not hold the archive of ${volume} that was built on`, {
    detail: `its SHA-256 is ${object?.sha256 ?? 'not known'}, not ${archiveSha256}`,
  });
}
