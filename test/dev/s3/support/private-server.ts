/** A server of a test's own, with a bucket and a client. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { startS3Server, type S3Server, type S3ServerOptions } from '../../../../dev/s3';

export interface PrivateServer {
  server: S3Server;
  directory: string;
  /** Repeats nothing. */
  s3: S3Client;
}

const open: (() => Promise<void>)[] = [];

/** Has a bucket `bucket`; is stopped by `stopAll`. */
export async function startPrivate(options: Partial<S3ServerOptions> = {}): Promise<PrivateServer> {
  const directory = mkdtempSync(join(tmpdir(), 's3-test-'));
  const server = await startS3Server({ directory, ...options });
  await server.createBucket('bucket', { versioning: true });
  const { endpoint, region, credentials } = server;
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  open.push(async () => {
    s3.destroy();
    await server.close();
    rmSync(directory, { recursive: true });
  });
  return { server, directory, s3 };
}

/** For `afterEach`. */
export async function stopAll(): Promise<void> {
  for (const stop of open.splice(0)) await stop();
}

/** The files that hold the bytes of a bucket, by default of `bucket`. */
export function bodyFiles(directory: string, bucket = 'bucket'): string[] {
  const bodies = join(directory, 'buckets', bucket, 'bodies');
  if (!existsSync(bodies)) return [];
  return readdirSync(bodies, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}
