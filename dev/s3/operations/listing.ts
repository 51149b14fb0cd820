/** What all listings share: pages, delimiters, owners and the encoding of keys. */
import { s3Error } from '../errors';
import type { Exchange } from '../exchange';
import type { Bucket } from '../storage/bucket';
import type { ObjectVersion } from '../storage/records';
import { ACCOUNT_ID } from '../settings';

export const MAX_PAGE = 1000;
/** A canonical user, as S3 shows owners. */
export const OWNER = { ID: ACCOUNT_ID.padEnd(64, '0'), DisplayName: 'development' };

/** A key with the versions a listing shows of it, or a prefix that stands for several keys. */
export type ListedEntry =
  { kind: 'version'; key: string; version: ObjectVersion; isLatest: boolean } | { kind: 'prefix'; prefix: string };

export interface Walk {
  prefix: string;
  delimiter: string | undefined;
  /** Where to begin: the index of a key. */
  from: number;
  /** A common prefix that an earlier page has shown already. */
  shownPrefix?: string;
  /** What of a key is listed. */
  versionsOf: (key: string) => readonly ObjectVersion[];
}

/** Keys in order, common prefixes once each; everything behind a common prefix is jumped over. */
export function* walk(
  bucket: Bucket,
  { prefix, delimiter, from, shownPrefix, versionsOf }: Walk,
): Generator<ListedEntry> {
  let index = Math.max(from, bucket.keys.indexFrom(prefix));
  for (let key = bucket.keys.at(index); key !== undefined && key.startsWith(prefix); key = bucket.keys.at(index)) {
    const versions = versionsOf(key);
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    index++;
    if (versions.length === 0) continue;
    if (cut === -1) {
      const newest = bucket.versions(key).at(0);
      for (const version of versions) yield { kind: 'version', key, version, isLatest: version === newest };
    } else {
      const common = key.slice(0, cut + (delimiter ?? '').length);
      index = bucket.keys.indexAfterPrefix(common);
      if (common !== shownPrefix) yield { kind: 'prefix', prefix: common };
    }
  }
}

/** Whether a marker is a common prefix that an earlier page has shown, rather than a key. */
export function isCommonPrefix(marker: string, prefix: string, delimiter: string | undefined): boolean {
  if (!delimiter || !marker.startsWith(prefix)) return false;
  const cut = marker.indexOf(delimiter, prefix.length);
  return cut !== -1 && cut + delimiter.length === marker.length;
}

/** One page of a walk, and whether more follows. */
export function takePage(entries: Iterable<ListedEntry>, limit: number): { page: ListedEntry[]; truncated: boolean } {
  const page: ListedEntry[] = [];
  if (limit === 0) return { page, truncated: false };
  for (const entry of entries) {
    if (page.length === limit) return { page, truncated: true };
    page.push(entry);
  }
  return { page, truncated: false };
}

/** The newest version of a key, unless that is a delete marker. */
export function currentVersion(bucket: Bucket): (key: string) => readonly ObjectVersion[] {
  return (key) =>
    bucket
      .versions(key)
      .slice(0, 1)
      .filter(({ deleteMarker }) => !deleteMarker);
}

/** A number from 0 up; S3 never shows more than a thousand, whatever is asked. */
export function pageSize(exchange: Exchange, name: string): number {
  const text = exchange.query(name);
  if (text === undefined || text === '') return MAX_PAGE;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2_147_483_647) {
    throw s3Error('InvalidArgument', `Argument ${name} must be an integer between 0 and 2147483647`, {
      ArgumentName: name,
      ArgumentValue: text,
    });
  }
  return Math.min(Number(text), MAX_PAGE);
}

/** Keys may hold characters that XML cannot; `encoding-type=url` is the way around. */
export function encoder(exchange: Exchange): { encode: (text: string) => string; encodingType?: string } {
  const encodingType = exchange.query('encoding-type');
  if (encodingType === undefined || encodingType === '') return { encode: (text) => text };
  if (encodingType !== 'url') {
    throw s3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      ArgumentName: 'encoding-type',
      ArgumentValue: encodingType,
    });
  }
  return { encode: urlEncode, encodingType };
}

/** As S3 does it: like a form, but `/` and `*` stay and `~` does not. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+');
}
