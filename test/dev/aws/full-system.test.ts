/**
 * The full system lives: by its schedule a task starts the others and writes the set. A deployment is held until its backup is
 * verified, or fails with the reason. And the runbook that the stack left in the vault restores all of it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { App } from 'aws-cdk-lib';
import { Cloud, describeUse, deployStack, readStack, type Deployment } from '../../../dev/aws';
import { movedTime } from '../../../dev/aws/compute/environment';
import type { BackupSet } from '../../../model';
import { quoteIdentifier, quoteLiteral } from '../../../runtime/postgres/sql-quoting';
import { Lab } from '../../support/lab';
import { BACKUP_USER, DATABASE, ON_CALL, SOURCE, SystemStack, UPLOADS } from './support/system-stack';

process.env.CDK_VALIDATION = 'false';

const START = new Date('2026-11-20T00:57:00Z');
const LOGIN = { username: 'orders_backup', password: 'a password', dbname: DATABASE };
const SCRIPT = `
CREATE ROLE ${LOGIN.username} LOGIN PASSWORD ${quoteLiteral(LOGIN.password)} IN ROLE pg_read_all_data;`;

const PROGRAM = path.join(__dirname, '../../../assets/cli/postgres-backup.js');

let lab: Lab;
let folder: string;
let cloud: Cloud;
let deployment: Deployment;
let vault: string;
let uploads: string;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', SCRIPT);
  folder = await mkdtemp(path.join(tmpdir(), 'full-system-'));
  const app = new App({ outdir: folder, analyticsReporting: false });
  new SystemStack(app, 'Shop', lab.server.major);
  app.synth();
  const stack = readStack(folder, 'Shop');
  const named = (prefix: string) => Object.keys(stack.template.Resources).find((id) => id.startsWith(prefix)) ?? '';
  cloud = await Cloud.start({ start: START, localEnvironment: { PGSSLMODE: 'disable', PGSSLROOTCERT: '' } });
  deployment = await deployStack(cloud, stack, {
    secrets: { [named(BACKUP_USER)]: JSON.stringify(LOGIN) },
    database: async ({ name, user, password }) => {
      await lab.sql(
        'postgres',
        `CREATE ROLE ${quoteIdentifier(user)} LOGIN CREATEDB CREATEROLE PASSWORD ${quoteLiteral(password)};
         CREATE DATABASE ${quoteIdentifier(name)};`,
      );
      return { host: '127.0.0.1', port: lab.server.port };
    },
  });
  vault = deployment.ref(named('BackupVaultBucket'));
  uploads = deployment.ref(named(UPLOADS));
  await lab.sql(DATABASE, "CREATE TABLE documents (object_key text); INSERT INTO documents VALUES ('a.pdf');");
  await client().send(new PutObjectCommand({ Bucket: uploads, Key: 'a.pdf', Body: 'a' }));
}, 180_000);

afterAll(async () => {
  await cloud?.close();
  await rm(folder, { recursive: true, force: true });
  await lab?.stop();
});

function client(): S3Client {
  const { endpoint, region, credentials } = cloud.s3;
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As the role for restoring, with the login of the database's owner: here, that of the server. */
function asOnCall(): NodeJS.ProcessEnv {
  const { PGUSER, PGPASSWORD, PGSSLMODE } = lab.connection({ database: DATABASE }).env;
  return { ...cloud.environmentOf(ON_CALL), ...movedTime(cloud.now()), PGUSER, PGPASSWORD, PGSSLMODE };
}

