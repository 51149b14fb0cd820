/**
 * Rows of S3 Inventory. Their columns are what the manifest says; keys are URL-encoded, so no value holds a comma or a quote.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html#storage-inventory-contents
 */

/** A version of the bucket that is listed. */
export interface ListingRow {
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  readonly sizeBytes: number;
  /** With its quotes, as listings have it. */
  readonly etag: string;
  /** ISO 8601. */
  readonly modified: string;
  /** Absent for STANDARD. */
  readonly storageClass?: string;
}

const NEEDED = [
  'Bucket',
  'Key',
  'VersionId',
  'IsLatest',
  'IsDeleteMarker',
  'Size',
  'LastModifiedDate',
  'ETag',
] as const;
type Needed = (typeof NEEDED)[number];

/** Which column holds what. */
export interface Columns {
  readonly count: number;
  readonly of: Readonly<Record<Needed, number>>;
  readonly storageClass?: number;
}

/** Says what is wrong where a needed column is not there. */
export function columnsOf(fileSchema: unknown): Columns | string {
  if (typeof fileSchema !== 'string') return `its fileSchema is ${JSON.stringify(fileSchema)}`;
  const names = fileSchema.split(',').map((name) => name.trim());
  const lacking = NEEDED.filter((name) => !names.includes(name));
  if (lacking.length > 0) {
    return `its rows have no ${lacking.join(', no ')}: list all versions, with size, time and ETag`;
  }
  const of = Object.fromEntries(NEEDED.map((name) => [name, names.indexOf(name)])) as Record<Needed, number>;
  const storageClass = names.indexOf('StorageClass');
  return { count: names.length, of, ...(storageClass >= 0 && { storageClass }) };
}

/** Says what is wrong with a row that cannot be used. */
export function parseRow(line: string, { count, of, storageClass }: Columns, bucket: string): ListingRow | string {
  const values = fieldsOf(line);
  if (values?.length !== count) return `it has not ${count} values`;
  if (values[of.Bucket] !== bucket) return `it is of the bucket ${JSON.stringify(values[of.Bucket])}`;
  const key = decodeKey(values[of.Key]);
  if (key === undefined) return 'its key is not URL-encoded';
  const [isLatest, isDeleteMarker] = [values[of.IsLatest], values[of.IsDeleteMarker]].map(flag);
  if (isLatest === undefined || isDeleteMarker === undefined)
    return 'its IsLatest or IsDeleteMarker is neither true nor false';
  const versionId = values[of.VersionId];
  if (versionId === '') return 'it has no version';
  const time = new Date(values[of.LastModifiedDate]);
  if (Number.isNaN(time.getTime())) return `its time is ${JSON.stringify(values[of.LastModifiedDate])}`;
  const shared = { key, versionId, isLatest, isDeleteMarker, modified: time.toISOString() };
  // Of a marker there is no more to say.
  if (isDeleteMarker) return { ...shared, sizeBytes: 0, etag: '' };
  const sizeBytes = /^\d{1,15}$/.test(values[of.Size]) ? Number(values[of.Size]) : undefined;
  if (sizeBytes === undefined) return `its size is ${JSON.stringify(values[of.Size])}`;
  const etag = values[of.ETag];
  if (!/^[0-9A-Za-z-]+$/.test(etag)) return `its ETag is ${JSON.stringify(etag)}`;
  const kept = storageClass === undefined ? 'STANDARD' : values[storageClass];
  return {
    ...shared,
    sizeBytes,
    etag: `"${etag}"`,
    ...(kept !== 'STANDARD' && kept !== '' && { storageClass: kept }),
  };
}

function fieldsOf(line: string): string[] | undefined {
  const fields = line.split(',').map((field) => /^(?:"([^"]*)"|([^"]*))$/.exec(field));
  return fields.every((field) => field !== null) ? fields.map((field) => field[1] ?? field[2]) : undefined;
}

/** A plus that stands for itself is encoded, as forms do it; one that is not stands for a space. */
function decodeKey(encoded: string): string | undefined {
  if (encoded === '') return undefined;
  try {
    return decodeURIComponent(encoded.replace(/\+/g, ' '));
  } catch {
    return undefined;
  }
}

function flag(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}
