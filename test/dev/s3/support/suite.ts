/** The frame of the conformance suite: a server for all its checks, a bucket for each. */
import { createHash } from 'node:crypto';
import { CreateBucketCommand, S3ServiceException, type S3Client } from '@aws-sdk/client-s3';
import type { RunningTarget, Target } from './target';

export interface Bench {
  s3: S3Client;
  /** A fresh bucket. */
  bucket: string;
  target: RunningTarget;
}

export type Check = (title: string, run: (bench: Bench) => Promise<void>) => void;

/** Runs every check against a target, but for those it is known not to pass. */
export function conformance(target: Target, groups: Readonly<Record<string, (check: Check) => void>>): void {
  describe(target.name, () => {
    let running: RunningTarget;
    let count = 0;
    beforeAll(async () => {
      running = await target.start();
    });
    afterAll(() => running.stop());

    const check: Check = (title, run) => {
      if (title in target.deviations) return;
      test(title, async () => {
        const s3 = running.client();
        const bucket = `bucket-${++count}`;
        await s3.send(new CreateBucketCommand({ Bucket: bucket }));
        await run({ s3, bucket, target: running });
      });
    };
    for (const [name, group] of Object.entries(groups)) describe(name, () => group(check));
  });
}

/** The error S3 answers with, as `code` and `status`. */
export async function refusal(request: Promise<unknown>): Promise<{ code: string; status: number | undefined }> {
  try {
    await request;
  } catch (error) {
    if (error instanceof S3ServiceException) return { code: error.name, status: error.$metadata.httpStatusCode };
    throw error;
  }
  throw new Error('The request was not refused.');
}

/** Bytes that look random and are the same every time. */
export function bytes(sizeBytes: number, seed = 1): Buffer {
  return createHash('shake256', { outputLength: sizeBytes }).update(`seed ${seed}`).digest();
}

/** Compares bytes at the speed of bytes; a matcher that walks through five megabytes takes half a minute. */
export function expectBytes(found: Buffer, expected: Buffer): void {
  expect({ sizeBytes: found.length, same: found.equals(expected) }).toEqual({ sizeBytes: expected.length, same: true });
}

export async function read(body: { transformToByteArray(): Promise<Uint8Array> } | undefined): Promise<Buffer> {
  return Buffer.from((await body?.transformToByteArray()) ?? []);
}
