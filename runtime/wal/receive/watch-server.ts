/** Looks again and again how far the server is, lets it drop what is archived, and notices that nothing comes any more. */
import { formatLsn } from '../../../model';
import { BackupError } from '../../errors';
import { formatBytes } from '../../observe/format';
import type { LagClock } from './lag-clock';
import type { ReceivedFiles } from './received-files';
import type { ReceivedServer } from './received-server';
import type { ReceiveContext, ReceiveRequest } from './types';
import type { Uploader } from './uploader';

/** What the stream is to do; nothing: go on. */
export type WatchVerdict = 'go on' | 'begin anew';

export class ServerWatch {
  private receivedTo = 0n;
  /** When what was received last changed, or was all there is. */
  private movedAtMs: number;
  private nudgedAtMs = 0;

  constructor(
    private readonly server: ReceivedServer,
    private readonly files: ReceivedFiles,
    private readonly uploader: Uploader,
    private readonly request: ReceiveRequest,
    private readonly context: ReceiveContext,
    private readonly lag: LagClock,
  ) {
    this.movedAtMs = context.now().getTime();
  }

  /** @throws `tool-failed` when nothing is received although the server goes on; or what the connection ends with. */
  async look(): Promise<WatchVerdict> {
    const { slotName, mostUnarchivedBytes } = this.request;
    const { position, slot } = await this.server.look();
    if (slot?.keptFrom === undefined) {
      this.context.warn(`slot "${slotName}" is ${slot ? 'given up by the server' : 'gone'}: receiving begins anew`);
      return 'begin anew';
    }
    if (slot.status !== 'reserved') {
      this.context.warn(
        `slot "${slotName}" is ${slot.status}: the server may soon delete what is not archived; it keeps the log from ` +
          `${formatLsn(slot.keptFrom)}, and stands at ${formatLsn(position)}`,
      );
    }
    await this.release(slot.keptFrom);
    this.tell(position, slot.keptFrom);
    const unarchivedBytes = await this.files.sizeBytes();
    if (unarchivedBytes > mostUnarchivedBytes) {
      this.context.warn(
        `${formatBytes(unarchivedBytes)} are not archived yet: nothing more is received until they are`,
      );
      return 'begin anew';
    }
    await this.requireMovement(position);
    return 'go on';
  }

  /** A slot that was just made begins within a segment, and never goes back. */
  private async release(keptFrom: bigint): Promise<void> {
    const { released } = this.uploader;
    if (released > keptFrom) await this.server.release(released);
  }

  private tell(position: bigint, keptFrom: bigint): void {
    const { archivedTo } = this.uploader;
    const nowMs = this.context.now().getTime();
    this.lag.saw(position, nowMs);
    this.context.onLook({
      lagSeconds: this.lag.seconds(archivedTo, nowMs),
      lagBytes: position > archivedTo ? Number(position - archivedTo) : 0,
      slotBytes: position > keptFrom ? Number(position - keptFrom) : 0,
    });
  }

  private async requireMovement(position: bigint): Promise<void> {
    const { stallSeconds } = this.request;
    const nowMs = this.context.now().getTime();
    const here = await this.files.receivedTo(this.server.segmentBytes);
    const received = here > this.uploader.archivedTo ? here : this.uploader.archivedTo;
    if (received !== this.receivedTo || received >= position) {
      this.receivedTo = received;
      this.movedAtMs = nowMs;
      return;
    }
    const stillMs = nowMs - this.movedAtMs;
    if (stillMs >= stallSeconds * 1000) throw stalled(received, position, stallSeconds);
    // The last record may end with zeros, which look like none.
    if (stillMs < (stallSeconds * 1000) / 4 || nowMs - this.nudgedAtMs < stallSeconds * 500) return;
    this.nudgedAtMs = nowMs;
    await this.server.nudge();
  }
}

function stalled(received: bigint, position: bigint, stallSeconds: number): BackupError {
  return new BackupError('tool-failed', `pg_receivewal received nothing for ${stallSeconds} s`, {
    detail: `It stands at ${formatLsn(received)}, the server at ${formatLsn(position)}.`,
  });
}
