/** Bodies: framing, digests, signatures inside the body. What was promised and what came must agree, or nothing is stored. */
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { decodeAwsChunked } from '../../../dev/s3/payload/aws-chunked';
import { exchange, sendRaw, type RawRequest } from './support/raw-request';
import { bodyFiles, startPrivate, stopAll } from './support/private-server';
import { refusal } from './support/suite';

afterEach(stopAll);

describe('the published examples of signed chunks', () => {
  const example = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    now: () => new Date('2013-05-24T00:00:00Z'),
  };
  const chunk = (sizeBytes: number, signature: string): string =>
    `${sizeBytes.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(sizeBytes)}\r\n`;

  async function put(body: string, headers: Record<string, string>, signedHeaders: string, signature: string) {
    const { server } = await startPrivate(example);
    await server.createBucket('examplebucket');
    const credential = `${example.accessKeyId}/20130524/us-east-1/s3/aws4_request`;
    const answer = await exchange(
      server,
      { method: 'PUT', path: '/examplebucket/chunkObject.txt', body },
      {
        host: 's3.amazonaws.com',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '66560',
        authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`,
        ...headers,
      },
    );
    return { answer, server };
  }

  const chunks = [
    chunk(65536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'),
    chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'),
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  ];
  const putChunks = (body: string) =>
    put(
      body,
      { 'content-length': String(body.length), 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    );

  test('chunks', async () => {
    const { answer } = await putChunks(chunks.join(''));
    expect(answer.status).toBe(200);
    expect(answer.headers.etag).toBe(`"${createHash('md5').update('a'.repeat(66560)).digest('hex')}"`);
  });

  test.each([
    ['data changed', 'SignatureDoesNotMatch', chunks.join('').replace('aaaa', 'aaab')],
    ['a signature changed', 'SignatureDoesNotMatch', chunks.join('').replace('005562', '005563')],
    ['the last signature changed', 'SignatureDoesNotMatch', chunks.join('').replace('=b6c6', '=b6c7')],
    ['a signature that is none', 'InvalidRequest', chunks.join('').replace('=b6c6', '=zzzz')],
  ])('%s: refused, and nothing is stored', async (_title, code, body) => {
    const { answer, server } = await putChunks(body);
    expect(answer.code).toBe(code);
    const got = await sendRaw(server, { path: '/examplebucket/chunkObject.txt', time: example.now() });
    expect(got.code).toBe('NoSuchKey');
  });

  const trailerBody = [
    chunk(65536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'),
    chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'),
    '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
    'x-amz-checksum-crc32c:sOO8/Q==\r\n',
    // The signature printed in the documentation was made under the name of the algorithm for chunks. Clients sign under the name that its text
    // gives (AWS4-HMAC-SHA256-TRAILER); this is the value for it, over the string that the documentation prints.
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
  ].join('');
  const putTrailer = (body: string) =>
    put(
      body,
      {
        'content-length': String(body.length),
        'x-amz-trailer': 'x-amz-checksum-crc32c',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      },
      'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    );

  test('chunks with a signed trailer', async () => {
    const { answer } = await putTrailer(trailerBody);
    expect(answer.status).toBe(200);
    expect(answer.headers['x-amz-checksum-crc32c']).toBe('sOO8/Q==');
  });

  test('a changed trailer is refused', async () => {
    const { answer } = await putTrailer(trailerBody.replace('sOO8', 'sOO9'));
    expect(answer.code).toBe('SignatureDoesNotMatch');
  });
});

describe('a body is refused and nothing is stored', () => {
  const body = 'x'.repeat(10_000);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(body));
  const crc = value.toString('base64');
  const streaming = (framed: string, headers: Record<string, string> = {}): RawRequest => ({
    path: '/bucket/k',
    body: framed,
    payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: {
      'x-amz-decoded-content-length': '10000',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'aws-chunked',
      ...headers,
    },
  });
  const framed = `2710\r\n${body}\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`;

  test('and the right one is stored, without framing', async () => {
    const { server } = await startPrivate();
    const put = await sendRaw(server, { method: 'PUT', ...streaming(framed) });
    expect(put.status).toBe(200);
    const got = await sendRaw(server, { path: '/bucket/k' });
    expect(got.body).toBe(body);
    expect(got.headers['content-encoding']).toBeUndefined();
  });

  const cases: [string, string, RawRequest][] = [
    [
      'of another digest than the signature says',
      'XAmzContentSHA256Mismatch',
      {
        path: '/bucket/k',
        body,
        payloadHash: createHash('sha256').update('other').digest('hex'),
      },
    ],
    ['with an impossible payload hash', 'InvalidArgument', { path: '/bucket/k', body, payloadHash: 'ABC' }],
    ['with a wrong trailer', 'BadDigest', streaming(framed.replace(crc, 'AAAAAA=='))],
    [
      'without the trailer it announced',
      'MalformedTrailerError',
      streaming(framed.replace(/x-amz-checksum[^\r]+\r\n/, '')),
    ],
    ['longer than it said', 'IncompleteBody', streaming(framed, { 'x-amz-decoded-content-length': '9999' })],
    ['that ends inside a chunk', 'IncompleteBody', streaming(`2711\r\n${body}`)],
    ['that ends without its last chunk', 'IncompleteBody', streaming(`2710\r\n${body}\r\n`)],
    ['with a chunk header that is no number', 'InvalidRequest', streaming(`zz\r\n${body}\r\n0\r\n\r\n`)],
    [
      'in chunks that are too small',
      'InvalidChunkSizeError',
      streaming(
        `3e8\r\n${'x'.repeat(1000)}\r\n2328\r\n${'x'.repeat(9000)}\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
      ),
    ],
    [
      'with two checksums',
      'InvalidRequest',
      {
        path: '/bucket/k',
        body,
        headers: { 'x-amz-checksum-crc32': crc, 'x-amz-checksum-crc32c': crc },
      },
    ],
    [
      'with a checksum of the wrong length',
      'InvalidRequest',
      {
        path: '/bucket/k',
        body,
        headers: { 'x-amz-checksum-sha256': crc },
      },
    ],
    [
      'with a Content-MD5 that is none',
      'InvalidDigest',
      { path: '/bucket/k', body, headers: { 'content-md5': 'abc' } },
    ],
  ];

  test.each(cases)('%s (%s)', async (_title, code, raw) => {
    const { server, s3, directory } = await startPrivate();
    const put = await sendRaw(server, { method: 'PUT', ...raw });
    expect(put.code).toBe(code);
    expect(bodyFiles(directory)).toHaveLength(0);
    expect((await refusal(s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'k' })))).status).toBe(404);
  });

  test('for a locked object, without a digest', async () => {
    const { server } = await startPrivate();
    await server.createBucket('locked', { objectLock: true });
    const lock = { 'x-amz-object-lock-legal-hold': 'ON' };
    const put = (headers: object) =>
      sendRaw(server, { method: 'PUT', path: '/locked/k', body, headers: { ...lock, ...headers } });
    expect((await put({})).code).toBe('InvalidRequest');
    expect((await put({ 'x-amz-checksum-crc32': crc })).status).toBe(200);
  });

  test('of more than five gibibytes, before it is sent', async () => {
    const { server } = await startPrivate();
    const headers = { 'content-length': String(5 * 1024 ** 3 + 1), expect: '100-continue', connection: 'close' };
    const put = sendRaw(server, { method: 'PUT', path: '/bucket/k', payloadHash: 'UNSIGNED-PAYLOAD', headers });
    expect((await put).code).toBe('EntityTooLarge');
  });
});

test('chunk framing is taken off, however the network cuts the body', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 8192, maxLength: 9000 }), { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 10 }),
      async (chunks, cuts) => {
        const framed = Buffer.concat([
          ...chunks.flatMap((one) => [Buffer.from(`${one.length.toString(16)}\r\n`), one, Buffer.from('\r\n')]),
          Buffer.from('0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
        ]);
        const trailers = new Map<string, string>();
        const observer = {
          data: () => undefined,
          chunkEnd: () => undefined,
          trailers: (found: Map<string, string>) => found.forEach((value, name) => trailers.set(name, value)),
        };
        const found: Buffer[] = [];
        for await (const piece of decodeAwsChunked(pieces(framed, cuts), observer)) found.push(piece);
        expect(Buffer.concat(found).equals(Buffer.concat(chunks))).toBe(true);
        expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'AAAAAA==']]);
      },
    ),
    { numRuns: 50, seed: 7 },
  );
});

async function* pieces(whole: Buffer, cuts: number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = cuts[i % cuts.length];
    yield whole.subarray(at, at + size);
    at += size;
  }
}
