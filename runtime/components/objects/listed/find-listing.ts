/**
 * Finds the newest complete list that S3 Inventory made of a bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
 */
import { createHash } from 'node:crypto';
import { BackupError } from '../../../errors';
import type { Bucket } from '../../../store/bucket';
import { columnsOf, type Columns } from './listing-row';

/** One list, as its manifest has it. */
export interface Listing {
  /** Folder of it, for errors. */
  readonly where: string;
  /** When S3 began to list. */
  readonly listedAt: Date;
  readonly columns: Columns;
  /** Its files; the rows are in no order, within them and among them. */
  readonly files: readonly ListingFile[];
}

export interface ListingFile {
  /** Below the folder of all lists. */
  readonly key: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly md5: string;
}

export interface FindListing {
  readonly listings: Bucket;
  /** Name of the bucket that is listed. */
  readonly bucket: string;
  readonly now: Date;
  readonly oldestHours: number;
  readonly signal: AbortSignal;
}

/** More than this is no manifest: some 600,000 files. */
const MOST_MANIFEST_BYTES = 128 * 1024 * 1024;
const MOST_CHECKSUM_BYTES = 1024;
/** S3's clock and ours may differ so much. */
const CLOCKS_APART_HOURS = 1;

export async function findListing({ listings, bucket, now, oldestHours, signal }: FindListing): Promise<Listing> {
  const folder = await newestComplete(listings, signal);
  const where = `${listings.uri}/${folder}`;
  const manifest = await readWhole(listings, `${folder}manifest.json`, MOST_MANIFEST_BYTES, signal);
  const checksum = await readWhole(listings, `${folder}manifest.checksum`, MOST_CHECKSUM_BYTES, signal);
  const md5 = createHash('md5').update(manifest).digest('hex');
  const stated = checksum.toString('latin1').trim().toLowerCase();
  if (md5 !== stated)
    throw badListing(where, `the MD5 of its manifest is ${md5}, its manifest.checksum says ${JSON.stringify(stated)}`);
  const listing = parseManifest(manifest, { where, bucket, prefix: listings.prefix });
  const ageHours = (now.getTime() - listing.listedAt.getTime()) / 3_600_000;
  // It would be the newest, and young, for as long as it takes.
  if (ageHours < -CLOCKS_APART_HOURS)
    throw badListing(where, `it is of ${listing.listedAt.toISOString()}, which is to come`);
  if (ageHours > oldestHours) {
    throw new BackupError('object-missing', `S3 Inventory has listed nothing new in ${listings.uri}`, {
      detail: `The newest complete list is of ${listing.listedAt.toISOString()}, which is more than ${oldestHours} hours ago.`,
      hint: 'Look at the inventory configuration of the replica, and at the policies of the bucket with the lists and of its key.',
    });
  }
  return listing;
}

/** @param where folder of the list */
export function badListing(where: string, detail: string): BackupError {
  return new BackupError('object-damaged', `the list of S3 Inventory in ${where} cannot be used`, {
    detail,
    hint: 'No recovery point is made of it. S3 makes another one within a day; look at who may write there.',
  });
}

/** The checksum is written last; a folder without it is not complete yet. */
async function newestComplete(listings: Bucket, signal: AbortSignal): Promise<string> {
  let newest: string | undefined;
  // Beside the folders, named by time, lie `data/` and `hive/`.
  for await (const page of listings.pages({ below: '2', signal })) {
    for (const { key } of page) {
      const folder = /^(\d{4}-\d\d-\d\dT\d\d-\d\dZ\/)manifest\.checksum$/.exec(key)?.[1];
      if (folder !== undefined) newest = folder;
    }
  }
  if (newest !== undefined) return newest;
  throw new BackupError('object-missing', `S3 Inventory has no complete list in ${listings.uri}`, {
    hint: 'The first one comes up to 48 hours after the inventory was configured. Look at the inventory configuration of the replica.',
  });
}

async function readWhole(listings: Bucket, key: string, mostBytes: number, signal: AbortSignal): Promise<Buffer> {
  const { body, sizeBytes } = await listings.open(key, { signal });
  try {
    if (sizeBytes > mostBytes) throw badListing(`${listings.uri}/${key}`, `it has ${sizeBytes} bytes`);
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    body.destroy();
  }
}

function parseManifest(
  content: Buffer,
  { where, bucket, prefix }: { readonly where: string; readonly bucket: string; readonly prefix: string },
): Listing {
  const manifest = parsed(content, where);
  const { sourceBucket, fileFormat, fileSchema, creationTimestamp, files } = manifest;
  if (sourceBucket !== bucket)
    throw badListing(where, `it is of the bucket ${JSON.stringify(sourceBucket)}, not of ${bucket}`);
  if (fileFormat !== 'CSV') throw badListing(where, `its fileFormat is ${JSON.stringify(fileFormat)}, not CSV`);
  const at = new Date(Number(creationTimestamp));
  if (typeof creationTimestamp !== 'string' || !/^\d{1,15}$/.test(creationTimestamp) || Number.isNaN(at.getTime())) {
    throw badListing(where, `its creationTimestamp is ${JSON.stringify(creationTimestamp)}`);
  }
  if (!Array.isArray(files)) throw badListing(where, 'it names no files');
  const columns = columnsOf(fileSchema);
  if (typeof columns === 'string') throw badListing(where, columns);
  return { where, listedAt: at, columns, files: files.map((file) => parseFile(file, where, prefix)) };
}

function parseFile(file: unknown, where: string, prefix: string): ListingFile {
  const { key, size, MD5checksum: md5 } = (file ?? {}) as Record<string, unknown>;
  const isRight =
    typeof key === 'string' &&
    key.startsWith(prefix) &&
    Number.isSafeInteger(size) &&
    (size as number) > 0 &&
    typeof md5 === 'string' &&
    /^[0-9a-f]{32}$/i.test(md5);
  if (!isRight) throw badListing(where, `it names the file ${JSON.stringify(file)}`);
  return { key: key.slice(prefix.length), sizeBytes: size as number, md5: md5.toLowerCase() };
}

function parsed(content: Buffer, where: string): Record<string, unknown> {
  try {
    const value = JSON.parse(content.toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw badListing(where, `its manifest is not JSON (${(error as Error).message})`);
  }
  throw badListing(where, 'its manifest is no object');
}
