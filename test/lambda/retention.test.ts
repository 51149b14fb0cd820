/**
 * The retaining function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights than the synthesised template gives it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startS3Server, type S3Server } from '../../dev/s3';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { deployedRetention } from '../integration/retention-role';
import { storeRun } from '../runtime/retention/support';
import { callFunction, FUNCTION } from './support/call-function';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';
/** A store's clock may be behind by a quarter of an hour, which makes what it stores so old; kept for half of that. */
const OLD_MS = 600_000;
const POLICY = '{"classes":{"daily":{"keepSeconds":300}},"minimumVerified":3}';

const deployed = deployedRetention(BUCKET);
let directory: string;
let server: S3Server;
let owner: ObjectStore;
let behindMs = 0;
let refused: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  server = await startS3Server({
    directory,
    credentials: [FUNCTION],
    now: () => new Date(Date.now() - behindMs),
    authorize: (request) => {
      if (request.accessKeyId !== FUNCTION.accessKeyId || deployed.allows(request)) return true;
      refused.push(`${request.action} ${request.key ?? ''}`);
      return false;
    },
  });
  await server.createBucket(BUCKET, { versioning: true });
  owner = openS3Store(`s3://${BUCKET}`, {
    endpoint: server.endpoint,
    region: server.region,
    credentials: server.credentials,
  });
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => (refused = []));

async function invoke(environment: Record<string, string> = {}) {
  const given = {
    ...deployed.environment,
    POSTGRES_BACKUP_RETENTION: POLICY,
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: server.region,
    ...environment,
  };
  const { code, stderr, lines } = await callFunction('retention', given, [{ action: 'retain' }]);
  return { code, stderr, lines: lines() };
}

/** Four old points and three new ones. Gives the old ones' prefixes. */
async function storeSeven(): Promise<string[]> {
  const old: string[] = [];
  for (const [index, ageMs] of [OLD_MS, OLD_MS, OLD_MS, OLD_MS, 0, 0, 0].entries()) {
    behindMs = ageMs;
    const prefix = await storeRun(owner, { time: new Date(Date.now() - ageMs), run: `number${index}`.slice(-6) });
    if (ageMs > 0) old.push(prefix);
  }
  return old;
}

async function markedKeys(): Promise<string[]> {
  const marked: string[] = [];
  for await (const { key, versionId } of owner.versions('')) {
    const tags = await owner.tags(key, versionId);
    if (tags[deployed.lifecycleTag.Key] === deployed.lifecycleTag.Value) marked.push(key);
  }
  return marked;
}

test('what is over is marked with the rights of the template, told with its reason, and counted', async () => {
  const old = await storeSeven();
  const { code, stderr, lines } = await invoke();
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  const expected = old.flatMap((prefix) =>
    ['globals.sql.zst', 'manifest.json', 'started.json', 'verification.json'].map((name) => prefix + name),
  );
  expect((await markedKeys()).sort()).toEqual(expected.sort());
  expect(lines.filter(({ event }) => event === 'expired').map(({ reason }) => reason)).toEqual(
    Array<unknown>(4).fill(expect.stringMatching(/^daily: kept for 5 min, which is over; .* is newer and verified$/)),
  );
  expect(lines.find((line) => '_aws' in line)).toMatchObject({
    Source: 'orders',
    Component: 'dump',
    RetentionSucceeded: 1,
    RetentionFailed: 0,
    RecoveryPointsExpired: 4,
  });
});

test('with the policy of the template nothing so young ends', async () => {
  const before = await markedKeys();
  behindMs = OLD_MS;
  await storeRun(owner, { time: new Date(), run: 'young0' });
  behindMs = 0;
  const { code, lines } = await invoke({
    POSTGRES_BACKUP_RETENTION: deployed.environment.POSTGRES_BACKUP_RETENTION,
  });
  expect(code).toBe(0);
  expect(lines.find((line) => '_aws' in line)).toMatchObject({ RecoveryPointsExpired: 0 });
  expect(await markedKeys()).toEqual(before);
});

test('what it could not do ends it with an error and counts: the platform tries again, then keeps the event', async () => {
  const { code, stderr, lines } = await invoke({ AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect(code).toBe(1);
  expect(stderr).toMatch(/could not list/);
  expect(lines.find((line) => '_aws' in line)).toMatchObject({ RetentionSucceeded: 0, RetentionFailed: 1 });
  const unset = await invoke({ POSTGRES_BACKUP_RETENTION: '' });
  expect(unset).toMatchObject({ code: 1, stderr: 'environment variable POSTGRES_BACKUP_RETENTION is not set' });
});
