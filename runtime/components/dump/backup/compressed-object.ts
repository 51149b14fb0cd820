import type { StoredObject } from '../../../../model';
import { requireSuccess, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { Zstd } from '../../../postgres/zstd';
import type { ObjectStore } from '../../../store/store';
import { StreamUpload } from '../../../store/stream-upload';
import { VerifiedStream } from '../../../store/verified-stream';
import type { BackupError } from '../../../errors';

/** Everything sent and proven, nothing visible yet. */
export interface PendingObject {
  complete(): Promise<StoredObject>;
  /** Frees what was sent. Resolves to what is to be thrown: the failure, with word of what could not be freed. */
  giveUp(failure: unknown): Promise<unknown>;
}

export interface CompressedObjectOptions {
  readonly store: ObjectStore;
  readonly key: string;
  /** What makes the bytes. */
  readonly producer: { readonly name: string; readonly file: string; readonly args: readonly string[] };
  readonly env: Readonly<Record<string, string>>;
  readonly zstd: Zstd;
  readonly compressionLevel: number;
  readonly signal: AbortSignal;
  /** Told of every compressed byte that was read. */
  readonly onBytes: (sizeBytes: number) => void;
  readonly failure: (failed: StageExit) => BackupError;
}

/**
 * producer → zstd → upload. The two processes are joined by an operating-system pipe; only what is compressed passes
 * through this process. Both must end with 0 and by no signal before the result can be completed.
 */
export async function sendCompressed(options: CompressedObjectOptions): Promise<PendingObject> {
  const { signal } = options;
  const stages = startPipeline(options);
  const [, compressor] = stages;
  const upload = StreamUpload.begin(options.store, options.key, { signal, contentType: 'application/zstd' });
  try {
    const received = await upload.receive(countBytes(compressor.stdout as AsyncIterable<Buffer>, options.onBytes));
    const exits = await Promise.all(stages.map((stage) => stage.exited));
    requireSuccess(exits, options.failure, signal);
    const proof = VerifiedStream.of(received, exits);
    return { complete: () => upload.complete(proof), giveUp: (failure) => upload.giveUp(failure) };
  } catch (error) {
    for (const stage of stages) stage.stop();
    compressor.stdout?.destroy();
    await Promise.all(stages.map((stage) => stage.exited));
    throw await upload.giveUp(error);
  }
}

function startPipeline(options: CompressedObjectOptions): [producer: Stage, compressor: Stage] {
  const { producer, env, zstd, signal } = options;
  const compressor = startStage({
    name: 'zstd',
    file: zstd.program,
    // --check: a checksum of what went in, so that `zstd -d` by hand proves it too.
    args: ['--quiet', '--stdout', '--check', '-T1', `-${options.compressionLevel}`],
    env: { PATH: env.PATH ?? '' },
    stdin: 'pipe',
    stdout: 'pipe',
    signal,
  });
  return [startStage({ ...producer, env, stdin: 'ignore', stdout: compressor, signal }), compressor];
}

async function* countBytes(stream: AsyncIterable<Buffer>, onBytes: (sizeBytes: number) => void): AsyncIterable<Buffer> {
  for await (const chunk of stream) {
    onBytes(chunk.length);
    yield chunk;
  }
}
