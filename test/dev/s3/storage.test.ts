/** What is stored: it outlives the process, whatever kills it; it can be damaged on purpose; and keys never become paths. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import * as fc from 'fast-check';
import { startS3Server, type S3Server } from '../../../dev/s3';
import { compareUtf8, OrderedKeys } from '../../../dev/s3/storage/key-order';
import { bodyFiles, startPrivate, stopAll } from './support/private-server';
import { bytes, read, refusal } from './support/suite';

const PART_BYTES = 5 * 1024 * 1024;
const WHERE = { Bucket: 'bucket', Key: 'k' };
const TARGET = { bucket: 'bucket', key: 'k' };

afterEach(stopAll);

describe('after a restart', () => {
  let directory: string;
  let server: S3Server | undefined;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 's3-restart-'))));
  afterEach(async () => {
    await server?.close();
    rmSync(directory, { recursive: true });
  });

  async function open(): Promise<S3Client> {
    await server?.close();
    server = await startS3Server({ directory, durable: true, accessKeyId: 'A', secretAccessKey: 'B' });
    const { endpoint, region, credentials } = server;
    return new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  }

  test('objects, versions, settings, uploads and parts are there, and nothing else', async () => {
    let s3 = await open();
    await server?.createBucket('bucket', { objectLock: true });
    await s3.send(new PutObjectCommand({ ...WHERE, Body: 'one', Metadata: { a: '1' } }));
    await s3.send(new PutObjectCommand({ ...WHERE, Body: 'two' }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...WHERE, Key: 'open' }));
    const part = { ...WHERE, Key: 'open', UploadId, PartNumber: 1 };
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const before = await s3.send(new ListObjectVersionsCommand({ Bucket: 'bucket' }));
    s3.destroy();

    s3 = await open();
    const after = await s3.send(new ListObjectVersionsCommand({ Bucket: 'bucket' }));
    expect(after.Versions).toEqual(before.Versions);
    const [, first] = after.Versions ?? [];
    const got = await s3.send(new GetObjectCommand({ ...WHERE, VersionId: first.VersionId }));
    expect((await read(got.Body)).toString()).toBe('one');
    expect(got.Metadata).toEqual({ a: '1' });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...WHERE, Key: 'open', UploadId, MultipartUpload }));
    const joined = await s3.send(new GetObjectCommand({ ...WHERE, Key: 'open' }));
    expect((await read(joined.Body)).toString()).toBe('part');
    s3.destroy();
  });

  test('a server killed while it writes has whole objects or none, and no leftovers', async () => {
    const main = join(__dirname, '../../../dev/s3/main.ts');
    const env = { ...process.env, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'B' };
    const child = spawn(process.execPath, ['--import', 'tsx', main, '--directory', directory, '--bucket', 'bucket'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const endpoint = await announced(child.stdout);
    const credentials = { accessKeyId: 'A', secretAccessKey: 'B' };
    let s3 = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
    const acknowledged: number[] = [];
    const writers = Array.from({ length: 6 }, async (_, i) => {
      for (let n = i; ; n += 6) {
        await s3.send(new PutObjectCommand({ ...WHERE, Key: `k${n}`, Body: bytes(700_000, n) }));
        acknowledged.push(n);
        if (acknowledged.length === 8) child.kill('SIGKILL');
      }
    });
    await Promise.allSettled(writers);
    await exited;
    s3.destroy();

    s3 = await open();
    for (const n of acknowledged) {
      const got = await s3.send(new GetObjectCommand({ ...WHERE, Key: `k${n}` }));
      expect((await read(got.Body)).equals(bytes(700_000, n))).toBe(true);
    }
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'bucket' }));
    for (const { Size } of Versions) expect(Size).toBe(700_000);
    expect(bodyFiles(directory)).toHaveLength(Versions.length);
    s3.destroy();
  });
});

describe('damage on purpose', () => {
  async function stored() {
    const started = await startPrivate();
    const { s3 } = started;
    const bodies = [bytes(PART_BYTES, 1), bytes(PART_BYTES, 2), bytes(100, 3)];
    await putParts(s3, bodies);
    const head = () => s3.send(new HeadObjectCommand({ ...WHERE, ChecksumMode: 'ENABLED' }));
    const content = async (Range = 'bytes=0-') => read((await s3.send(new GetObjectCommand({ ...WHERE, Range }))).Body);
    return { ...started, whole: Buffer.concat(bodies), bodies, head, content };
  }

  test('a flipped bit changes one byte, and neither size nor checksum', async () => {
    const { server, whole, head, content } = await stored();
    const before = await head();
    await server.damage.flipBit(TARGET, PART_BYTES + 7, 3);
    const expected = Buffer.from(whole);
    expected[PART_BYTES + 7] ^= 8;
    expect((await content()).equals(expected)).toBe(true);
    const { ChecksumCRC32, ETag, ContentLength } = await head();
    expect({ ChecksumCRC32, ETag, ContentLength }).toEqual({
      ChecksumCRC32: before.ChecksumCRC32,
      ETag: before.ETag,
      ContentLength: whole.length,
    });
    await expect(server.damage.flipBit(TARGET, whole.length)).rejects.toThrow(RangeError);
  });

  test('a truncated object is shorter and keeps its checksum', async () => {
    const { server, whole, head, content } = await stored();
    const before = await head();
    await server.damage.truncate(TARGET, PART_BYTES + 10);
    expect((await content()).equals(whole.subarray(0, PART_BYTES + 10))).toBe(true);
    expect(await head()).toMatchObject({ ContentLength: PART_BYTES + 10, ChecksumCRC32: before.ChecksumCRC32 });
  });

  test('swapped parts', async () => {
    const { server, bodies, content } = await stored();
    await server.damage.swapParts(TARGET, 1, 2);
    expect((await content()).equals(Buffer.concat([bodies[1], bodies[0], bodies[2]]))).toBe(true);
  });

  test('a lost object is gone without a trace', async () => {
    const { server, s3 } = await stored();
    await server.damage.lose(TARGET);
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: 'bucket' }));
    expect(listed.Versions ?? listed.DeleteMarkers).toBeUndefined();
  });
});

test('an object that is removed while it is read is read to its end', async () => {
  const { s3, directory } = await startPrivate();
  const bodies = [1, 2, 3, 4].map((seed) => bytes(PART_BYTES, seed)); // more than sockets buffer, so the last is opened late
  const { VersionId } = await putParts(s3, bodies);
  const got = await s3.send(new GetObjectCommand(WHERE));
  await s3.send(new DeleteObjectCommand({ ...WHERE, VersionId }));
  expect((await read(got.Body)).equals(Buffer.concat(bodies))).toBe(true);
  await s3.send(new PutObjectCommand({ ...WHERE, Key: 'another', Body: 'x' })); // a request later, the files are freed as well
  expect(bodyFiles(directory)).toHaveLength(1);
});

test('giving an upload up frees its parts', async () => {
  const { s3, directory } = await startPrivate();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(WHERE));
  await s3.send(new UploadPartCommand({ ...WHERE, UploadId, PartNumber: 1, Body: 'x' }));
  await s3.send(new UploadPartCommand({ ...WHERE, UploadId, PartNumber: 1, Body: 'y' }));
  expect((await s3.send(new ListPartsCommand({ ...WHERE, UploadId }))).Parts).toHaveLength(1);
  expect(bodyFiles(directory)).toHaveLength(1);
  await s3.send(new AbortMultipartUploadCommand({ ...WHERE, UploadId }));
  expect(bodyFiles(directory)).toHaveLength(0);
  expect((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'bucket' }))).Uploads).toBeUndefined();
});

test('a part that arrives after its upload was given up is refused and freed', async () => {
  const { s3, server, directory } = await startPrivate();
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand(WHERE));
  const late = Readable.from(
    (async function* () {
      yield bytes(100_000);
      while (bodyFiles(directory).length === 0) await sleep(5); // until the server is receiving
      await s3.send(new AbortMultipartUploadCommand({ ...WHERE, UploadId }));
      yield bytes(100_000);
    })(),
  );
  const { endpoint, region, credentials } = server;
  const slow = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  const part = { ...WHERE, UploadId, PartNumber: 1, Body: late, ContentLength: 200_000 };
  expect(await refusal(slow.send(new UploadPartCommand(part)))).toEqual({ code: 'NoSuchUpload', status: 404 });
  slow.destroy();
  expect(bodyFiles(directory)).toHaveLength(0);
});

test('keys are ordered by their UTF-8 bytes', () => {
  const key = fc.string({ unit: 'binary', maxLength: 8 });
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('an ordered set of keys does what a sorted list does', () => {
  const key = fc.constantFrom('a', 'a/', 'a/1', 'a/2', 'a0', 'b', '\u{1f4be}', '\uffee', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key)), key, (steps, asked) => {
      const keys = new OrderedKeys();
      const model = new Set<string>();
      for (const [add, one] of steps) {
        if (add) keys.add(one);
        else keys.remove(one);
        if (add) model.add(one);
        else model.delete(one);
      }
      const sorted = [...model].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(Array.from({ length: keys.size }, (_, i) => keys.at(i))).toEqual(sorted);
      expect(keys.at(keys.indexAfter(asked))).toBe(sorted.find((one) => compareUtf8(one, asked) > 0));
      const behind = sorted.find((one) => !one.startsWith(asked) && compareUtf8(one, asked) > 0);
      expect(keys.at(keys.indexAfterPrefix(asked))).toBe(behind);
    }),
    { seed: 1, numRuns: 500 },
  );
});

/** A multipart object with a CRC-32 of the whole. */
async function putParts(s3: S3Client, bodies: Buffer[]): Promise<{ VersionId?: string }> {
  const create = { ...WHERE, ChecksumAlgorithm: 'CRC32' as const, ChecksumType: 'FULL_OBJECT' as const };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(create));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [i, Body] of bodies.entries()) {
    const { ETag } = await s3.send(new UploadPartCommand({ ...WHERE, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ PartNumber: i + 1, ETag });
  }
  return s3.send(new CompleteMultipartUploadCommand({ ...WHERE, UploadId, MultipartUpload: { Parts } }));
}

async function announced(output: NodeJS.ReadableStream): Promise<string> {
  let said = '';
  for await (const piece of output) {
    said += String(piece);
    const endpoint = /AWS_ENDPOINT_URL_S3=(\S+)\n/.exec(said);
    if (endpoint !== null && said.includes('AWS_SECRET_ACCESS_KEY')) return endpoint[1];
  }
  throw new Error(`The server did not start: ${said}`);
}
