import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createS3Client } from '../../../runtime/store/s3-client';
import { openS3Bucket } from '../../../runtime/store/s3-bucket';
import { findPlace } from '../../../runtime/store/s3-place';
import { encodeKey } from '../../../runtime/store/s3-requests';
import { failureOf } from '../../support/failure-of';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse, count: number) => void;
let seen: { path: string; authorization: string }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '' });
    answer(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => (seen = []));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const put = (bucket: ReturnType<typeof openS3Bucket>) =>
  bucket.put(
    'a',
    { bytes: Buffer.alloc(0), sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    {},
  );

function written(response: ServerResponse): void {
  response.writeHead(200, { etag: '"e"', 'x-amz-version-id': 'v' }).end();
}

function refused(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
}

test('a bucket that is in another region is asked there', async () => {
  answer = (_request, response, count) =>
    count === 1
      ? refused(response, 301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-central-1' })
      : written(response);
  const bucket = openS3Bucket(
    { bucket: 'acme', prefix: '' },
    { endpoint: endpoint(), credentials, region: 'us-east-1' },
  );
  expect(await put(bucket)).toEqual({ versionId: 'v', etag: '"e"' });
  expect(seen.map(({ authorization }) => /\/([a-z0-9-]+)\/s3\//.exec(authorization)?.[1])).toEqual([
    'us-east-1',
    'eu-central-1',
  ]);
});

test('a store that always names another region is not asked for ever', async () => {
  answer = (_request, response, count) =>
    refused(response, 301, 'PermanentRedirect', { 'x-amz-bucket-region': `eu-central-${count}` });
  const bucket = openS3Bucket({ bucket: 'acme', prefix: '' }, { endpoint: endpoint(), credentials });
  expect((await failureOf(put(bucket))).code).toBe('store-failed');
  expect(seen.length).toBeLessThan(30);
});

test('expired credentials are renewed; when there are no others, that is the end', async () => {
  let given = 0;
  const renewing = async () => ({
    ...credentials,
    sessionToken: `token ${(given += 1)}`,
    expiration: new Date(Date.now() + 3.6e6),
  });
  answer = (request, response) =>
    request.headers['x-amz-security-token'] === 'token 1' ? refused(response, 400, 'ExpiredToken') : written(response);
  const bucket = openS3Bucket({ bucket: 'acme', prefix: '' }, { endpoint: endpoint(), credentials: renewing });
  expect(await put(bucket)).toMatchObject({ versionId: 'v' });
  answer = (_request, response) => refused(response, 400, 'ExpiredToken');
  const fixed = openS3Bucket({ bucket: 'acme', prefix: '' }, { endpoint: endpoint(), credentials });
  expect((await failureOf(put(fixed))).code).toBe('store-denied');
});

test('AWS is asked where the SDK would ask it, a store of its own by path', async () => {
  const aws = createS3Client({ region: 'eu-central-1', credentials }, {});
  expect(await findPlace(aws, 'acme')).toMatchObject({
    protocol: 'https:',
    hostname: 'acme.s3.eu-central-1.amazonaws.com',
    path: '',
  });
  const own = createS3Client({ endpoint: 'http://minio:9000/base', credentials }, {});
  expect(await findPlace(own, 'acme')).toMatchObject({
    protocol: 'http:',
    hostname: 'minio',
    port: 9000,
    path: '/base/acme',
  });
});

test('a key is spelt in a path as it is signed', () => {
  expect(encodeKey("a b/../ü+%2F!'()*~")).toBe('a%20b/../%C3%BC%2B%252F%21%27%28%29%2A~');
});
