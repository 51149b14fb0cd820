import { pointId, type PointAddress } from '../../model';
import { findPoint } from '../../runtime/catalog/catalog';
import { backupBase } from '../../runtime/components/base-backup/backup';
import type { BaseBackupPoint, BaseBackupRequest } from '../../runtime/components/base-backup/types';
import { DEFAULT_EXPECTATIONS } from '../../runtime/verification/expectations';
import { verifyAndRecord } from '../../runtime/verification/verify-and-record';
import { SOURCE, type RunSettings } from '../support/lab';
import { nextSecond } from '../support/next-second';
import { baseBackupRequest } from '../runtime/components/base-backup/support';
import type { ArchivingLab } from '../runtime/wal/support/archiving-lab';

export const ONE_WEEK_SECONDS = 7 * 86_400;

/** A base backup of what changed, where that can be had; verified as the function does it. */
export async function makeVerified(
  primary: ArchivingLab,
  request: Partial<BaseBackupRequest> = {},
  run: RunSettings = {},
): Promise<BaseBackupPoint> {
  const made = await makeUnverified(primary, request, run);
  await verify(primary, made.address);
  return findPoint(primary.lab.store, SOURCE, 'base-backup', made.manifest.point);
}

export async function makeUnverified(
  { lab }: ArchivingLab,
  request: Partial<BaseBackupRequest> = {},
  run: RunSettings = {},
): Promise<BaseBackupPoint> {
  // Two of one second would have no order.
  await nextSecond();
  const asked = baseBackupRequest({ fullEverySeconds: ONE_WEEK_SECONDS, ...request });
  const result = await backupBase(asked, lab.context(run));
  if (result.outcome !== 'made') throw new Error(`the base backup was ${result.outcome}`);
  return findPoint(lab.store, SOURCE, 'base-backup', result.manifest.point);
}

export async function verify({ lab }: ArchivingLab, address: PointAddress): Promise<void> {
  const { reporter, signal, now } = lab.context({});
  const options = { reporter, signal, now, depth: 'stored' as const, expectations: DEFAULT_EXPECTATIONS };
  const { outcome, findings } = await verifyAndRecord(lab.store, address, options);
  if (outcome !== 'passed') throw new Error(`${pointId(address)}: ${JSON.stringify(findings)}`);
}
