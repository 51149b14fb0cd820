/** The byte range of a read: of the Range header, or of a part of a multipart object. */
import { S3Error, s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { ObjectVersion, Segment } from '../storage/records';

export interface ReadRange {
  start: number;
  /** The first byte that is not read. */
  end: number;
  status: 200 | 206;
  /** When one part was asked for. */
  part?: Segment;
}

export function readRange(exchange: Exchange, version: ObjectVersion): ReadRange {
  const partNumber = exchange.query('partNumber');
  const header = exchange.header('range');
  if (partNumber === undefined) return parseRange(header, version.sizeBytes);
  if (header !== undefined)
    throw s3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
  return partRange(partNumber, version);
}

/** A range that cannot be understood is ignored, as HTTP says; one that lies outside is an error. */
export function parseRange(header: string | undefined, sizeBytes: number): ReadRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return { start: 0, end: sizeBytes, status: 200 };
  const [first, last] = [match[1], match[2]].map((text) => (text === '' ? undefined : Number(text)));
  if (first !== undefined && last !== undefined && last < first) return { start: 0, end: sizeBytes, status: 200 };
  const start = first ?? Math.max(sizeBytes - (last ?? 0), 0);
  const end = first === undefined || last === undefined ? sizeBytes : Math.min(last + 1, sizeBytes);
  if (start >= sizeBytes || start >= end) {
    throw new S3Error('InvalidRange', {
      fields: { RangeRequested: header, ActualObjectSize: String(sizeBytes) },
      headers: { 'content-range': `bytes */${sizeBytes}` },
    });
  }
  return { start, end, status: 206 };
}

function partRange(text: string, version: ObjectVersion): ReadRange {
  const partNumber = Number(text);
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > 10_000) {
    throw s3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  }
  if (!isMultipart(version)) {
    if (partNumber !== 1) throw s3Error('InvalidPartNumber', undefined, { PartNumberRequested: text });
    return { start: 0, end: version.sizeBytes, status: 206 };
  }
  const part = version.segments[partNumber - 1];
  if (part === undefined) throw s3Error('InvalidPartNumber', undefined, { PartNumberRequested: text });
  const start = version.segments.slice(0, partNumber - 1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { start, end: start + part.sizeBytes, status: 206, part };
}

export function isMultipart({ segments }: ObjectVersion): boolean {
  return segments.at(0)?.partNumber !== undefined;
}
