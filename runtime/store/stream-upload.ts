import { setMaxListeners } from 'node:events';
import type { StoredObject } from '../../model';
import { BackupError, toBackupError } from '../errors';
import { PartCutter } from './part-cutter';
import { processBudget, type PartBudget } from './part-budget';
import type { MultipartUpload, ObjectStore, WrittenVersion } from './store';
import type { FilledPart } from './stream-part';
import type { ReceivedStream, VerifiedStream } from './verified-stream';

/** How long an abort waits for the answer to an upload's very beginning, which it needs to free the upload. */
const BEGIN_GRACE_MS = 5_000;

/**
 * A stream of unknown length on its way to one new object: begin, {@link receive}, then {@link complete} or {@link abort}.
 *
 * Nothing is visible before `complete`, and that takes the proof that the stream is whole. A key is never written over.
 * Memory is bounded by the budget, whatever the size; a stream that the store takes slowly is read slowly. Any failure
 * aborts the upload by itself; a caller that gives up for reasons of its own (a producer failed) calls `abort`.
 */
export class StreamUpload {
  private readonly stop = new AbortController();
  private readonly beginning = new AbortController();
  private readonly sending = new Set<Promise<void>>();
  private readonly acknowledged: { partNumber: number; etag: string; crc32: number }[] = [];
  private multipart: Promise<MultipartUpload> | undefined;
  /** A stream that ended inside its first part: written by one request, on completion. */
  private small: Buffer | undefined;
  private receiving: Promise<ReceivedStream> | undefined;
  private whole: { sizeBytes: number; crc32: number } | undefined;
  private freed: Promise<void> | undefined;
  /** Whether a failure that was thrown tells of the upload that could not be freed. */
  private leftoverTold = false;

  static begin(store: ObjectStore, key: string, options: StreamUploadOptions = {}): StreamUpload {
    return new StreamUpload(store, key, options);
  }

  private constructor(
    private readonly store: ObjectStore,
    readonly key: string,
    private readonly options: StreamUploadOptions,
  ) {
    // Each part in flight listens to it, and so do its repetitions.
    setMaxListeners(100, this.stop.signal, this.beginning.signal);
  }

  /** Reads the stream to its end; resolves when the store has acknowledged every byte. */
  async receive(stream: AsyncIterable<Buffer>): Promise<ReceivedStream> {
    if (this.receiving) throw new Error(`the upload of ${JSON.stringify(this.key)} has received its stream already`);
    this.receiving = this.abortingOnFailure(() => this.receiveAll(stream));
    return this.receiving;
  }

  /** Makes the received stream an object. */
  async complete(proof: VerifiedStream): Promise<StoredObject> {
    return this.abortingOnFailure(async () => {
      if (!this.receiving || proof.received !== (await this.receiving)) {
        throw new Error(`the proof given to complete ${JSON.stringify(this.key)} is not that of its own stream`);
      }
      this.options.signal?.throwIfAborted();
      this.stop.signal.throwIfAborted();
      const written = await this.write();
      this.small = undefined;
      this.freed = Promise.resolve();
      const { key, sizeBytes, sha256, crc32, parts } = proof.received;
      return { key, versionId: written.versionId, sizeBytes, sha256, crc32, parts };
    });
  }

  /** Gives the upload up and frees what was sent. Safe to call at any time and twice; after `complete` it does nothing. */
  async abort(): Promise<void> {
    this.stop.abort(new BackupError('terminated', `the upload of ${JSON.stringify(this.key)} was given up`));
    await this.receiving?.catch(() => undefined);
    await this.free();
  }

  /**
   * {@link abort} because of `failure`. Resolves to what is to be thrown: the failure, with word of what could not be freed
   * where there is any and it does not tell of it already.
   */
  async giveUp(failure: unknown): Promise<unknown> {
    try {
      await this.abort();
      return failure;
    } catch (leftover) {
      return this.leftoverTold ? failure : withLeftover(toBackupError(failure), toBackupError(leftover));
    }
  }

