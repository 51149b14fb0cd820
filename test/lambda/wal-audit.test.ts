/**
 * The auditing function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights than the synthesised template gives it. The archive is written with the rights of the server's machine.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { startS3Server, type AuthorizationRequest, type S3Server } from '../../dev/s3';
import { BackupVault, WalArchive } from '../../lib';
import { ENVIRONMENT, METRICS } from '../../model';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { pushWalFile } from '../../runtime/wal/push';
import { permissions, type Permission } from '../lib/support/policies';
import { failureOf } from '../support/failure-of';
import { makeDataDirectory, nameOf, SYSTEM, writeSegment } from '../runtime/wal/support/segments';
import { callFunction, FUNCTION } from './support/call-function';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';
const OWNER = { accessKeyId: 'OWNER', secretAccessKey: 'owner-secret' };
const HOST = { accessKeyId: 'HOST', secretAccessKey: 'host-secret' };
const RETENTION = { accessKeyId: 'RETENTION', secretAccessKey: 'retention-secret' };

const given = permissionsOf('WalAuditFunctionRole');
const givenTo: Readonly<Record<string, readonly Permission[]>> = {
  FUNCTION: given,
  HOST: permissionsOf('Host'),
  RETENTION: permissionsOf('WalRetentionFunctionRole'),
};
let directory: string;
let data: string;
let server: S3Server;
let host: ObjectStore;
let refused: string[] = [];
/** How far the store's clock is from the true one. */
let storeClockMs = 0;
const used = new Set<string>();

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  data = await makeDataDirectory(path.join(directory, 'data'));
  server = await startS3Server({
    directory: path.join(directory, 's3'),
    now: () => new Date(Date.now() + storeClockMs),
    credentials: [OWNER, FUNCTION, HOST, RETENTION],
    authorize,
  });
  await server.createBucket(BUCKET, { versioning: true });
  const { endpoint, region } = server;
  host = openS3Store(`s3://${BUCKET}`, { endpoint, region, credentials: HOST });
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => (refused = []));

function permissionsOf(holder: string): Permission[] {
  const stack = new Stack(new App(), 'Shop');
  const vault = new BackupVault(stack, 'Vault');
  const archive = new WalArchive(stack, 'Wal', { sourceName: 'orders', vault, topic: new sns.Topic(stack, 'Topic') });
  archive.grantPush(new iam.Role(stack, 'Host', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }));
  return permissions(Template.fromStack(stack)).filter(
    (one) => one.holder.startsWith(holder) && one.action.startsWith('s3:'),
  );
}

/** Of a resource in the template, what follows the bucket: all of its keys here, where there is one bucket alone. */
function authorize({ accessKeyId, action, key, conditions }: AuthorizationRequest): boolean {
  if (accessKeyId === OWNER.accessKeyId) return true;
  const allowed = (givenTo[accessKeyId ?? ''] ?? []).some((one) => {
    if (one.action !== action) return false;
    if (key === undefined) return (conditions['s3:prefix'] ?? '').startsWith('orders/');
    const [, below = ''] = /"(\/[^"]*)"/.exec(one.resource) ?? [];
    const pattern = below.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${pattern}$`).test(`/${key}`);
  });
  if (allowed && accessKeyId === FUNCTION.accessKeyId) used.add(action);
  if (allowed) return true;
  refused.push(`${action} ${key ?? ''}`);
  return false;
}

const invoke = (environment: Record<string, string> = {}, name = 'wal-audit') =>
  callFunction(name, {
    [ENVIRONMENT.vault]: `s3://${BUCKET}`,
    [ENVIRONMENT.source]: 'orders',
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: server.region,
    ...environment,
  });

async function push(file: string) {
  const context = { store: host, signal: new AbortController().signal, now: () => new Date() };
  return pushWalFile({ path: file, source: 'orders', systemIdentifier: SYSTEM }, context);
}

/** The line that CloudWatch reads as metrics. */
function metricsIn(stdout: string): Record<string, unknown> {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const metrics = lines.filter((line) => '_aws' in line);
  expect(metrics).toHaveLength(1);
  return metrics[0];
}

test('an empty archive is a finding, and as old as can be', async () => {
  const { code, stdout, stderr } = await invoke();
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  expect(metricsIn(stdout)).toMatchObject({ [METRICS.walAge.name]: 315_360_000, [METRICS.walFindings.name]: 1 });
});

test('with the rights of the template the machine archives, and the function finds that all is well', async () => {
  for (const number of [3, 4]) await push(await writeSegment(data, number));
  expect(await push(await writeSegment(data, 4))).toMatchObject({ outcome: 'archived before' });
  const history = path.join(data, 'pg_wal', '00000002.history');
  await writeFile(history, '1\t0/500010\tno recovery target specified\n');
  await push(history);
  await push(await writeSegment(data, 5, { timeline: 2, headerTimeline: 1 }));
  const { code, stdout, stderr } = await invoke();
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  const metrics = metricsIn(stdout);
  expect(metrics).toMatchObject({ Source: 'orders', Component: 'wal', [METRICS.walFindings.name]: 0 });
  expect(metrics[METRICS.walAge.name]).toBeLessThan(600);
});

test('a gap and a push that was refused are told, and counted', async () => {
  await push(await writeSegment(data, 7, { timeline: 2 }));
  expect(await failureOf(push(await writeSegment(data, 3, { seed: 99 })))).toMatchObject({ code: 'wal-conflict' });
  const { code, stdout } = await invoke();
  expect(code).toBe(0);
  expect(stdout).toContain('timeline 2 has a gap from 0/600000 to 0/700000');
  expect(stdout).toContain(`${nameOf(3)} was pushed with other content`);
  expect(metricsIn(stdout)).toMatchObject({ [METRICS.walFindings.name]: 2 });
});

test('with the rights of the template the log that no base backup needs any more is marked; what is young stays', async () => {
  const { endpoint, region } = server;
  const owner = openS3Store(`s3://${BUCKET}`, { endpoint, region, credentials: OWNER });
  const wal = { systemIdentifier: SYSTEM, timeline: 2, startLsn: '0/800028', stopLsn: '0/800100' };
  const manifest = 'orders/base-backup/daily/2026/11/19/20261119T020000Z-abcdef/manifest.json';
  await owner.put(manifest, Buffer.from(JSON.stringify({ wal })));
  const asRetention = { AWS_ACCESS_KEY_ID: RETENTION.accessKeyId, AWS_SECRET_ACCESS_KEY: RETENTION.secretAccessKey };
  storeClockMs = -3 * 86_400_000;
  for (const number of [1, 2]) await push(await writeSegment(data, number));
  storeClockMs = 0;
  const { code, stdout, stderr } = await invoke(asRetention, 'wal-retention');
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
  expect(metricsIn(stdout)).toMatchObject({ [METRICS.walExpired.name]: 2 });
  const tagsOf = (number: number) => owner.tags(`orders/wal/${SYSTEM}/00000001/${nameOf(number)}.zst`, null);
  expect([await tagsOf(2), await tagsOf(3)]).toEqual([{ 'postgres-backup:expire': 'true' }, {}]);
});

test('each right on the vault is used, but that to see what retention has marked', () => {
  const unused = given.map(({ action }) => action).filter((action) => !used.has(action));
  expect(new Set(unused)).toEqual(new Set(['s3:GetObjectTagging']));
});

test('what it cannot find out ends it with an error, and nothing is published', async () => {
  const denied = await invoke({ AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect(denied).toMatchObject({ code: 1, stdout: '' });
  expect(denied.stderr).toMatch(/could not list/);
});
