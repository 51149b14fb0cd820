import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import {
  FaultPlan,
  startS3Server,
  type AuthorizationRequest,
  type S3Server,
  type ServedRequest,
} from '../../../dev/s3';
import { createS3Client, type S3Connection } from '../../../runtime/store/s3-client';
import { openS3Store } from '../../../runtime/store/s3-store';
import type { ObjectStore } from '../../../runtime/store/store';

export const BUCKET = 'vault';

/** The S3 server of a test, with a versioned bucket, its faults and what it was asked. */
export interface TestVault {
  readonly server: S3Server;
  readonly faults: FaultPlan;
  readonly requests: ServedRequest[];
  /** Replace it to refuse permissions. */
  authorize: (request: AuthorizationRequest) => boolean;
  open(connection?: S3Connection): ObjectStore;
  /** Operations since the last call. */
  operations(): string[];
  openUploads(): Promise<string[]>;
  versionsOf(key: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function startVault(): Promise<TestVault> {
  const directory = await mkdtemp(join(tmpdir(), 'store-test-'));
  const faults = new FaultPlan({ seed: 7 });
  const requests: ServedRequest[] = [];
  const server = await startS3Server({
    directory,
    faults,
    onRequest: (request) => requests.push(request),
    authorize: (request) => vault.authorize(request),
  });
  await server.createBucket(BUCKET, { versioning: true });
  const connection = { endpoint: server.endpoint, credentials: server.credentials, maxAttempts: 4 };
  const client = createS3Client(connection);
  const vault: TestVault = {
    server,
    faults,
    requests,
    authorize: () => true,
    open: (other = {}) => openS3Store(`s3://${BUCKET}/team`, { ...connection, ...other }),
    operations: () => requests.splice(0).map(({ operation }) => operation),
    openUploads: async () => {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
      return (Uploads ?? []).map(({ Key }) => Key ?? '');
    },
    versionsOf: async (key) => {
      const answer = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: `team/${key}` }));
      return (answer.Versions ?? []).map(({ VersionId }) => VersionId ?? '');
    },
    close: async () => {
      client.destroy();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return vault;
}

/** A clean slate for the next test: no faults, everything allowed, nothing asked. */
export function reset(vault: TestVault): void {
  vault.faults.clear();
  vault.authorize = () => true;
  vault.requests.splice(0);
}
