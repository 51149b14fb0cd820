/**
 * Recovery from nothing: the system that was backed up is gone, server, machine and all. What is left is the bucket, a role that
 * may read it, and the program. `recover` says what to type; the test types that, and nothing else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { AuthorizationRequest } from '../../dev/s3';
import type { RecoveryDocument, SourcesDocument } from '../../runtime/cli/output/recovery-output';
import { startThrowawayServer, type ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { BUCKET, Lab, SOURCE } from '../support/lab';
import { SHOP } from '../support/shop';

const PROGRAM = path.join(__dirname, '../../assets/cli/postgres-backup.js');
const RECOVERY = { accessKeyId: 'RECOVERY', secretAccessKey: 'recovery-secret' };
const MAY = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'];
const COUNTS = `SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM sales.orders), (SELECT count(*) FROM sales.lines),
  (SELECT sum(hashtext(o::text)) FROM sales.orders o), (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'orders')`;

let lab: Lab;
let elsewhere: ThrowawayServer;
/** Of the new machine: there is nothing in it. */
let home: string;
let before: string;
const refused: string[] = [];

function authorize({ accessKeyId, action }: AuthorizationRequest): boolean {
  if (accessKeyId !== RECOVERY.accessKeyId || MAY.includes(action)) return true;
  refused.push(action);
  return false;
}

beforeAll(async () => {
  lab = await Lab.start({ s3: { authorize, credentials: [RECOVERY] } });
  await lab.sql('postgres', 'CREATE ROLE shopkeeper LOGIN');
  await lab.database('shop', `${SHOP} ALTER TABLE sales.orders OWNER TO shopkeeper;`);
  before = await lab.sql('shop', COUNTS);
  await lab.point('shop', { globals: true, source: SOURCE });
  await lab.server.stop();
  elsewhere = await startThrowawayServer();
  home = await mkdtemp(path.join(tmpdir(), 'postgres-backup-new-machine-'));
});

afterAll(async () => {
  await elsewhere.stop();
  await lab.stop();
  await rm(home, { recursive: true, force: true });
});

/** A shell of the new machine: what is typed is what a person would copy. */
async function type(command: string, env: Readonly<Record<string, string>> = {}) {
  const typed = command.replace(/^postgres-backup /, `"${process.execPath}" "${PROGRAM}" `);
  const { AWS_ENDPOINT_URL_S3, AWS_REGION } = lab.s3.environment;
  const shell = spawn('/bin/sh', ['-c', typed], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      AWS_ENDPOINT_URL_S3,
      AWS_REGION,
      AWS_ACCESS_KEY_ID: RECOVERY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: RECOVERY.secretAccessKey,
      ...env,
    },
  });
  const closed = once(shell, 'close') as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(shell.stdout), text(shell.stderr), closed]);
  return { status, stdout, stderr };
}

const server = (database = 'shop'): Record<string, string> =>
  Object.fromEntries(
    Object.entries(elsewhere.connection(database).env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );

test('the vault says which sources it holds, to somebody who remembers none', async () => {
  const { status, stdout, stderr } = await type(`postgres-backup recover --vault s3://${BUCKET} --json`);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect((JSON.parse(stdout) as SourcesDocument).sources).toEqual([SOURCE]);
});

test('without a word of the new server the rest is looked at all the same', async () => {
  const { status, stdout } = await type(`postgres-backup recover --vault s3://${BUCKET} --source ${SOURCE}`);
  expect(status).toBe(0);
  expect(stdout).toMatch(/\? new server: it is not said which\n {6}Set PGHOST/);
  expect(stdout).toMatch(/✓ dump \S+: .* there as the manifest says/);
});

test('what it says to type brings everything back: roles, owners, rows', async () => {
  const command = `postgres-backup recover --vault s3://${BUCKET} --source ${SOURCE} --json`;
  const { status, stdout, stderr } = await type(command, server());
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const document = JSON.parse(stdout) as RecoveryDocument;
  expect(document.checks.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  const commands = document.steps.flatMap((step) => step.command ?? []);
  expect(commands.length).toBeGreaterThan(0);
  for (const one of commands) expect(await type(one, server())).toMatchObject({ status: 0 });
  const again = { ...lab.connection({ server: elsewhere, database: 'shop' }) };
  expect(again.description).toContain('shop');
  expect(await lab.sql('shop', COUNTS, { server: elsewhere })).toBe(before);
  expect(refused).toEqual([]);
});

test.each([
  ['a bucket that is not there', 's3://nowhere', ['--source', SOURCE], /nowhere/],
  ['a source that is not there', `s3://${BUCKET}`, ['--source', 'unknown'], /Leave --source out to see which sources/],
])('%s is told, with the way out', async (_, vault, rest, said) => {
  const { status, stderr } = await type(['postgres-backup recover --vault', vault, ...rest].join(' '), server());
  expect(status).toBe(1);
  expect(stderr).toMatch(said);
});

test('an object that is damaged meanwhile, and a server that is too old, are found before anything is typed', async () => {
  const key = (await lab.keys()).find((name) => name.endsWith('schema.dump.zst'));
  if (key === undefined) throw new Error('no definitions');
  await lab.s3.damage.truncate({ bucket: BUCKET, key }, 10);
  const { status, stdout } = await type(`postgres-backup recover --vault s3://${BUCKET} --source ${SOURCE}`, {
    ...server(),
    PGPORT: '1',
  });
  expect(status).toBe(1);
  expect(stdout).toMatch(/✗ dump .*schema\.dump\.zst: it has 10 bytes/);
  expect(stdout).toMatch(/✗ new server: /);
});

test('the guide has the words that are typed', async () => {
  const guide = await readFile(path.join(__dirname, '../../docs/recovery.md'), 'utf8');
  expect(guide).toContain('postgres-backup recover --vault');
});
