/** Faults do what they say, once, and can prove it. */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { FaultPlan, type Fault, type FaultRule } from '../../../dev/s3';
import { startPrivate, stopAll, type PrivateServer } from './support/private-server';
import { bytes, read, refusal } from './support/suite';

afterEach(stopAll);

const BODY = bytes(600_000);
const WHERE = { Bucket: 'bucket', Key: 'k' };

async function withFault(fault: Fault, rule: Partial<FaultRule> = {}): Promise<PrivateServer & { faults: FaultPlan }> {
  const faults = new FaultPlan();
  const started = await startPrivate({ faults });
  await started.s3.send(new PutObjectCommand({ ...WHERE, Body: BODY }));
  faults.add({ ...rule, fault });
  return { ...started, faults };
}

function put(s3: S3Client, Key = 'new'): Promise<unknown> {
  return s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: BODY }));
}

async function exists(s3: S3Client, Key: string): Promise<boolean> {
  return s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key })).then(
    () => true,
    () => false,
  );
}

async function download(s3: S3Client): Promise<Buffer> {
  return read((await s3.send(new GetObjectCommand(WHERE))).Body);
}

test('an error is answered instead of the work', async () => {
  const { s3, faults } = await withFault({ kind: 'error', code: 'SlowDown' });
  expect(await refusal(put(s3))).toEqual({ code: 'SlowDown', status: 503 });
  expect(await exists(s3, 'new')).toBe(false);
  faults.assertAllFired();
});

test('a status can be chosen', async () => {
  const { s3 } = await withFault({ kind: 'error', code: 'ExpiredToken', status: 403 });
  expect(await refusal(put(s3))).toEqual({ code: 'ExpiredToken', status: 403 });
});

test('an error after the work leaves the work done', async () => {
  const { s3, faults } = await withFault({ kind: 'error', code: 'InternalError', when: 'after' });
  expect(await refusal(put(s3))).toEqual({ code: 'InternalError', status: 500 });
  expect(await exists(s3, 'new')).toBe(true);
  faults.assertAllFired();
});

test.each([
  ['before the work', 'before' as const, false],
  ['inside the body', { bodyBytes: 100_000 }, false],
  ['after the work', 'after' as const, true],
])('a connection is cut %s', async (_title, when, stored) => {
  const { s3, faults } = await withFault({ kind: 'drop', when });
  await expect(put(s3)).rejects.toThrow();
  expect(await exists(s3, 'new')).toBe(stored);
  faults.assertAllFired();
});

test('a stalled request ends when the client gives up, and did nothing', async () => {
  const { server, s3, faults } = await withFault({ kind: 'stall' });
  const { endpoint, region, credentials } = server;
  const impatient = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true },
  });
  await expect(put(impatient)).rejects.toThrow();
  impatient.destroy();
  expect(await exists(s3, 'new')).toBe(false);
  faults.assertAllFired();
});

test('a stalled answer comes late', async () => {
  const { s3, faults } = await withFault({ kind: 'stall', forMs: 30, when: 'after' });
  await put(s3);
  faults.assertAllFired();
});

test('a truncated answer breaks off', async () => {
  const { s3, faults } = await withFault({ kind: 'truncate', afterBytes: 1000 });
  await expect(download(s3)).rejects.toThrow();
  faults.assertAllFired();
});

test('a quietly truncated answer looks whole', async () => {
  const { s3, faults } = await withFault({ kind: 'truncate', afterBytes: 1000, quietly: true });
  const got = await s3.send(new GetObjectCommand({ ...WHERE, ChecksumMode: undefined }));
  expect(got.ContentLength).toBe(1000);
  faults.assertAllFired();
});

test('a corrupted answer differs in one bit, and only once', async () => {
  const { server, faults } = await withFault({ kind: 'corrupt', offset: 300_000 });
  const { endpoint, region, credentials } = server;
  const careless = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const changed = Buffer.from(BODY);
  changed[300_000] ^= 1;
  expect((await download(careless)).equals(changed)).toBe(true);
  expect((await download(careless)).equals(BODY)).toBe(true);
  careless.destroy();
  expect(faults.injected.map(({ matched, fired }) => ({ matched, fired }))).toEqual([{ matched: 2, fired: 1 }]);
});

test('CompleteMultipartUpload can fail with status 200, and can be repeated', async () => {
  const { s3, faults } = await withFault(
    { kind: 'error-in-success', code: 'InternalError' },
    { operation: 'CompleteMultipartUpload' },
  );
  const target = { Bucket: 'bucket', Key: 'multi' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
  const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: BODY }));
  const complete = () =>
    s3.send(
      new CompleteMultipartUploadCommand({
        ...target,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
  await expect(complete()).rejects.toThrow();
  expect(await exists(s3, 'multi')).toBe(false);
  await complete();
  expect(await exists(s3, 'multi')).toBe(true);
  faults.assertAllFired();
});

test('something can happen between two requests', async () => {
  const faults = new FaultPlan();
  const { s3 } = await startPrivate({ faults });
  const { ETag } = (await s3.send(new PutObjectCommand({ ...WHERE, Body: 'seen' }))) as { ETag: string };
  faults.add({
    operation: 'GetObject',
    fault: {
      kind: 'interfere',
      act: async () => {
        await s3.send(new PutObjectCommand({ ...WHERE, Body: 'changed' }));
      },
    },
  });
  const get = s3.send(new GetObjectCommand({ ...WHERE, IfMatch: ETag }));
  expect(await refusal(get)).toEqual({ code: 'PreconditionFailed', status: 412 });
  faults.assertAllFired();
});

test('a rule chooses by operation, key, part and turn', async () => {
  const faults = new FaultPlan();
  const { s3 } = await startPrivate({ faults });
  const rule = faults.add({
    operation: ['PutObject', 'UploadPart'],
    key: /^a\//,
    nth: 2,
    times: 2,
    fault: { kind: 'error', code: 'SlowDown' },
  });
  const part = faults.add({ partNumber: 2, fault: { kind: 'error', code: 'InternalError' } });
  const outcomes: string[] = [];
  for (const key of ['b', 'a/1', 'a/2', 'a/3', 'a/4']) {
    outcomes.push(
      await put(s3, key).then(
        () => 'stored',
        () => 'failed',
      ),
    );
  }
  expect(outcomes).toEqual(['stored', 'stored', 'failed', 'failed', 'stored']);
  expect({ matched: rule.matched, fired: rule.fired }).toEqual({ matched: 4, fired: 2 });
  expect(part.fired).toBe(0);
  expect(() => faults.assertAllFired()).toThrow('"error" (0 calls matched)');
});

test('chance repeats itself from the seed', () => {
  const draw = (seed: number): string => {
    const plan = new FaultPlan({
      seed,
      rules: [{ probability: 0.3, times: 100, fault: { kind: 'error', code: 'SlowDown' } }],
    });
    return Array.from({ length: 60 }, () => (plan.effectFor({ operation: 'PutObject' }) ? 'x' : '.')).join('');
  };
  expect(draw(5)).toBe(draw(5));
  expect(draw(5)).not.toBe(draw(6));
  expect(draw(5)).toMatch(/x.*\..*x/);
});
