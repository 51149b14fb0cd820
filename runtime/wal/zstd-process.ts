/** Compresses and decompresses as the stock `zstd` does, so that what is stored can be read with it by hand. */
import type { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupError } from '../errors';
import { findZstd } from '../postgres/zstd';
import { describeExit, requireSuccess, startStage, type Stage, type StageExit } from '../process/stage';
import { ownCompressor, ownDecompressor } from './own-zstd';

/** As fast as the log is written, and as small as gzip makes it. */
const LEVEL = 1;

/**
 * The compressed form of what is in memory: one frame, with its checksum and the size of the content. By the Node that runs, where
 * it can: a process for each segment costs more than a third of what compressing it does.
 */
export async function compress(content: Buffer, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted();
  const own = ownCompressor();
  return own ? compressHere(own, content, signal) : compressByProgram(content, signal);
}

async function compressHere(
  own: NonNullable<ReturnType<typeof ownCompressor>>,
  content: Buffer,
  signal: AbortSignal,
): Promise<Buffer> {
  const compressed = await own(content, LEVEL).catch((error: Error) => {
    throw new BackupError('tool-failed', 'zstd could not compress', { detail: error.message, cause: error });
  });
  // What is under way is not given up half way: it takes less than a tenth of a second.
  signal.throwIfAborted();
  return compressed;
}

async function compressByProgram(content: Buffer, signal: AbortSignal): Promise<Buffer> {
  const args = [`-${LEVEL}`, `--stream-size=${content.length}`, '--check', '--quiet', '--stdout', '--no-progress'];
  const stage = await startZstd(args, signal);
  const [chunks] = await Promise.all([collect(stage.stdout as Readable), feed(stage, content)]);
  requireSuccess([await stage.exited], (exit) => failed('compress', exit), signal);
  return Buffer.concat(chunks);
}

/**
 * The content of a compressed stream, in pieces; throws after the last unless it ended as it must. Where the program is not
 * installed, as in a function, by the Node that runs.
 */
export async function* decompress(stored: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const own = await decompressorWithoutProgram();
  if (own) {
    yield* through(own, stored, signal);
    return;
  }
  const stage = await startZstd(['--decompress', '--quiet', '--stdout', '--no-progress'], signal);
  const fed = pipeline(stored, stage.stdin as Writable, { signal }).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  let ended = false;
  try {
    yield* stage.stdout as AsyncIterable<Buffer>;
    ended = true;
  } finally {
    // Left before its end, it is not waited for.
    if (!ended) stage.stop();
  }
  const exit = await stage.exited;
  const broken = await fed;
  // What came in was no good: that the program could not use it is no more than what follows.
  if (broken?.error instanceof BackupError) throw broken.error;
  requireSuccess([exit], (failure) => failed('decompress', failure), signal);
  if (broken) throw broken.error;
}

/** Nothing where there is the program, which is preferred: it is what people use, and another than made what is stored. */
async function decompressorWithoutProgram(): Promise<Duplex | undefined> {
  try {
    await zstd();
    return undefined;
  } catch (error) {
    const own = ownDecompressor();
    if (own) return own;
    throw error;
  }
}

async function* through(decompressor: Duplex, stored: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const fed = pipeline(stored, decompressor, { signal }).catch((error: unknown) => {
    decompressor.destroy(error as Error);
  });
  try {
    yield* decompressor as AsyncIterable<Buffer>;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BackupError) throw error;
    throw new BackupError('tool-failed', 'what is stored could not be decompressed', {
      detail: (error as Error).message,
      cause: error,
    });
  } finally {
    decompressor.destroy();
    stored.destroy();
    await fed;
  }
}

async function startZstd(args: readonly string[], signal: AbortSignal): Promise<Stage> {
  const { program } = await zstd();
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C' };
  return startStage({ name: 'zstd', file: program, args, env, stdin: 'pipe', stdout: 'pipe', signal });
}

let found: ReturnType<typeof findZstd> | undefined;

/** Looked for once; again when it was not there. */
function zstd(): ReturnType<typeof findZstd> {
  found ??= findZstd().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function collect(stream: Readable): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return chunks;
}

/** A reader that is gone is told by its exit. */
async function feed(stage: Stage, content: Buffer): Promise<void> {
  const stdin = stage.stdin as Writable;
  stdin.on('error', () => undefined);
  const closed = new Promise((resolve) => stdin.once('close', resolve));
  stdin.end(content);
  await Promise.race([closed, stage.exited]);
}

function failed(action: string, exit: StageExit): BackupError {
  return new BackupError('tool-failed', `zstd could not ${action}: it ${describeExit(exit)}`, {
    detail: exit.lastWords.trim() || undefined,
  });
}
