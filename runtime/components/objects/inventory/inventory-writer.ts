import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { inventoryHeader, type InventorySegment, type StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { findZstd } from '../../../postgres/zstd';
import { describeExit, requireSuccess, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { ObjectStore } from '../../../store/store';
import { StreamUpload } from '../../../store/stream-upload';
import { VerifiedStream, type ReceivedStream } from '../../../store/verified-stream';

/** Lines are handed to the compressor in pieces of this many characters. */
const BATCH_LENGTH = 64 * 1024;

export interface InventoryWriterOptions {
  readonly store: ObjectStore;
  /** Of the recovery point; ends with a slash. */
  readonly prefix: string;
  readonly mirror: string;
  readonly segmentEntries: number;
  readonly segmentCopies: number;
  readonly signal: AbortSignal;
}

/** One line of an inventory. */
export interface InventoryLine {
  readonly key: string;
  readonly line: string;
  /** Its object was copied in this run. */
  readonly copied: boolean;
}

/** Writes a mirror's inventory as compressed pieces, each complete as soon as it is full. */
export class InventoryWriter {
  readonly segments: InventorySegment[] = [];
  readonly objects: StoredObject[] = [];
  private open: OpenSegment | undefined;

  constructor(private readonly options: InventoryWriterOptions) {}

  /** Waits while the compressor has enough to do. */
  async write(line: InventoryLine): Promise<void> {
    this.open ??= await this.begin();
    await this.open.write(line);
    const { entries, copies } = this.open;
    if (entries >= this.options.segmentEntries || copies >= this.options.segmentCopies) await this.finishSegment();
  }

  /** Stores the last piece; the only one, also when nothing was written. */
  async finish(): Promise<void> {
    if (!this.open && this.segments.length === 0) this.open = await this.begin();
    if (this.open) await this.finishSegment();
  }

  /** Frees what was sent of a piece that is not finished. Resolves to what is to be thrown. */
  async giveUp(failure: unknown): Promise<unknown> {
    return this.open ? this.open.giveUp(failure) : failure;
  }

  private async begin(): Promise<OpenSegment> {
    const { prefix, mirror, store, signal } = this.options;
    const number = String(this.segments.length + 1).padStart(6, '0');
    const segment = await OpenSegment.begin(store, `${inventoryPrefix(prefix, mirror)}${number}.jsonl.zst`, signal);
    await segment.header(inventoryHeader(mirror));
    return segment;
  }

  private async finishSegment(): Promise<void> {
    const segment = this.open;
    if (!segment) return;
    const object = await segment.finish();
    this.open = undefined;
    this.objects.push(object);
    const { entries, first, last } = segment;
    this.segments.push({ key: object.key, entries, first, last });
  }
}

/** Where a mirror's inventory lies in a recovery point. */
export function inventoryPrefix(pointPrefix: string, mirror: string): string {
  return `${pointPrefix}${mirror}/inventory-`;
}

class OpenSegment {
  entries = 0;
  copies = 0;
  first: string | null = null;
  last: string | null = null;
  private batch = '';

  private constructor(
    private readonly zstd: Stage,
    private readonly upload: StreamUpload,
    private readonly received: Promise<ReceivedStream>,
    private readonly signal: AbortSignal,
  ) {}

  static async begin(store: ObjectStore, key: string, signal: AbortSignal): Promise<OpenSegment> {
    const { program } = await findZstd();
    const zstd = startStage({
      name: 'zstd',
      file: program,
      // --check: a checksum of what went in, so that `zstd -d` by hand proves it too.
      args: ['--quiet', '--stdout', '--check', '--no-progress', '-T1', '-1'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
      stdin: 'pipe',
      stdout: 'pipe',
      signal,
    });
    // A compressor that is gone is told by its exit.
    zstd.stdin?.on('error', () => undefined);
    const upload = StreamUpload.begin(store, key, { signal, contentType: 'application/zstd' });
    const received = upload.receive(zstd.stdout as AsyncIterable<Buffer>);
    // Waited for at the end; that it failed meanwhile must not end the process.
    received.catch(() => zstd.stop());
    return new OpenSegment(zstd, upload, received, signal);
  }

  header(line: string): Promise<void> {
    return this.append(line);
  }

  write({ key, line, copied }: InventoryLine): Promise<void> | undefined {
    this.entries++;
    if (copied) this.copies++;
    this.first ??= key;
    this.last = key;
    this.batch += `${line}\n`;
    return this.batch.length >= BATCH_LENGTH ? this.flush() : undefined;
  }

  async finish(): Promise<StoredObject> {
    await this.flush();
    this.zstd.stdin?.end();
    const received = await this.received;
    const exit = await this.zstd.exited;
    requireSuccess([exit], failed, this.signal);
    return this.upload.complete(VerifiedStream.of(received, [exit]));
  }

  async giveUp(failure: unknown): Promise<unknown> {
    this.zstd.stop();
    await this.zstd.exited;
    await this.received.catch(() => undefined);
    return this.upload.giveUp(failure);
  }

  private async append(line: string): Promise<void> {
    this.batch += `${line}\n`;
    if (this.batch.length >= BATCH_LENGTH) await this.flush();
  }

  private async flush(): Promise<void> {
    const text = this.batch;
    this.batch = '';
    const stdin = this.zstd.stdin as Writable;
    if (text === '' || stdin.write(text)) return;
    // Nobody drains a compressor that has ended.
    const waiting = new AbortController();
    const drained = once(stdin, 'drain', { signal: waiting.signal }).catch(() => undefined);
    await Promise.race([drained, this.zstd.exited]);
    waiting.abort();
    this.signal.throwIfAborted();
  }
}

function failed(exit: StageExit): BackupError {
  return new BackupError('tool-failed', `zstd could not compress the inventory: it ${describeExit(exit)}`, {
    detail: exit.lastWords.trim() || undefined,
  });
}
