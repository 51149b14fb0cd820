/** Compresses a stream by the zstd of the Node that runs, where it has one: that saves a process, and two copies of every byte. */
import type { Duplex } from 'node:stream';
import type { Zstd } from '../../../postgres/zstd';
import { startStage, type Stage, type StageExit } from '../../../process/stage';
import { ownCompressorStream, ownVersion } from '../../../wal/own-zstd';

/** With a checksum of what went in, so that `zstd -d` by hand proves it too. */
export function startCompressor(zstd: Zstd, level: number, signal: AbortSignal): Stage {
  const own = ownCompressorStream(level);
  if (own) return stageOf(own, signal);
  return startStage({
    name: 'zstd',
    file: zstd.program,
    args: ['--quiet', '--stdout', '--check', '-T1', `-${level}`],
    env: {},
    stdin: 'pipe',
    stdout: 'pipe',
    signal,
  });
}

/** Of what {@link startCompressor} starts. */
export function compressorVersion(zstd: Zstd): string {
  return ownVersion() ?? zstd.version;
}

/** It ends as a process does: well when all that it was given was compressed and read, else with an error or by being stopped. */
function stageOf(compressor: Duplex, signal: AbortSignal): Stage {
  const stop = (): void => void compressor.destroy();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const exited = exitOf(compressor).finally(() => signal.removeEventListener('abort', stop));
  return { name: 'zstd', stdin: compressor, stdout: compressor, exited, stop };
}

function exitOf(compressor: Duplex): Promise<StageExit> {
  let isWhole = false;
  compressor.once('end', () => (isWhole = true));
  return new Promise((resolve) => {
    const ends = (code: number | null, lastWords = ''): void =>
      resolve({ name: 'zstd', code, signal: code === null ? 'SIGTERM' : null, lastWords });
    compressor.on('error', (error) => ends(1, error.message));
    compressor.once('close', () => ends(isWhole ? 0 : null));
  });
}
