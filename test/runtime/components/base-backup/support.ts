import { tmpdir } from 'node:os';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { backupBase } from '../../../../runtime/components/base-backup/backup';
import type { BaseBackupPoint, BaseBackupRequest } from '../../../../runtime/components/base-backup/types';
import { SOURCE } from '../../../support/lab';
import type { ArchivingLab } from '../../wal/support/archiving-lab';

export function baseBackupRequest(request: Partial<BaseBackupRequest> = {}): BaseBackupRequest {
  return {
    source: SOURCE,
    class: 'manual',
    checkpoint: 'fast',
    server: 'primary',
    compressionLevel: 1,
    walTimeoutSeconds: 60,
    scratchDirectory: tmpdir(),
    ...request,
  };
}

/** A base backup that must succeed, with the point as a restore finds it. */
export async function makeBase(
  { lab }: ArchivingLab,
  request: Partial<BaseBackupRequest> = {},
): Promise<BaseBackupPoint> {
  const result = await backupBase(baseBackupRequest(request), lab.context({}));
  if (result.outcome !== 'made') throw new Error(`the base backup was ${result.outcome}`);
  return findPoint(lab.store, SOURCE, 'base-backup', result.manifest.point);
}
