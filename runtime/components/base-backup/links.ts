/** What an incremental base backup is built on: found through its own points, each held against what was written down then. */
import { parsePointId, type BaseBackupLink, type BaseBackupManifest } from '../../../model';
import { readPoint } from '../../catalog/catalog';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import type { BaseBackupPoint } from './types';

/**
 * The full one first, without the one that is built on them; nothing for a full one.
 *
 * @throws BackupError `point-missing`, `manifest-invalid`; `object-damaged` for another one in its place.
 */
export async function readLinks(store: ObjectStore, manifest: BaseBackupManifest): Promise<BaseBackupPoint[]> {
  const links: BaseBackupPoint[] = [];
  for (const link of manifest.builtOn ?? []) links.push(await readLink(store, manifest.source, link));
  return links;
}

/** How a point is named by those that are built on it. */
export function linkTo({ manifest }: BaseBackupPoint): BaseBackupLink {
  return {
    point: manifest.point,
    class: manifest.class,
    archiveSha256: manifest.objects[manifest.archive].sha256,
  };
}

async function readLink(store: ObjectStore, source: string, link: BaseBackupLink): Promise<BaseBackupPoint> {
  const name = parsePointId(link.point);
  if (!name) throw new BackupError('manifest-invalid', `${JSON.stringify(link.point)} is no recovery point`);
  const address = { source, component: 'base-backup', class: link.class, ...name } as const;
  const found = (await readPoint(store, address)) as BaseBackupPoint;
  const { archiveSha256 } = linkTo(found);
  if (archiveSha256 === link.archiveSha256) return found;
  throw new BackupError('object-damaged', `${link.point} is not the base backup that was built on`, {
    detail: `the SHA-256 of its archive is ${archiveSha256}, not ${link.archiveSha256}`,
  });
}
