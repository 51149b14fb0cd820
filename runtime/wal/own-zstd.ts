/** The zstd that Node itself has: since 22.15. Functions and the image run 24, an older one has nothing here. */
import type { Duplex } from 'node:stream';
import zlib from 'node:zlib';

/** What `zlib` of such a Node has besides; the types are of the oldest Node that is supported. */
interface NodeZstd {
  readonly zstdCompress?: (
    content: Buffer,
    options: ZstdOptions,
    done: (error: Error | null, compressed: Buffer) => void,
  ) => void;
  readonly createZstdDecompress?: () => Duplex;
}

interface ZstdOptions {
  /** Of `ZSTD_cParameter`, by its number. */
  readonly params: Readonly<Record<number, number>>;
  readonly pledgedSrcSize: number;
  readonly chunkSize: number;
}

// Numbers of zstd's own `ZSTD_cParameter`, which never change.
const COMPRESSION_LEVEL = 100;
const CHECKSUM_FLAG = 201;

/** For each of them the thread pool is asked once more: 64 KiB, as by default, would be a hundred times. */
const OUTPUT_BYTES = 1024 * 1024;

/**
 * Compresses in a thread of the pool, as `zstd` does: one frame, with a checksum that everybody who decompresses compares, and with
 * the size of the content. Nothing where this Node has none.
 */
export function ownCompressor(): ((content: Buffer, level: number) => Promise<Buffer>) | undefined {
  const { zstdCompress } = zlib as NodeZstd;
  if (!zstdCompress) return undefined;
  return (content, level) => {
    const params = { [COMPRESSION_LEVEL]: level, [CHECKSUM_FLAG]: 1 };
    const options = { params, pledgedSrcSize: content.length, chunkSize: OUTPUT_BYTES };
    return new Promise((resolve, reject) => {
      zstdCompress(content, options, (error, compressed) => (error ? reject(error) : resolve(compressed)));
    });
  };
}

export function ownDecompressor(): Duplex | undefined {
  return (zlib as NodeZstd).createZstdDecompress?.();
}
