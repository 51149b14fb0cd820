import { BackupError } from '../errors';
import type { ListedObject, PagesOptions } from './bucket';
import { storeError } from './s3-errors';
import { decode } from './s3-list';
import type { S3Requests } from './s3-requests';
import { elements, elementText } from './s3-xml';

/** Lists a bucket, a page of at most 1,000 at a time; the next is on its way while one is worked on. */
export async function* bucketPages(
  requests: S3Requests,
  place: { readonly prefix: string; readonly uri: string },
  options: PagesOptions,
): AsyncGenerator<readonly ListedObject[]> {
  let upcoming: Promise<Page> | undefined = settled(fetchPage(requests, place, options, undefined));
  while (upcoming !== undefined) {
    const page: Page = await upcoming;
    upcoming = page.next === undefined ? undefined : settled(fetchPage(requests, place, options, page.next));
    yield page.objects;
  }
}

interface Page {
  readonly objects: readonly ListedObject[];
  readonly next: string | undefined;
}

/** A page that nobody asks for any more may fail unseen. */
function settled(page: Promise<Page>): Promise<Page> {
  page.catch(() => undefined);
  return page;
}

async function fetchPage(
  requests: S3Requests,
  { prefix, uri }: { readonly prefix: string; readonly uri: string },
  { below = '', startAfter, signal }: PagesOptions,
  token: string | undefined,
): Promise<Page> {
  const query = {
    'list-type': '2',
    // XML cannot hold every character that a key can.
    'encoding-type': 'url',
    prefix: prefix + below,
    ...(startAfter !== undefined && { 'start-after': prefix + startAfter }),
    ...(token !== undefined && { 'continuation-token': token }),
  };
  const answer = await requests.text({ method: 'GET', query, signal }).catch((error: unknown) => {
    throw storeError(error, { action: 'list', key: below, uri, signal });
  });
  // S3 says so before the objects, MinIO after them. A key cannot say it: its markup is escaped.
  const encoded = answer.text.includes('<EncodingType>url</EncodingType>');
  const objects = [...elements(answer.text, 'Contents')].map((element) => listed(element, encoded, prefix.length, uri));
  return { objects, next: nextToken(answer.text, token, uri) };
}

function listed(element: string, encoded: boolean, prefixLength: number, uri: string): ListedObject {
  const key = elementText(element, 'Key');
  const sizeBytes = Number(elementText(element, 'Size') ?? NaN);
  const etag = elementText(element, 'ETag');
  const modified = elementText(element, 'LastModified');
  if (key === undefined || etag === undefined || modified === undefined || !Number.isSafeInteger(sizeBytes)) {
    throw incomplete(uri, `An object has no key, size, ETag or time: ${element.slice(0, 500)}`);
  }
  const storageClass = elementText(element, 'StorageClass');
  return {
    key: decode(key, encoded).slice(prefixLength),
    sizeBytes,
    etag,
    modified,
    storageClass: storageClass === 'STANDARD' ? undefined : storageClass,
  };
}

/** A store that says "more" without a way on, or sends us in a circle, has not listed everything; that must not look like the end. */
function nextToken(document: string, last: string | undefined, uri: string): string | undefined {
  const truncated = elementText(document, 'IsTruncated');
  if (truncated === 'false') return undefined;
  const next = elementText(document, 'NextContinuationToken');
  if (truncated !== 'true') throw incomplete(uri, 'The store does not say whether there is more.');
  if (next === undefined || next === last) {
    throw incomplete(uri, 'The store says that there is more, but not how to go on.');
  }
  return next;
}

function incomplete(uri: string, detail: string): BackupError {
  return new BackupError('store-failed', `could not list ${uri} to the end`, { detail });
}
