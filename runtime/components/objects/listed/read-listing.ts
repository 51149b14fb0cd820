/** Reads the rows of a list of S3 Inventory, in no order, and holds each file against its MD5. */
import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BackupError } from '../../../errors';
import type { Bucket } from '../../../store/bucket';
import { badListing, type Listing, type ListingFile } from './find-listing';
import { parseRow, type ListingRow } from './listing-row';

/** Read in pieces, so that a connection that breaks off costs a piece. */
const PIECE_BYTES = 8 * 1024 * 1024;
const MOST_READS = 3;

/**
 * What it yields is not to be used before it has ended: what is wrong with a file is known at its end.
 *
 * @param bucket name of the bucket that is listed
 */
export async function* readListing(
  listing: Listing,
  listings: Bucket,
  bucket: string,
  signal: AbortSignal,
): AsyncGenerator<readonly ListingRow[]> {
  for (const file of listing.files) {
    for await (const lines of readLines(listing, file, listings, signal)) {
      yield lines.map((line) => {
        const row = parseRow(line, listing.columns, bucket);
        if (typeof row === 'string')
          throw badListing(listing.where, `of a row of ${JSON.stringify(file.key)}, ${row}: ${line.slice(0, 300)}`);
        return row;
      });
    }
  }
}

async function* readLines(
  { where }: Listing,
  file: ListingFile,
  listings: Bucket,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const hash = createHash('md5');
  const gunzip = createGunzip();
  const fed = pipeline(Readable.from(pieces(file, listings, hash, signal)), gunzip, { signal }).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
    const broken = await fed;
    if (broken) throw broken.error;
  } catch (error) {
    signal.throwIfAborted();
    // Why it could not be fetched says more than that it could not be decompressed.
    const broken = gunzip.destroyed ? await fed : undefined;
    const cause = broken?.error ?? error;
    if (cause instanceof BackupError) throw cause;
    throw badListing(
      where,
      `its file ${JSON.stringify(file.key)} could not be decompressed (${(cause as Error).message})`,
    );
  } finally {
    gunzip.destroy();
  }
  if (rest !== '') throw badListing(where, `its file ${JSON.stringify(file.key)} ends in the middle of a row`);
  const md5 = hash.digest('hex');
  if (md5 !== file.md5)
    throw badListing(where, `the MD5 of its file ${JSON.stringify(file.key)} is ${md5}, its manifest says ${file.md5}`);
}

async function* pieces(file: ListingFile, listings: Bucket, hash: Hash, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (let start = 0; start < file.sizeBytes; start += PIECE_BYTES) {
    const end = Math.min(start + PIECE_BYTES, file.sizeBytes) - 1;
    const piece = await readPiece(file, listings, { start, end }, signal);
    hash.update(piece);
    yield piece;
  }
}

/** The store repeats its requests itself; what ends in the middle of a body is repeated here. */
async function readPiece(
  { key }: ListingFile,
  listings: Bucket,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const wanted = range.end - range.start + 1;
  for (let reads = 1; ; reads++) {
    try {
      const { body } = await listings.open(key, { range, signal });
      const chunks: Buffer[] = [];
      for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
      const piece = Buffer.concat(chunks);
      if (piece.length === wanted) return piece;
      throw badListing(
        `${listings.uri}/${key}`,
        `of its bytes from ${range.start} on there are ${piece.length}, not ${wanted}`,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BackupError || reads === MOST_READS) throw error;
    }
  }
}
