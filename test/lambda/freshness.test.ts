/**
 * The freshness function as it is deployed: the bundled code, loaded by a Node of its own, with the environment and no more
 * rights than the synthesised template gives it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { startS3Server, type AuthorizationRequest, type S3Server } from '../../dev/s3';
import { BackupComponent, BackupFreshness, BackupVault } from '../../lib';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, METRICS } from '../../model';
import { PointWriter } from '../../runtime/catalog/point-writer';
import { addressOf } from '../../runtime/catalog/run-id';
import { BackupError } from '../../runtime/errors';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { permissions, type Permission } from '../lib/support/policies';
import { manifestOf } from '../runtime/observe/status/support/vault';

process.env.CDK_VALIDATION = 'false';

const BUCKET = 'acme-backups';
const FUNCTION = { accessKeyId: 'FUNCTION', secretAccessKey: 'function-secret' };
const CODE = path.join(__dirname, '../../assets/lambda/freshness/index.js');

const given = permissionsOfTheFunction();
let directory: string;
let server: S3Server;
let owner: ObjectStore;
let refused: string[] = [];
const used = new Set<string>();

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-function-'));
  server = await startS3Server({ directory, credentials: [FUNCTION], authorize });
  await server.createBucket(BUCKET, { versioning: true });
  const { endpoint, region, credentials } = server;
  owner = openS3Store(`s3://${BUCKET}`, { endpoint, region, credentials });
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(() => (refused = []));

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

/** Of a resource in the template, what follows the bucket: all of its keys here, where there is one bucket alone. */
function authorize({ accessKeyId, action, key, conditions }: AuthorizationRequest): boolean {
  if (accessKeyId !== FUNCTION.accessKeyId) return true;
  const allowed = given.some((one) => {
    if (one.action !== action) return false;
    if (key === undefined) return (conditions['s3:prefix'] ?? '').startsWith('orders/');
    const [, below = ''] = /"(\/[^"]*)"/.exec(one.resource) ?? [];
    const pattern = below.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${pattern}$`).test(`/${key}`);
  });
  if (allowed) used.add(action);
  else refused.push(`${action} ${key ?? ''}`);
  return allowed;
}

/** Calls the function as the platform does: its code in a process, its lines from its output, its error as its end. */
async function invoke(environment: Record<string, string> = {}) {
  const caller = `require(${JSON.stringify(CODE)}).handler()
    .catch((error) => { process.stderr.write(error.message); process.exitCode = 1; });`;
  const child = spawn(process.execPath, ['-e', caller], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      [ENVIRONMENT.vault]: `s3://${BUCKET}`,
      [ENVIRONMENT.source]: 'orders',
      [FUNCTION_ENVIRONMENT.components]: '["dump"]',
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_REGION: server.region,
      AWS_ACCESS_KEY_ID: FUNCTION.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FUNCTION.secretAccessKey,
      NODE_NO_WARNINGS: '1',
      ...environment,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const code = await new Promise<number | null>((settle) => child.once('close', settle));
  return { code, ...output };
}

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
  expect({ code, stderr, refused }).toEqual({ code: 0, stderr: '', refused: [] });
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
  expect([...used].sort()).toEqual([...new Set(given.map(({ action }) => action))].sort());
});

test('what it cannot find out ends it with an error, and nothing is published', async () => {
  const denied = await invoke({ AWS_SECRET_ACCESS_KEY: 'wrong' });
  expect(denied).toMatchObject({ code: 1, stdout: '' });
  expect(denied.stderr).toMatch(/could not list/);
  const elsewhere = await invoke({ [ENVIRONMENT.source]: 'billing' });
  expect(elsewhere).toMatchObject({ code: 1, stdout: '' });
  expect(refused).toEqual(['s3:ListBucket ']);
});
