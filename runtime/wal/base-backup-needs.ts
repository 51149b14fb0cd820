import { EXPIRY_TAG, MANIFEST_NAME, pointId, pointPrefix, type BaseBackupNeed } from '../../model';
import { listPoints } from '../catalog/catalog';
import { readText } from '../catalog/read-text';
import type { ObjectStore } from '../store/store';

/**
 * What the kept base backups of a source need of the log, as their manifests say it. One that does not say it is among them with
 * empty positions, so that nobody takes it for one that needs nothing; one that retention has marked is not.
 */
export async function readBaseBackupNeeds(store: ObjectStore, source: string): Promise<BaseBackupNeed[]> {
  const needs: BaseBackupNeed[] = [];
  for (const address of await listPoints(store, source, 'base-backup')) {
    const key = `${pointPrefix(address)}${MANIFEST_NAME}`;
    if ((await store.tags(key, null))[EXPIRY_TAG.key] === EXPIRY_TAG.value) continue;
    const text = await readText(store, key);
    // Gone between the listing and the reading: then it is kept no more.
    if (text !== undefined) needs.push({ point: pointId(address), ...needIn(text) });
  }
  return needs;
}

const UNKNOWN = { systemIdentifier: '', timeline: 0, startLsn: '', stopLsn: '' };

function needIn(manifest: string): Omit<BaseBackupNeed, 'point'> {
  const { wal } = parsed(manifest);
  if (typeof wal !== 'object' || wal === null) return UNKNOWN;
  const { systemIdentifier, timeline, startLsn, stopLsn } = wal as Record<string, unknown>;
  const known = [systemIdentifier, startLsn, stopLsn].every((field) => typeof field === 'string');
  if (!known || typeof timeline !== 'number') return UNKNOWN;
  return { systemIdentifier, timeline, startLsn, stopLsn } as Omit<BaseBackupNeed, 'point'>;
}

function parsed(manifest: string): { wal?: unknown } {
  try {
    return (JSON.parse(manifest) ?? {}) as { wal?: unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