  private async receiveAll(stream: AsyncIterable<Buffer>): Promise<ReceivedStream> {
    const unlink = this.stopWith(this.options.signal);
    try {
      const cutter = new PartCutter(this.key, this.options.budget ?? processBudget, this.stop.signal);
      for await (const part of cutter.cut(stream)) {
        if (part.partNumber === 1 && !part.isFull) this.keepSmall(part);
        else await this.startSending(part);
      }
      await Promise.all(this.sending);
      this.stop.signal.throwIfAborted();
      const received = cutter.received();
      this.whole = { sizeBytes: received.sizeBytes, crc32: cutter.wholeCrc32() };
      return received;
    } finally {
      unlink();
    }
  }

  /** Copied out, so that the budget is free at once: who receives many small streams before completing any must not block. */
  private keepSmall(part: FilledPart): void {
    this.small = Buffer.from(part.bytes);
    part.release();
  }

  /** Returns as soon as the next part may be read. */
  private async startSending(part: FilledPart): Promise<void> {
    const sent = this.send(part)
      .catch((error: unknown) => this.stop.abort(error))
      .finally(() => {
        part.release();
        this.sending.delete(sent);
      });
    this.sending.add(sent);
    while (this.sending.size >= (this.options.concurrency ?? 8)) await Promise.race(this.sending);
  }

  private async send(part: FilledPart): Promise<void> {
    this.multipart ??= this.store.createMultipart(this.key, { ...this.putOptions(), signal: this.beginning.signal });
    const multipart = await this.multipart;
    const { partNumber, bytes, sizeBytes, sha256, crc32 } = part;
    const { etag } = await multipart.uploadPart(
      partNumber,
      { chunks: [bytes], sizeBytes, sha256, crc32 },
      this.stop.signal,
    );
    this.acknowledged.push({ partNumber, etag, crc32 });
  }

  private async write(): Promise<WrittenVersion> {
    if (this.small) return this.store.put(this.key, this.small, { ...this.putOptions(), signal: this.options.signal });
    if (!this.multipart || !this.whole)
      throw new Error(`the upload of ${JSON.stringify(this.key)} has received nothing`);
    const parts = this.acknowledged.sort((a, b) => a.partNumber - b.partNumber);
    return (await this.multipart).complete(parts, this.whole);
  }

  private putOptions() {
    return { ifAbsent: true, contentType: this.options.contentType };
  }

  private stopWith(signal: AbortSignal | undefined): () => void {
    const stop = () => this.stop.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    return () => signal?.removeEventListener('abort', stop);
  }

  private async abortingOnFailure<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      this.stop.abort(failure);
      await this.free().catch((leftover: unknown) => {
        this.leftoverTold = true;
        throw withLeftover(toBackupError(failure), toBackupError(leftover));
      });
      throw failure;
    }
  }

  private free(): Promise<void> {
    this.freed ??= this.freeOnce();
    return this.freed;
  }

  /** Waits for parts in flight first: one that arrives after the abort would be kept, and billed. */
  private async freeOnce(): Promise<void> {
    this.small = undefined;
    const grace = setTimeout(() => this.beginning.abort(this.stop.signal.reason), BEGIN_GRACE_MS);
    await Promise.all(this.sending);
    const multipart = await this.multipart?.catch(() => undefined);
    clearTimeout(grace);
    await multipart?.abort();
  }
}

export interface StreamUploadOptions {
  /** Aborts the upload; its reason is what `receive` fails with. */
  readonly signal?: AbortSignal;
  /** Memory for parts; by default one that all streams of the process share. */
  readonly budget?: PartBudget;
  /** Parts in flight at most; default 8. The budget may allow fewer. */
  readonly concurrency?: number;
  readonly contentType?: string;
}

/** Nothing readable is left behind, but something that is billed: the person is told both. */
function withLeftover(failure: BackupError, leftover: BackupError): BackupError {
  return new BackupError(failure.code, failure.message, {
    detail: [failure.detail, `The unfinished upload could not be freed: ${leftover.message}`]
      .filter(Boolean)
      .join('\n'),
    hint: failure.hint ?? 'The lifecycle rule for incomplete multipart uploads removes it.',
    exitCode: failure.exitCode,
    cause: failure,
  });
}
