/** Who may speak to the server, and how it knows. The signatures of the first group are the examples that the S3 documentation publishes. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { exchange, sendRaw, type RawAnswer } from './support/raw-request';
import { startPrivate, stopAll, type PrivateServer } from './support/private-server';
import { refusal } from './support/suite';

afterEach(stopAll);

const EXAMPLE = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  now: () => new Date('2013-05-24T00:00:00Z'),
};
const SCOPE = '20130524/us-east-1/s3/aws4_request';
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('the published examples', () => {
  const host = 'examplebucket.s3.amazonaws.com';
  const base = { host, 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': EMPTY_SHA256 };

  async function example(): Promise<PrivateServer> {
    const started = await startPrivate(EXAMPLE);
    await started.server.createBucket('examplebucket');
    return started;
  }

  function authorization(signedHeaders: string, signature: string): string {
    const fields = `Credential=${EXAMPLE.accessKeyId}/${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`;
    return `AWS4-HMAC-SHA256 ${fields}`;
  }

  test('PUT Object, then GET Object with a range', async () => {
    const { server } = await example();
    const body = 'Welcome to Amazon S3.';
    const put = await exchange(
      server,
      { method: 'PUT', path: '/test%24file.text', body },
      {
        ...base,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'content-length': String(body.length),
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      },
    );
    expect(put.status).toBe(200);
    const get = await exchange(
      server,
      { path: '/test.txt' },
      {
        ...base,
        range: 'bytes=0-9',
        authorization: authorization(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      },
    );
    expect(get.code).toBe('NoSuchKey'); // the signature was right, the object is another
  });

  test('GET Bucket Lifecycle and List Objects', async () => {
    const { server } = await example();
    const signed = 'host;x-amz-content-sha256;x-amz-date';
    const lifecycle = await exchange(
      server,
      { path: '/?lifecycle' },
      {
        ...base,
        authorization: authorization(signed, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'),
      },
    );
    expect(lifecycle.code).toBe('NoSuchLifecycleConfiguration');
    const list = await exchange(
      server,
      { path: '/?max-keys=2&prefix=J' },
      {
        ...base,
        authorization: authorization(signed, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'),
      },
    );
    expect(list.status).toBe(200);
    expect(list.body).toContain('<Prefix>J</Prefix>');
  });

  test('a presigned URL, until it expires', async () => {
    let now = EXAMPLE.now();
    const { server } = await startPrivate({ ...EXAMPLE, now: () => now });
    await server.createBucket('examplebucket');
    const get = (signature: string): Promise<RawAnswer> => {
      const credential = encodeURIComponent(`${EXAMPLE.accessKeyId}/${SCOPE}`);
      const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host`;
      return exchange(server, { path: `/test.txt?${query}&X-Amz-Signature=${signature}` }, { host });
    };
    const signature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    expect((await get(signature)).code).toBe('NoSuchKey');
    expect((await get(signature.replace('a', 'b'))).code).toBe('SignatureDoesNotMatch');
    now = new Date('2013-05-24T23:59:59Z');
    expect((await get(signature)).code).toBe('NoSuchKey');
    now = new Date('2013-05-25T00:00:01Z');
    const expired = await get(signature);
    expect(expired).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(expired.body).toContain('Request has expired');
  });
});

describe('a request is refused', () => {
  const cases: [string, string, number, Parameters<typeof sendRaw>[1]][] = [
    ['with another secret', 'SignatureDoesNotMatch', 403, { path: '/bucket/k', secretAccessKey: 'wrong' }],
    ['with an unknown access key', 'InvalidAccessKeyId', 403, { path: '/bucket/k', accessKeyId: 'NOBODY' }],
    [
      'with a header changed on the way',
      'SignatureDoesNotMatch',
      403,
      {
        path: '/bucket/k',
        headers: { 'x-amz-meta-a': '1' },
        tamper: (headers) => (headers['x-amz-meta-a'] = '2'),
      },
    ],
    [
      'with a header added on the way',
      'AccessDenied',
      403,
      {
        path: '/bucket/k',
        tamper: (headers) => (headers['x-amz-bypass-governance-retention'] = 'true'),
      },
    ],
    [
      'sixteen minutes late',
      'RequestTimeTooSkewed',
      403,
      { path: '/bucket/k', time: new Date(Date.now() - 16 * 60_000) },
    ],
    [
      'sixteen minutes early',
      'RequestTimeTooSkewed',
      403,
      { path: '/bucket/k', time: new Date(Date.now() + 16 * 60_000) },
    ],
    [
      'without a signature',
      'AccessDenied',
      403,
      { path: '/bucket/k', tamper: (headers) => delete headers.authorization },
    ],
    ['with a token nobody gave', 'InvalidToken', 400, { path: '/bucket/k', headers: { 'x-amz-security-token': 'x' } }],
    [
      'with an unreadable authorization',
      'AuthorizationHeaderMalformed',
      400,
      {
        path: '/bucket/k',
        tamper: (headers) => (headers.authorization = 'AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=y'),
      },
    ],
    ['with a path that is no UTF-8', 'InvalidURI', 400, { path: '/bucket/k', tamper: () => undefined }],
  ];

  test.each(cases)('%s (%s)', async (_title, code, status, raw) => {
    const { server } = await startPrivate();
    const answer =
      code === 'InvalidURI' ? await exchange(server, { path: '/bucket/%ff' }, {}) : await sendRaw(server, raw);
    expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
  });

  test('for another region', async () => {
    const { server, s3 } = await startPrivate({ region: 'eu-central-1' });
    const { endpoint, credentials } = server;
    const other = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 });
    const get = other.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }));
    expect(await refusal(get)).toEqual({ code: 'AuthorizationHeaderMalformed', status: 400 });
    other.destroy();
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' }));
  });
});

describe('temporary credentials', () => {
  const temporary = { accessKeyId: 'TEMPORARY', secretAccessKey: 'secret', sessionToken: 'token' };

  test('count with their token until they expire', async () => {
    let now = new Date();
    const expiresAt = new Date(now.getTime() + 60_000);
    const { server } = await startPrivate({ credentials: [{ ...temporary, expiresAt }], now: () => now });
    const { endpoint, region } = server;
    const s3 = new S3Client({ endpoint, region, credentials: temporary, forcePathStyle: true, maxAttempts: 1 });
    const put = () => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'x' }));
    await put();
    now = expiresAt;
    expect(await refusal(put())).toEqual({ code: 'ExpiredToken', status: 400 });
    s3.destroy();
  });
});

test('the bucket can stand in the host name', async () => {
  const { server, s3 } = await startPrivate();
  await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b', Body: 'found' }));
  const got = await sendRaw(server, { path: '/a/b', headers: { host: `bucket.localhost:${server.port}` } });
  expect(got.body).toBe('found');
});