function ended(file: string, args: readonly string[]): Promise<Ended> {
  const options = { env: asOnCall(), cwd: folder, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 } as const;
  return new Promise((resolve) => {
    const child = execFile(file, [...args], options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

const typed = (args: readonly string[]) => ended(process.execPath, [PROGRAM, ...args]);

/** With the program under its own name. */
const inShell = (script: string) =>
  ended('/bin/bash', ['-c', `postgres-backup() { "${process.execPath}" "${PROGRAM}" "$@"; }\n${script}`]);

const minute = (count: number): Date => new Date(START.getTime() + count * 60_000);
const heldBy = () => deployment.ofType('Custom::PreDeploymentBackup')[0];
const heldDeployment = (changes: Record<string, string>) => cloud.customResources.update(heldBy(), changes);
const keys = (folderOf: string) => cloud.s3.keys(vault).filter((key) => key.startsWith(`${SOURCE}/${folderOf}`));

async function sets(): Promise<BackupSet[]> {
  const found = [];
  for (const Key of keys('sets/')) {
    const { Body } = await client().send(new GetObjectCommand({ Bucket: vault, Key }));
    found.push(JSON.parse((await Body?.transformToString()) ?? '') as BackupSet);
  }
  return found;
}

const alarming = () =>
  Object.entries(cloud.alarms.states())
    .filter(([name, state]) => state !== 'OK' && /Sets/.test(name))
    .map(([name]) => name.replace(/^BackupSets|[0-9A-F]{8}$/g, ''));

test('the first deployment of all waits for nothing: nothing was ever backed up', () => {
  expect(cloud.customResources.of(heldBy()).resource.data).toMatchObject({
    phase: 'nothing',
    reason: 'nothing was ever backed up',
  });
  expect(keys('')).toEqual([]);
});

test('by the schedule one task starts the others; the set is whole, and its alarms are quiet', async () => {
  await cloud.advanceTo(minute(8));
  const [set] = await sets();
  expect(set).toMatchObject({
    outcome: 'passed',
    class: 'hourly',
    members: [
      { component: 'dump', outcome: 'passed', items: 1 },
      { component: 'objects', outcome: 'passed', items: 1 },
    ],
    references: [{ mirror: 'uploads', outcome: 'passed', references: 1, missing: 0 }],
    warnings: [],
  });
  // Each component once: none was started by a schedule of its own besides.
  expect(cloud.tasks.tasks).toHaveLength(3);
  expect(keys('dump/hourly/').filter((key) => /snapshot-[^/]*\.json$/.test(key))).toHaveLength(1);
  await cloud.advanceTo(minute(21));
  expect(alarming()).toEqual([]);
  expect(describeUse(cloud).refused).toEqual([]);
});

test('a deployment goes on at once where a verified backup is young enough', async () => {
  const set = (await sets())[0].members[0].point;
  const before = cloud.tasks.tasks.length;
  const synthesisedAt = '2999-01-01T00:00:00.000Z';
  const { data } = await heldDeployment({
    trigger: 'commit-2',
    synthesisedAt,
    acceptYoungerThanSeconds: '3600',
  });
  expect(data).toMatchObject({ phase: 'nothing', reason: expect.stringContaining(String(set)) as string });
  expect(cloud.tasks.tasks).toHaveLength(before);
});

test('a deployment is held until its own backup is verified: of the class that is kept for 7 days', async () => {
  const synthesisedAt = '2999-01-02T00:00:00.000Z';
  const begun = cloud.clock.now().getTime();
  const { data } = await heldDeployment({
    trigger: 'commit-3',
    synthesisedAt,
    acceptYoungerThanSeconds: '0',
  });
  expect(data).toMatchObject({ phase: 'waiting' });
  // It was asked again: at the first look there was nothing.
  expect(cloud.clock.now().getTime() - begun).toBeGreaterThanOrEqual(20_000);
  const made = keys('dump/pre-deployment/').map((key) => key.split('/').at(-1));
  expect(made).toEqual(expect.arrayContaining(['manifest.json', 'verification.json']));
});

test('a backup that fails fails the deployment, with the reason and what to type', async () => {
  await lab.sql('postgres', `ALTER ROLE ${LOGIN.username} PASSWORD 'another'`);
  try {
    const held = heldDeployment({ trigger: 'commit-4', synthesisedAt: '2999-01-03T00:00:00.000Z' });
    const reason = await held.then(
      () => 'it went on',
      (error: unknown) => String(error),
    );
    expect(reason).toContain('The deployment does not go on without a backup. dump of orders: ');
    expect(reason).toContain('password authentication failed');
    expect(reason).toContain(`postgres-backup status --vault s3://${vault} --source orders`);
  } finally {
    await lab.sql('postgres', `ALTER ROLE ${LOGIN.username} PASSWORD ${quoteLiteral(LOGIN.password)}`);
  }
});

test('each command of the runbook that the stack left in the vault, but the new set at its end, does what it says: typed by whoever is on call', async () => {
  const daily = cloud.scheduler.all().find(({ input }) => input.includes('"day"'));
  await cloud.scheduler.fire(daily?.name ?? '');
  await cloud.background.settled();
  expect(keys('reports/').filter((key) => key.includes('runbook'))).toHaveLength(2);
  const printed = await typed(['runbook', '--vault', `s3://${vault}`, '--source', SOURCE]);
  expect(printed).toMatchObject({ code: 0 });
  const commands = printed.stdout
    .split('```')
    .filter((_, index) => index % 2 === 1)
    .flatMap((part) => part.trim().split('\n'));
  expect(commands.map((command) => command.split(' ').slice(0, 3).join(' '))).toEqual([
    'postgres-backup status --vault',
    'export PGHOST=127.0.0.1',
    `export PGDATABASE=${DATABASE}`,
    `export PGPORT=${lab.server.port}`,
    'postgres-backup restore set',
    'postgres-backup restore set',
    'postgres-backup status --vault',
    'postgres-backup run --all',
  ]);
  await lab.sql(DATABASE, 'DROP TABLE documents');
  // As a person types it: one shell, from the first line to the last, which stops at the first that fails.
  const shell = await inShell(['set -e', ...commands.slice(0, -1)].join('\n'));
  expect({ code: shell.code, last: shell.code === 0 ? '' : shell.stdout + shell.stderr }).toEqual({
    code: 0,
    last: '',
  });
  expect(shell.stdout).toContain('would be restored');
  expect(await lab.sql(DATABASE, 'SELECT object_key FROM documents')).toContain('a.pdf');
});
