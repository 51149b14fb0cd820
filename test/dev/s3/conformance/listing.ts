/** Listings, held against a plain model of what they should show. */
import { ListObjectsCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { refusal, type Bench, type Check } from '../support/suite';

/** In byte order; the last two are where UTF-16 order would differ. */
const KEYS = ['!', 'a', 'a/', 'a/1', 'a/2', 'a/b/1', 'a/b/2', 'a0', 'b//1', 'b//2', 'z', 'é/1', '\uffee', '\u{1f4be}'];

export function listing(check: Check): void {
  for (const version of ['V1', 'V2'] as const) {
    check(`${version}: every page size shows everything once, in byte order`, async (bench) => {
      await fill(bench);
      for (const query of [
        {},
        { Prefix: 'a' },
        { Delimiter: '/' },
        { Prefix: 'a/', Delimiter: '/' },
        { Delimiter: '//' },
        { Prefix: 'q' },
      ]) {
        for (const MaxKeys of [1, 2, 3, 1000]) {
          const seen = await listAll(bench, version, { ...query, MaxKeys });
          expect({ query, MaxKeys, seen }).toEqual({ query, MaxKeys, seen: expected(query) });
        }
      }
    });
  }

  check('V2: start-after', async (bench) => {
    await fill(bench);
    const page = await bench.s3.send(new ListObjectsV2Command({ Bucket: bench.bucket, StartAfter: 'a/2', MaxKeys: 3 }));
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['a/b/1', 'a/b/2', 'a0']);
    expect(page).toMatchObject({ KeyCount: 3, MaxKeys: 3, IsTruncated: true, StartAfter: 'a/2' });
  });

  check('V2: a foreign continuation token is refused', async ({ s3, bucket }) => {
    const list = s3.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: 'nonsense' }));
    expect(await refusal(list)).toEqual({ code: 'InvalidArgument', status: 400 });
  });

  check('no page has more than a thousand, and a page of none is empty', async (bench) => {
    await fill(bench);
    const large = await bench.s3.send(new ListObjectsV2Command({ Bucket: bench.bucket, MaxKeys: 5000 }));
    expect(large.MaxKeys).toBe(1000);
    const none = await bench.s3.send(new ListObjectsV2Command({ Bucket: bench.bucket, MaxKeys: 0 }));
    expect(none).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  check('a negative page size is refused', async ({ s3, bucket }) => {
    const list = s3.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: -1 }));
    expect(await refusal(list)).toEqual({ code: 'InvalidArgument', status: 400 });
  });

  check('a listing tells size, ETag, class and checksum', async ({ s3, bucket }) => {
    const input = { Bucket: bucket, Key: 'k', Body: 'xyz', StorageClass: 'STANDARD_IA' as const };
    const { ETag } = await s3.send(new PutObjectCommand({ ...input, ChecksumAlgorithm: 'CRC32' }));
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, FetchOwner: true }));
    const entry = { Key: 'k', Size: 3, ETag, StorageClass: 'STANDARD_IA', ChecksumAlgorithm: ['CRC32'] };
    expect(page.Contents).toMatchObject([entry]);
    expect(page.Contents?.at(0)?.Owner?.ID).toBeTruthy();
    expect(Date.now() - (page.Contents?.at(0)?.LastModified?.getTime() ?? 0)).toBeLessThan(600_000);
  });
}

interface Query {
  Prefix?: string;
  Delimiter?: string;
}

function expected({ Prefix = '', Delimiter }: Query): string[] {
  const names = KEYS.filter((key) => key.startsWith(Prefix)).map((key) => {
    const cut = Delimiter === undefined ? -1 : key.indexOf(Delimiter, Prefix.length);
    return cut === -1 ? key : `prefix ${key.slice(0, cut + (Delimiter ?? '').length)}`;
  });
  return [...new Set(names)].sort();
}

async function fill({ s3, bucket }: Bench): Promise<void> {
  for (const key of [...KEYS].reverse()) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
}

/** Sorted, after a look at each page's own order. */
async function listAll(
  { s3, bucket }: Bench,
  version: 'V1' | 'V2',
  query: Query & { MaxKeys: number },
): Promise<string[]> {
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const page = await onePage(s3, version, { Bucket: bucket, ...query }, next);
    expect(page.keys).toEqual([...page.keys].sort(byUtf8));
    expect(page.keys.length + page.prefixes.length).toBeLessThanOrEqual(query.MaxKeys);
    seen.push(...page.keys, ...page.prefixes.map((prefix) => `prefix ${prefix}`));
    next = page.next;
  } while (next !== undefined);
  return seen.sort();
}

async function onePage(
  s3: S3Client,
  version: 'V1' | 'V2',
  query: Query & { Bucket: string },
  next: string | undefined,
): Promise<{ keys: string[]; prefixes: string[]; next?: string }> {
  const page =
    version === 'V2'
      ? await s3.send(new ListObjectsV2Command({ ...query, ContinuationToken: next }))
      : await s3.send(new ListObjectsCommand({ ...query, Marker: next }));
  const keys = (page.Contents ?? []).map(({ Key = '' }) => Key);
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix);
  const following =
    'NextMarker' in page ? page.NextMarker : 'NextContinuationToken' in page ? page.NextContinuationToken : undefined;
  return { keys, prefixes, next: page.IsTruncated ? (following ?? keys.at(-1)) : undefined };
}

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
