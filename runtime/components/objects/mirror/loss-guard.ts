import type { MirrorSettings } from '../types';
import { BackupError } from '../../../errors';
import { formatBytes, formatCount } from '../../../observe/format';

/**
 * Counts what the last recovery point has and this one will not have: objects that are gone, or smaller. When that is more than
 * a share of it, something emptied the source, and the run must not become what later runs are compared with.
 */
export class LossGuard {
  private before = { objects: 0, bytes: 0 };
  private lost = { objects: 0, bytes: 0 };

  constructor(private readonly mirror: string) {}

  /** Of each object of the last recovery point; `nowBytes` is undefined when it is gone. */
  compare(beforeBytes: number, nowBytes: number | undefined): void {
    this.before.objects++;
    this.before.bytes += beforeBytes;
    if (nowBytes === undefined) this.lost.objects++;
    this.lost.bytes += Math.max(0, beforeBytes - (nowBytes ?? 0));
  }

  /**
   * @param missing objects that are at the source and could not be copied
   * @throws `objects-lost`
   */
  check({ loss, lossLimit }: MirrorSettings, listed: number, missing: number): void {
    if (loss === 'accept') return;
    const { before, lost, mirror } = this;
    if (lost.objects > lossLimit * before.objects || lost.bytes > lossLimit * before.bytes) {
      throw new BackupError('objects-lost', `most of mirror "${mirror}" is gone at its source`, {
        detail:
          `${formatCount(lost.objects)} of ${formatCount(before.objects)} objects and ` +
          `${formatBytes(lost.bytes)} of ${formatBytes(before.bytes)} of the last recovery point are not there any more.`,
        hint: 'What was mirrored stays in the vault. Look at the source; if it is meant to be so, run the mirror once with --accept-loss.',
      });
    }
    if (missing > lossLimit * listed) {
      throw new BackupError('objects-lost', `most of mirror "${mirror}" could not be read at its source`, {
        detail: `${formatCount(missing)} of ${formatCount(listed)} objects could not be copied.`,
        hint: 'Look at the rights of the role and at the storage classes; if it is meant to be so, run the mirror once with --accept-loss.',
      });
    }
  }
}
