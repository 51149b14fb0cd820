import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { BackupError } from '../errors';
import { decode } from './s3-list';
import { storeError } from './s3-errors';
import type { VersionEntry } from './store';
import type { VaultLocation } from './vault-uri';

/** Lists every version below a prefix, a page of at most 1,000 at a time. */
export async function* listVersions(
  client: S3Client,
  vault: VaultLocation,
  prefix: string,
): AsyncGenerator<VersionEntry> {
  const uri = `s3://${vault.bucket}`;
  let marker: Marker = {};
  do {
    const page: ListObjectVersionsCommandOutput = await client
      .send(
        new ListObjectVersionsCommand({
          Bucket: vault.bucket,
          Prefix: vault.prefix + prefix,
          ...marker,
          // XML cannot hold every character that a key can.
          EncodingType: 'url',
        }),
      )
      .catch((error: unknown) => {
        throw storeError(error, { action: 'list the versions of', key: prefix, uri });
      });
    const where = `${uri}/${vault.prefix}${prefix}`;
    const encoded = page.EncodingType === 'url';
    for (const version of page.Versions ?? []) {
      if (version.Key === undefined || version.VersionId === undefined || version.LastModified === undefined) {
        throw incomplete(where, `A version has no name, id or time: ${JSON.stringify(version)}`);
      }
      yield {
        key: decode(version.Key, encoded).slice(vault.prefix.length),
        versionId: version.VersionId,
        sizeBytes: version.Size ?? 0,
        lastModified: version.LastModified,
        etag: version.ETag,
        isLatest: version.IsLatest === true,
      };
    }
    marker = nextMarker(page, marker, where);
  } while (marker.KeyMarker !== undefined);
}

interface Marker {
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string;
}

/** A store that says "more" without a way on, or sends us in a circle, has not listed everything; that must not look like the end. */
function nextMarker(page: ListObjectVersionsCommandOutput, last: Marker, where: string): Marker {
  if (!page.IsTruncated) return {};
  const next = {
    KeyMarker: page.NextKeyMarker && decode(page.NextKeyMarker, page.EncodingType === 'url'),
    VersionIdMarker: page.NextVersionIdMarker,
  };
  const moved = next.KeyMarker !== last.KeyMarker || next.VersionIdMarker !== last.VersionIdMarker;
  if (!next.KeyMarker || !moved) throw incomplete(where, 'The store says that there is more, but not how to go on.');
  return next;
}

function incomplete(where: string, detail: string): BackupError {
  return new BackupError('store-failed', `could not list the versions of ${where} to the end`, { detail });
}
