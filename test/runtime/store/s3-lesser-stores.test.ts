import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openS3Store } from '../../../runtime/store/s3-store';
import type { ObjectStore } from '../../../runtime/store/store';

/** Answers that no good store gives; the development server cannot be made to give them. */
let server: Server;
let answer: { headers?: Record<string, string>; body?: string } = {};
let asked: string | undefined;
let store: ObjectStore;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    asked = request.url;
    response.writeHead(200, { 'content-length': Buffer.byteLength(answer.body ?? ''), ...answer.headers });
    response.end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = openS3Store('s3://vault', { endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

describe('stores that know less than S3', () => {
  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['a checksum of checksums', { 'x-amz-checksum-crc32': 'y/Q5Jg==-3' }],
    ['one said to be of checksums', { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-type': 'COMPOSITE' }],
  ])('a checksum that is not of the whole is none: %s', async (_, headers) => {
    answer = { headers: { etag: '"e"', ...headers } };
    expect((await store.head('a'))?.crc32).toBeUndefined();
  });

  test('one of the whole is given', async () => {
    const headers = { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-type': 'FULL_OBJECT' };
    answer = { headers: { etag: '"e"', ...headers } };
    expect((await store.head('a'))?.crc32).toBe('y/Q5Jg==');
  });

  test('no versions is a version of null', async () => {
    answer = { headers: { etag: '"e"' } };
    expect(await store.put('a', Buffer.from('x'))).toEqual({ versionId: null, etag: '"e"' });
  });

  test('an answer without what it must have is a failure', async () => {
    answer = {};
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'store-failed',
      detail: "The store's answer has no ETag.",
    });
    answer = { body: '<InitiateMultipartUploadResult><Bucket>vault</Bucket></InitiateMultipartUploadResult>' };
    await expect(store.createMultipart('a')).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('keys are listed in a form that can hold any of them, and read back from it', async () => {
    const contents = '<Contents><Key>a%01+b%2Bc%0A</Key><Size>1</Size></Contents>';
    answer = { body: `<ListBucketResult><EncodingType>url</EncodingType>${contents}</ListBucketResult>` };
    const keys: unknown[] = [];
    for await (const entry of store.list('')) keys.push(entry);
    expect(keys).toMatchObject([{ key: 'a\u0001 b+c\n' }]);
    expect(asked).toContain('encoding-type=url');
  });

  test('a store that does not encode is taken at its word', async () => {
    answer = { body: '<ListBucketResult><Contents><Key>a%20b+c</Key><Size>1</Size></Contents></ListBucketResult>' };
    const keys: unknown[] = [];
    for await (const entry of store.list('')) keys.push(entry);
    expect(keys).toMatchObject([{ key: 'a%20b+c' }]);
  });

  test.each<[string, string, number]>([
    ['says "more" and not how', '', 1],
    ['sends us in a circle', '<NextContinuationToken>same</NextContinuationToken>', 2],
  ])('a list that %s is a failure, not the end', async (_, next, pages) => {
    const object = '<Contents><Key>k</Key><Size>1</Size></Contents>';
    answer = { body: `<ListBucketResult><IsTruncated>true</IsTruncated>${next}${object}</ListBucketResult>` };
    const keys: string[] = [];
    const listing = async () => {
      for await (const entry of store.list('')) keys.push(entry.kind);
    };
    await expect(listing()).rejects.toMatchObject({
      code: 'store-failed',
      message: 'could not list s3://vault/ to the end',
    });
    expect(keys).toHaveLength(pages);
  });

  test.each<[string, string, number]>([
    ['says "more" and not how', '', 1],
    ['sends us in a circle', '<NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>', 2],
  ])('a list of versions that %s is a failure, not the end', async (_, next, pages) => {
    const version = `<Version><Key>k</Key><VersionId>v</VersionId><LastModified>2026-11-20T02:00:00Z</LastModified></Version>`;
    answer = { body: versionList(`<IsTruncated>true</IsTruncated>${next}${version}`) };
    const { failure, count } = await listedVersions();
    expect(failure).toMatchObject({
      code: 'store-failed',
      message: 'could not list the versions of s3://vault/ to the end',
    });
    expect(count).toBe(pages);
  });

  test.each([
    '<VersionId>v</VersionId><LastModified>2026-11-20T02:00:00Z</LastModified>',
    '<Key>k</Key><LastModified>2026-11-20T02:00:00Z</LastModified>',
    '<Key>k</Key><VersionId>v</VersionId>',
  ])('a version of which the store does not tell all is a failure: %s', async (told) => {
    answer = { body: versionList(`<Version>${told}</Version>`) };
    const { failure, count } = await listedVersions();
    expect(failure).toMatchObject({ code: 'store-failed' });
    expect(count).toBe(0);
  });

  test('tags that are not told are not taken for none', async () => {
    answer = { body: '<Tagging></Tagging>' };
    await expect(store.tags('a', 'v')).rejects.toMatchObject({ code: 'store-failed' });
  });
});

function versionList(content: string): string {
  return `<ListVersionsResult>${content}</ListVersionsResult>`;
}

async function listedVersions(): Promise<{ failure: unknown; count: number }> {
  let count = 0;
  try {
    for await (const version of store.versions('')) count += version.key.length;
  } catch (failure) {
    return { failure, count };
  }
  return { failure: undefined, count };
}
