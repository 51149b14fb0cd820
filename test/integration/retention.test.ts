/** Retention from end to end: forty points at an S3 server, marked by the role that the construct deploys, and deleted by the rule of the vault. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { startS3Server, type AuthorizationRequest, type S3Server } from '../../dev/s3';
import { MANIFEST_NAME, VERIFICATION_NAME, type RetentionPolicy } from '../../model';
import { listPoints, readPoint } from '../../runtime/catalog/catalog';
import { applyRetention } from '../../runtime/retention/apply-retention';
import { planRetention } from '../../runtime/retention/plan-retention';
import { createS3Client } from '../../runtime/store/s3-client';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { storeRun } from '../runtime/retention/support';
import { deployedRetention, type DeployedRetention } from './retention-role';

const BUCKET = 'vault';
const ROLE = { accessKeyId: 'RETENTION', secretAccessKey: 'of the role of the function' };
const POINTS = 40;
/** Some thousand requests, one after the other. */
const SLOW_MS = 180_000;
/** A point every 15 seconds, kept for five minutes: the clock of a server may differ from that of its clients by a quarter of an hour. */
const EVERY_MS = 15_000;
const POLICY: RetentionPolicy = {
  classes: { daily: { keepSeconds: 300 }, hourly: { keepSeconds: 60 } },
  minimumVerified: 3,
};

let directory: string;
let server: S3Server;
let client: S3Client;
let store: ObjectStore;
let asRole: ObjectStore;
let deployed: DeployedRetention;
/** The time, which stands still, and how far the server's clock is behind it. */
const NOW = Date.now();
let behindMs = 0;
const asked = new Set<string>();
const refused: AuthorizationRequest[] = [];
const prefixes: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'retention-test-'));
  deployed = deployedRetention(BUCKET);
  server = await startS3Server({
    directory,
    credentials: [ROLE],
    now: () => new Date(NOW - behindMs),
    authorize: (request) => {
      if (request.accessKeyId !== ROLE.accessKeyId) return true;
      asked.add(request.action);
      if (deployed.allows(request)) return true;
      refused.push(request);
      return false;
    },
  });
  await server.createBucket(BUCKET, { versioning: true });
  const connection = { endpoint: server.endpoint, region: server.region };
  client = createS3Client({ ...connection, credentials: server.credentials });
  store = openS3Store(`s3://${BUCKET}`, { ...connection, credentials: server.credentials });
  asRole = openS3Store(`s3://${BUCKET}`, { ...connection, credentials: ROLE });
  await storePoints();
}, SLOW_MS);

afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Every fourth is an hourly one; the last five nobody verified; of every tenth the verification was written twice. */
async function storePoints(): Promise<void> {
  for (let index = 0; index < POINTS; index += 1) {
    behindMs = (POINTS - index) * EVERY_MS;
    const prefix = await storeRun(store, {
      time: new Date(NOW - behindMs),
      class: index % 4 === 0 ? 'hourly' : 'daily',
      run: `run${String(index).padStart(3, '0')}`,
      verification: index < POINTS - 5 ? 'passed' : 'not verified',
    });
    prefixes.push(prefix);
    if (index % 10 === 0) await repeat(`${prefix}${VERIFICATION_NAME}`);
  }
  behindMs = 0;
  await storeRun(store, { time: new Date(NOW), run: 'failed', end: 'failure' });
}

async function repeat(key: string): Promise<void> {
  const { body } = await store.get(key);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  await store.put(key, Buffer.concat(chunks));
}

interface TaggedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function versions(): Promise<TaggedVersion[]> {
  const found: TaggedVersion[] = [];
  for await (const { key, versionId } of store.versions('')) {
    found.push({ key, versionId, tags: await store.tags(key, versionId) });
  }
  return found;
}

async function retain(): Promise<void> {
  const context = { store: asRole, signal: new AbortController().signal, now: () => new Date(NOW) };
  const plan = await planRetention({ source: 'orders', component: 'dump', policy: POLICY }, context);
  expect(plan.runs).toHaveLength(POINTS + 1);
  expect((await applyRetention(plan, context)).failed).toEqual([]);
}

test(
  'exactly the versions of what ends are marked, with permissions that just suffice, and the vault deletes just these',
  async () => {
    await retain();
    expect(refused).toEqual([]);
    // No permission too many: each is used.
    expect([...asked].sort()).toEqual(deployed.actions);

    const ends = prefixes.filter((_, index) => {
      const ageSeconds = ((POINTS - index) * EVERY_MS) / 1000;
      return ageSeconds >= (index % 4 === 0 ? 60 : 300);
    });
    // Of the newest, which nobody verified, none ends, however old.
    const kept = prefixes.filter(
      (prefix, index) => !ends.includes(prefix) || index >= POINTS - 5 || newestVerified(index),
    );
    const expired = prefixes.filter((prefix) => !kept.includes(prefix));
    expect(expired.length).toBeGreaterThan(20);

    const before = await versions();
    const isOf = (list: readonly string[], key: string) => list.some((prefix) => key.startsWith(prefix));
    for (const { key, tags } of before) {
      expect({ key, tags }).toEqual({
        key,
        tags: isOf(expired, key) ? { [deployed.lifecycleTag.Key]: deployed.lifecycleTag.Value } : {},
      });
    }
    // A verification that was written twice has two versions, both of which are marked.
    expect(before.filter(({ key }) => key === `${prefixes[0]}${VERIFICATION_NAME}`)).toHaveLength(2);

    // A second time changes nothing.
    await retain();
    expect(await versions()).toEqual(before);

    await liveLifecycle(before);
    const left = await versions();
    expect(left.map(({ key }) => key).filter((key) => isOf(expired, key))).toEqual([]);
    const points = await listPoints(store, 'orders', 'dump');
    expect(points).toHaveLength(kept.length);
    for (const address of points) expect((await readPoint(store, address)).prefix).toMatch(/^orders\/dump\//);
    expect(left.filter(({ key }) => key.endsWith(MANIFEST_NAME))).toHaveLength(kept.length);
  },
  SLOW_MS,
);

/** The newest three that are verified stay. */
function newestVerified(index: number): boolean {
  return index >= POINTS - 8;
}

/** What the synthesised vault's rule does, days later. */
async function liveLifecycle(all: readonly TaggedVersion[]): Promise<void> {
  const { Key: tag, Value: value } = deployed.lifecycleTag;
  for (const { key, versionId, tags } of all) {
    if (tags[tag] === value)
      await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key, VersionId: versionId }));
  }
}

test('the role may write no object, delete none, mark none of another source, and read no data', async () => {
  const [prefix] = prefixes.slice(-1);
  const other = await store.put('billing/dump/daily/x', Buffer.from('x'));
  const denied = { code: 'store-denied' };
  await expect(asRole.put(`${prefix}${MANIFEST_NAME}`, Buffer.from('x'))).rejects.toMatchObject(denied);
  await expect(asRole.get(`${prefix}globals.sql.zst`)).rejects.toMatchObject(denied);
  await expect(asRole.tags('billing/dump/daily/x', other.versionId)).rejects.toMatchObject(denied);
  await expect(asRole.versions('billing/')[Symbol.asyncIterator]().next()).rejects.toMatchObject(denied);
  const role = createS3Client({ endpoint: server.endpoint, region: server.region, credentials: ROLE });
  const deletion = role.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `${prefix}${MANIFEST_NAME}` }));
  await expect(deletion).rejects.toMatchObject({ name: 'AccessDenied' });
  role.destroy();
});
