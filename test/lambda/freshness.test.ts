/**
 * The freshness function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights than the synthesised template gives it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { startS3Server, type S3Server } from '../../dev/s3';
import { BackupComponent, BackupFreshness, BackupVault } from '../../lib';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, METRICS } from '../../model';
import { PointWriter } from '../../runtime/catalog/point-writer';
import { addressOf } from '../../runtime/catalog/run-id';
import { BackupError } from '../../runtime/errors';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { permissions, type Permission } from '../lib/support/policies';
import { manifestOf } from '../runtime/observe/status/support/vault';
import { callFunction, FUNCTION } from './support/call-function';
import { Rights } from './support/rights';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';

const rights = new Rights(permissionsOfTheFunction());
let directory: string;
let server: S3Server;
let owner: ObjectStore;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  server = await startS3Server({ directory, credentials: [FUNCTION], authorize: rights.authorize });
  await server.createBucket(BUCKET, { versioning: true });
  const { endpoint, region, credentials } = server;
  owner = openS3Store(`s3://${BUCKET}`, { endpoint, region, credentials });
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => (rights.refused = []));

function permissionsOfTheFunction(): Permission[] {
  const stack = new Stack(new App(), 'Shop');
  new BackupFreshness(stack, 'Freshness', {
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    vault: new BackupVault(stack, 'Vault'),
    encryptionKey: new kms.Key(stack, 'LogKey'),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
  });
  return permissions(Template.fromStack(stack)).filter(
    ({ holder, action }) => holder.startsWith('FreshnessFunctionRole') && action.startsWith('s3:'),
  );
}

const invoke = (environment: Record<string, string> = {}) =>
  callFunction('freshness', {
    [ENVIRONMENT.vault]: `s3://${BUCKET}`,
    [ENVIRONMENT.source]: 'orders',
    [FUNCTION_ENVIRONMENT.components]: '["dump"]',
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_REGION: server.region,
    ...environment,
  });

async function begin(): Promise<PointWriter> {
  const startedAt = new Date();
  const address = addressOf({ source: 'orders', component: 'dump', class: 'manual', startedAt });
  const writer = await PointWriter.claim(owner, address, startedAt);
  if (writer === 'taken') throw new Error('the address is taken');
  return writer;
}

test('with the rights of the template it publishes one line of metrics, and reads none of the data', async () => {
  const good = await begin();
  await good.finish(manifestOf(good.address));
  await owner.put(`${good.prefix}verification.json`, Buffer.from('no JSON'));
  await (await begin()).fail(new BackupError('table-locked', 'a table is locked'), new Date());

  const { code, stderr, stdout } = await invoke();
  expect({ code, stderr, refused: rights.refused }).toEqual({ code: 0, stderr: '', refused: [] });
  const [line, rest] = stdout.split('\n');
  expect(rest).toBe('');
  const values = JSON.parse(line) as Record<string, unknown>;
  expect(values).toMatchObject({
    Source: 'orders',
    Component: 'dump',
    [METRICS.newestSize.name]: 1200,
    [METRICS.pointsKept.name]: 1,
    [METRICS.pointsNotGood.name]: 1,
    [METRICS.newestVerifiedAge.name]: 315_360_000,
  });
  expect(values[METRICS.newestAge.name]).toBeLessThan(600);
});

test('each right on the vault is used', () => {
  expect([...rights.used].sort()).toEqual(rights.actions);
});

test('what it cannot find out ends it with an error, and nothing is published', async () => {
  const denied = await invoke({ AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect(denied).toMatchObject({ code: 1, stdout: '' });
  expect(denied.stderr).toMatch(/could not list/);
  const elsewhere = await invoke({ [ENVIRONMENT.source]: 'billing' });
  expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
  expect(rights.refused).toEqual(['s3:ListBucket ']);
});
