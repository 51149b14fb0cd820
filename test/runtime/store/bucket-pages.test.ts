/** Listings of stores that are not AWS, whose documents say the same in another order. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openS3Bucket } from '../../../runtime/store/s3-bucket';

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' };
const KEYS = ['a b/é', 'a+b', '100%'];

let server: Server;
let document: string;

beforeAll(async () => {
  server = createServer((_request, response) => response.end(document));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const contents = (encode: (key: string) => string) =>
  [...Array<undefined>(200)].flatMap((_, number) =>
    KEYS.map(
      (key) =>
        `<Contents><Key>${encode(`${String(number).padStart(3, '0')}/${key}`)}</Key><Size>1</Size><ETag>"e"</ETag>` +
        '<LastModified>2026-11-20T02:00:00.000Z</LastModified></Contents>',
    ),
  );

async function listed(): Promise<string[]> {
  const { port } = server.address() as AddressInfo;
  const bucket = openS3Bucket(
    { bucket: 'media', prefix: '' },
    { endpoint: `http://127.0.0.1:${port}`, credentials: CREDENTIALS },
  );
  const keys: string[] = [];
  for await (const page of bucket.pages()) keys.push(...page.map(({ key }) => key));
  return keys.slice(0, 3);
}

const encoded = (key: string) => encodeURIComponent(key).replaceAll('%20', '+');
const SAYS = '<EncodingType>url</EncodingType>';

test.each([
  ['before the objects, as S3', () => `${SAYS}${contents(encoded).join('')}`],
  ['after the objects, as MinIO', () => `${contents(encoded).join('')}${SAYS}`],
  ['not at all, for they are not encoded', () => contents((key) => key).join('')],
])('keys are byte for byte what they are, whether the store says %s, how they are encoded', async (_where, body) => {
  document = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${body()}</ListBucketResult>`;
  expect(await listed()).toEqual(KEYS.map((key) => `000/${key}`));
});
