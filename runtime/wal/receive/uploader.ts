/** Takes what was received into the archive, in order: what lies before its position is there, and the server need not keep it. */
import { formatLsn, segmentStart, type WalFile } from '../../../model';
import { BackupError } from '../../errors';
import { archivePrepared, prepareWalFile, type PreparedFile } from '../push';
import type { PushContext } from '../push-subject';
import { endOf, type ReceivedFiles } from './received-files';
import { pushPartial } from './push-partial';

export interface UploadOptions {
  readonly source: string;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
}

export class Uploader {
  readonly counts = { segments: 0, partials: 0 };
  /** The first byte that is not archived in a full segment. */
  private next: bigint;
  /** As far as is archived, in a full segment or a part of one. */
  private reached: bigint;
  private readonly lengths = new Map<string, number>();

  constructor(
    private readonly files: ReceivedFiles,
    private readonly options: UploadOptions,
    private readonly context: PushContext,
    start: bigint,
  ) {
    this.next = start;
    this.reached = start;
  }

  /** The server may drop what is before it. */
  get released(): bigint {
    return this.next;
  }

  get archivedTo(): bigint {
    return this.reached;
  }

  /**
   * Histories and full segments; each is removed here when it is archived. While one is on its way, the next is compressed: that is
   * the longer half of the time, and archived in order there is never a hole in the archive, whatever is killed.
   */
  async pushFinished(): Promise<void> {
    const files = await this.files.finished();
    let ahead = files.length > 0 ? this.prepare(files[0]) : undefined;
    for (const [index, file] of files.entries()) {
      if (file.kind === 'segment') this.requireNext(file);
      const prepared = await (ahead as Promise<PreparedFile>);
      ahead = index + 1 < files.length ? this.prepare(files[index + 1]) : undefined;
      await archivePrepared(prepared, this.context);
      if (file.kind === 'segment') this.advance(file);
      await this.files.remove(file);
    }
  }

  /** What there is of segments that are not full, where there is more than last time. */
  async pushUnfinished(): Promise<void> {
    const { segmentBytes } = this.options;
    for (const file of await this.files.unfinished()) {
      // Segments before it that were finished meanwhile come first: it would say that they are archived.
      if ((segmentStart(file.segment ?? '', segmentBytes) ?? 0n) > this.next) continue;
      const log = await this.files.readLog(file);
      if (!log || log.length <= (this.lengths.get(file.name) ?? 0)) continue;
      await pushPartial({ ...this.options, file, log }, this.context);
      this.lengths.set(file.name, log.length);
      this.counts.partials += 1;
      const end = endOf(file.segment, segmentBytes, log.length);
      if (end > this.reached) this.reached = end;
    }
  }

  private prepare(file: WalFile): Promise<PreparedFile> {
    const { source, systemIdentifier } = this.options;
    const prepared = prepareWalFile(
      { path: this.files.pathOf(file.name), source, systemIdentifier },
      this.context.signal,
    );
    // It is asked for when its turn comes, unless what is before it fails.
    prepared.catch(() => undefined);
    return prepared;
  }

  /** A segment that is not the next would be a gap in the archive that nobody sees. */
  private requireNext({ name }: WalFile): void {
    if (segmentStart(name, this.options.segmentBytes) === this.next) return;
    throw new BackupError('wal-missing', `${name} was received where the log goes on at ${formatLsn(this.next)}`, {
      hint: 'Something else writes into the directory of the receiver: name one for it alone with --directory.',
    });
  }

  private advance({ name }: WalFile): void {
    this.counts.segments += 1;
    this.next += BigInt(this.options.segmentBytes);
    if (this.next > this.reached) this.reached = this.next;
    this.lengths.delete(`${name}.partial`);
  }
}
