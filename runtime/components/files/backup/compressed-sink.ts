import type { StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import type { Zstd } from '../../../postgres/zstd';
import { describeExit, requireSuccess, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { ObjectStore } from '../../../store/store';
import { StreamUpload } from '../../../store/stream-upload';
import { VerifiedStream, type ProducerExit, type ReceivedStream } from '../../../store/verified-stream';
import { writeTo } from './write-to';

export interface SinkOptions {
  readonly store: ObjectStore;
  readonly key: string;
  readonly zstd: Zstd;
  readonly compressionLevel: number;
  readonly signal: AbortSignal;
  /** Told of every compressed byte. */
  readonly onBytes?: (sizeBytes: number) => void;
}

/** Lines are short: so many bytes are gathered before they are written. */
const GATHERED_BYTES = 64 * 1024;

/**
 * What is written to it goes through zstd into one new object of the vault. Nothing is visible before {@link complete}, which takes
 * the exits of those who made the bytes.
 */
export class CompressedSink {
  private readonly stage: Stage;
  private readonly upload: StreamUpload;
  private readonly receiving: Promise<ReceivedStream>;
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly options: SinkOptions) {
    const { store, key, zstd, signal } = options;
    this.stage = startStage({
      name: 'zstd',
      file: zstd.program,
      // --check: a checksum of what went in, so that `zstd -d` by hand proves it too.
      args: ['--quiet', '--stdout', '--check', '-T1', `-${options.compressionLevel}`],
      env: {},
      stdin: 'pipe',
      stdout: 'pipe',
      signal,
    });
    // That it does not take more is told by its exit.
    this.stage.stdin?.on('error', () => undefined);
    this.upload = StreamUpload.begin(store, key, { signal, contentType: 'application/zstd' });
    this.receiving = this.upload.receive(this.compressed());
    // Whoever writes would wait for ever for a compressor that nobody reads.
    this.receiving.catch((error: unknown) => {
      this.failure = { error };
      this.stage.stop();
      this.stage.stdout?.destroy();
      this.stage.stdin?.destroy();
    });
  }

  /** Waits while the store is slower than the writer. */
  async write(bytes: Buffer): Promise<void> {
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.length;
    if (this.gatheredBytes >= GATHERED_BYTES) await this.flush();
  }

  /** Makes it an object, when everything arrived and every process ended well. */
  async complete(producers: readonly ProducerExit[]): Promise<StoredObject> {
    await this.flush();
    this.stage.stdin?.end();
    const received = await this.receiving;
    const exit = await this.stage.exited;
    requireSuccess([exit], (failed) => sinkFailure(this.options.key, failed), this.options.signal);
    return this.upload.complete(VerifiedStream.of(received, [...producers, exit]));
  }

  /** Frees what was sent. Resolves to what is to be thrown. */
  async giveUp(failure: unknown): Promise<unknown> {
    this.stage.stop();
    this.stage.stdout?.destroy();
    this.stage.stdin?.destroy();
    const told = await this.upload.giveUp(failure);
    await this.stage.exited;
    return told;
  }

  private async flush(): Promise<void> {
    // What comes in large pieces is not copied: a base backup would make as much garbage as it has bytes.
    const bytes = this.gathered.length === 1 ? this.gathered[0] : Buffer.concat(this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    if (bytes.length === 0) return;
    const written = this.stage.stdin ? await writeTo(this.stage.stdin, bytes) : 'gone';
    if (written === 'taken') return;
    if (this.failure) throw this.failure.error;
    const exit = await this.stage.exited;
    this.options.signal.throwIfAborted();
    throw sinkFailure(this.options.key, exit);
  }

  private async *compressed(): AsyncGenerator<Buffer> {
    for await (const chunk of this.stage.stdout as AsyncIterable<Buffer>) {
      this.options.onBytes?.(chunk.length);
      yield chunk;
    }
  }
}

function sinkFailure(key: string, failed: StageExit): BackupError {
  return new BackupError('tool-failed', `${failed.name} ${describeExit(failed)} while ${key} was written`, {
    detail: failed.lastWords.trim() || undefined,
  });
}
