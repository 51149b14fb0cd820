import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { BackupError } from '../errors';
import { storeError } from './s3-errors';
import type { ListEntry, ListOptions } from './store';
import type { VaultLocation } from './vault-uri';

/** Lists a vault, a page of at most 1,000 at a time. */
export async function* listObjects(
  client: S3Client,
  vault: VaultLocation,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListEntry> {
  const uri = `s3://${vault.bucket}`;
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client
      .send(
        new ListObjectsV2Command({
          Bucket: vault.bucket,
          Prefix: vault.prefix + prefix,
          Delimiter: options.delimiter,
          StartAfter: options.startAfter === undefined ? undefined : vault.prefix + options.startAfter,
          ContinuationToken: token,
          // XML cannot hold every character that a key can.
          EncodingType: 'url',
        }),
      )
      .catch((error: unknown) => {
        throw storeError(error, { action: 'list', key: prefix, uri });
      });
    yield* entries(page, vault.prefix.length);
    token = nextToken(page, token, `${uri}/${vault.prefix}${prefix}`);
  } while (token !== undefined);
}

function entries(page: ListObjectsV2CommandOutput, vaultPrefixLength: number): ListEntry[] {
  const name = (encoded: string | undefined) =>
    decode(encoded ?? '', page.EncodingType === 'url').slice(vaultPrefixLength);
  const objects = (page.Contents ?? []).map((object): ListEntry => ({
    kind: 'object',
    key: name(object.Key),
    sizeBytes: object.Size ?? 0,
    lastModified: object.LastModified ?? new Date(0),
    etag: object.ETag ?? '',
    storageClass: object.StorageClass,
  }));
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix }): ListEntry => ({
    kind: 'prefix',
    prefix: name(Prefix),
  }));
  return prefixes.length === 0 ? objects : [...objects, ...prefixes].sort(byName);
}

/** A name as it is in the store, from how an answer spells it. */
export function decode(name: string, encoded: boolean): string {
  return encoded ? decodeURIComponent(name.replaceAll('+', ' ')) : name;
}

/** The answer has objects and prefixes apart; in order of bytes, as S3 has them, is how they belong together. */
function byName(a: ListEntry, b: ListEntry): number {
  return Buffer.compare(Buffer.from(nameOf(a)), Buffer.from(nameOf(b)));
}

function nameOf(entry: ListEntry): string {
  return entry.kind === 'object' ? entry.key : entry.prefix;
}

/** A store that says "more" without a way on, or sends us in a circle, has not listed everything; that must not look like the end. */
function nextToken(page: ListObjectsV2CommandOutput, last: string | undefined, where: string): string | undefined {
  if (!page.IsTruncated) return undefined;
  if (page.NextContinuationToken === undefined || page.NextContinuationToken === last) {
    throw new BackupError('store-failed', `could not list ${where} to the end`, {
      detail: 'The store says that there is more, but not how to go on.',
    });
  }
  return page.NextContinuationToken;
}
