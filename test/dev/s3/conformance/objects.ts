/** Objects written and read in one request. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { bytes, expectBytes, read, refusal, type Check } from '../support/suite';

/** Keys that break whatever takes a key for a path, a URL or XML. */
const HOSTILE_KEYS = [
  'plain/key.txt',
  '../../etc/passwd',
  'a/../b',
  './a',
  '//double//slash',
  'trailing/',
  'trailing space ',
  ' leading space',
  'plus+percent%2Fand%20more',
  'question?mark#hash&amp;',
  'quotes\'"`',
  '<xml>&</xml>',
  'ümlaut-nfc-\u00e9',
  'umlaut-nfd-e\u0301',
  '\u{1f4be}-emoji',
  '\uffee-after-emoji-in-utf-16',
  'back\\slash',
  'tab\tand\nnewline',
  "(parentheses)!*'~",
  'soap',
  'a'.repeat(1024),
];

export function objects(check: Check): void {
  check('bytes, type and metadata come back as they were put', async ({ s3, bucket }) => {
    const body = bytes(300_000);
    const sent = {
      ContentType: 'text/x-test',
      CacheControl: 'no-store',
      ContentLanguage: 'de',
      ContentDisposition: 'inline',
    };
    const put = await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body, ...sent, Metadata: { colour: 'blue', empty: '' } }),
    );
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expectBytes(await read(got.Body), body);
    expect(got).toMatchObject({ ...sent, ContentLength: body.length, ETag: put.ETag, AcceptRanges: 'bytes' });
    expect(got.Metadata?.colour).toBe('blue');
    expect(put.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
  });

  check('an object can be empty', async ({ s3, bucket }) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'empty', Body: '' }));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'empty' }));
    expect(got.ContentLength).toBe(0);
    expect(await read(got.Body)).toHaveLength(0);
  });

  check('a streamed body is stored without its chunk framing', async ({ target, bucket }) => {
    const body = bytes(500_001);
    const pieces = [body.subarray(0, 100_000), body.subarray(100_000, 100_001), body.subarray(100_001)];
    const s3 = target.client({ requestStreamBufferSize: 64 * 1024 });
    const command = {
      Bucket: bucket,
      Key: 'k',
      Body: Readable.from(pieces),
      ContentLength: body.length,
      ContentEncoding: 'gzip',
    };
    await s3.send(new PutObjectCommand(command));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expectBytes(await read(got.Body), body);
    expect(got.ContentEncoding).toBe('gzip');
  });

  check('keys are byte-exact, whatever they hold', async ({ s3, bucket }) => {
    for (const key of HOSTILE_KEYS) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
    for (const key of HOSTILE_KEYS) {
      const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      expect(await got.Body?.transformToString()).toBe(key);
    }
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, EncodingType: 'url' }));
    const keys = listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key.replace(/\+/g, ' ')));
    expect(keys).toEqual([...HOSTILE_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  check('a key longer than 1,024 bytes is refused', async ({ s3, bucket }) => {
    const put = s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'é'.repeat(513), Body: 'x' }));
    expect(await refusal(put)).toEqual({ code: 'KeyTooLongError', status: 400 });
  });

  check('what is not there is 404', async ({ s3, bucket }) => {
    const get = s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'missing' }));
    expect(await refusal(get)).toEqual({ code: 'NoSuchKey', status: 404 });
    const head = s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'missing' }));
    expect((await refusal(head)).status).toBe(404);
    const elsewhere = s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'k' }));
    expect(await refusal(elsewhere)).toEqual({ code: 'NoSuchBucket', status: 404 });
  });

  check('deleting what is not there succeeds', async ({ s3, bucket }) => {
    const deleted = await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'missing' }));
    expect(deleted.$metadata.httpStatusCode).toBe(204);
  });

  check('many objects are deleted in one request', async ({ s3, bucket }) => {
    const keys = ['a', 'b&c', 'd e'];
    for (const key of [...keys, 'kept']) await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
    const Delete = { Objects: keys.map((Key) => ({ Key })) };
    const deleted = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
    expect(deleted.Deleted?.map(({ Key }) => Key).sort()).toEqual(keys);
    const left = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(left.Contents?.map(({ Key }) => Key)).toEqual(['kept']);
  });

  check('ranges', async ({ s3, bucket }) => {
    const body = bytes(1000);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: body }));
    const expected: [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=10-19', 10, 20],
      ['bytes=990-', 990, 1000],
      ['bytes=-5', 995, 1000],
      ['bytes=-5000', 0, 1000],
      ['bytes=900-5000', 900, 1000],
    ];
    for (const [Range, start, end] of expected) {
      const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range }));
      expectBytes(await read(got.Body), body.subarray(start, end));
      expect(got.ContentRange).toBe(`bytes ${start}-${end - 1}/1000`);
      expect(got.$metadata.httpStatusCode).toBe(206);
    }
    const outside = s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', Range: 'bytes=1000-' }));
    expect(await refusal(outside)).toEqual({ code: 'InvalidRange', status: 416 });
  });

  check('conditional reads', async ({ s3, bucket }) => {
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    const where = { Bucket: bucket, Key: 'k' };
    const status = async (conditions: object): Promise<number | undefined> => {
      const request = s3.send(new HeadObjectCommand({ ...where, ...conditions }));
      return request.then(
        (answer) => answer.$metadata.httpStatusCode,
        (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
      );
    };
    const past = new Date(Date.now() - 3_600_000);
    expect(await status({ IfMatch: ETag })).toBe(200);
    expect(await status({ IfMatch: '"other"' })).toBe(412);
    expect(await status({ IfNoneMatch: ETag })).toBe(304);
    expect(await status({ IfNoneMatch: '"other"' })).toBe(200);
    expect(await status({ IfUnmodifiedSince: past })).toBe(412);
    expect(await status({ IfModifiedSince: past })).toBe(200);
  });

  check('an ETag outweighs a date', async ({ s3, bucket }) => {
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    const where = { Bucket: bucket, Key: 'k' };
    const [past, future] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)];
    await s3.send(new HeadObjectCommand({ ...where, IfMatch: ETag, IfUnmodifiedSince: past }));
    await s3.send(new HeadObjectCommand({ ...where, IfNoneMatch: '"other"', IfModifiedSince: future }));
  });

  check('If-None-Match: * writes only where nothing is', async ({ s3, bucket }) => {
    const put = (Body: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body, IfNoneMatch: '*' }));
    await put('first');
    expect(await refusal(put('second'))).toEqual({ code: 'PreconditionFailed', status: 412 });
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(await got.Body?.transformToString()).toBe('first');
  });

  check('If-Match writes only over what was seen', async ({ s3, bucket }) => {
    const put = (Body: string, IfMatch?: string) =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body, IfMatch }));
    expect(await refusal(put('x', '"anything"'))).toEqual({ code: 'NoSuchKey', status: 404 });
    const { ETag } = await put('first');
    await put('second', ETag);
    expect(await refusal(put('third', ETag))).toEqual({ code: 'PreconditionFailed', status: 412 });
  });

  check('of eight writers at once, If-None-Match lets one through', async ({ s3, bucket }) => {
    const writers = Array.from({ length: 8 }, (_, i) =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: bytes(200_000, i), IfNoneMatch: '*' })).then(
        () => i,
        () => undefined,
      ),
    );
    const winners = (await Promise.all(writers)).filter((winner) => winner !== undefined);
    expect(winners).toHaveLength(1);
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expectBytes(await read(got.Body), bytes(200_000, winners[0]));
  });

  check('tags', async ({ s3, bucket }) => {
    const where = { Bucket: bucket, Key: 'k' };
    await s3.send(new PutObjectCommand({ ...where, Body: 'x', Tagging: 'a=1&b=x%20y' }));
    const tags = async () => (await s3.send(new GetObjectTaggingCommand(where))).TagSet;
    expect(await tags()).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: 'x y' },
    ]);
    await s3.send(new PutObjectTaggingCommand({ ...where, Tagging: { TagSet: [{ Key: 'expire', Value: 'ü' }] } }));
    expect(await tags()).toEqual([{ Key: 'expire', Value: 'ü' }]);
    expect((await s3.send(new HeadObjectCommand(where))).ETag).toBeDefined();
  });

  check('more than ten tags are refused', async ({ s3, bucket }) => {
    const Tagging = Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&');
    const put = s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', Tagging }));
    expect((await refusal(put)).status).toBe(400);
  });

  check('storage class and encryption are kept and told', async ({ s3, bucket }) => {
    const where = { Bucket: bucket, Key: 'k' };
    const key = 'arn:aws:kms:us-east-1:111122223333:key/abc';
    await s3.send(
      new PutObjectCommand({
        ...where,
        Body: 'x',
        StorageClass: 'STANDARD_IA',
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: key,
      }),
    );
    const head = await s3.send(new HeadObjectCommand(where));
    expect(head).toMatchObject({ StorageClass: 'STANDARD_IA', ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
  });

  check('an unknown storage class is refused', async ({ s3, bucket }) => {
    const put = s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', StorageClass: 'CELLAR' as 'GLACIER' }),
    );
    expect(await refusal(put)).toEqual({ code: 'InvalidStorageClass', status: 400 });
  });

  check('an archived object cannot be read', async ({ s3, bucket }) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', StorageClass: 'DEEP_ARCHIVE' }));
    const get = s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(await refusal(get)).toEqual({ code: 'InvalidObjectState', status: 403 });
    expect((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }))).StorageClass).toBe('DEEP_ARCHIVE');
  });

  check('a reader can ask for other headers', async ({ s3, bucket }) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    const asked = { ResponseContentType: 'text/plain', ResponseContentDisposition: 'attachment' };
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ...asked }));
    expect(got).toMatchObject({ ContentType: 'text/plain', ContentDisposition: 'attachment' });
  });

  check('a copy takes bytes, metadata and tags', async ({ s3, bucket }) => {
    const body = bytes(100_000);
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'from ü', Body: body, Metadata: { a: '1' }, Tagging: 't=1' }),
    );
    const CopySource = `${bucket}/${encodeURIComponent('from ü')}`;
    await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: 'to', CopySource }));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'to' }));
    expectBytes(await read(got.Body), body);
    expect(got.Metadata).toEqual({ a: '1' });
    const tags = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: 'to' }));
    expect(tags.TagSet).toEqual([{ Key: 't', Value: '1' }]);
  });

  check('a copy can depend on what its source is', async ({ s3, bucket }) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'from', Body: 'x' }));
    const copy = { Bucket: bucket, Key: 'to', CopySource: `${bucket}/from`, CopySourceIfMatch: '"other"' };
    expect(await refusal(s3.send(new CopyObjectCommand(copy)))).toEqual({ code: 'PreconditionFailed', status: 412 });
  });

  check('a copy can replace metadata', async ({ s3, bucket }) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', Metadata: { a: '1' } }));
    const copy = { Bucket: bucket, Key: 'k', CopySource: `${bucket}/k` };
    expect(await refusal(s3.send(new CopyObjectCommand(copy)))).toEqual({ code: 'InvalidRequest', status: 400 });
    await s3.send(new CopyObjectCommand({ ...copy, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(head.Metadata).toEqual({ b: '2' });
  });
}
