import { BackupError } from '../../../runtime/errors';
import type { ManagedRestoreReport, ManagedRestoreRequest } from '../../../runtime/managed/restore/types';
import { runCli, TARGET } from './support/harness';

const REPORT: ManagedRestoreReport = {
  outcome: 'passed',
  kind: 'instance',
  database: 'orders',
  newDatabase: 'orders-restored',
  target: '2026-11-20T02:55:00.000Z',
  begun: 'now',
  endpoint: { host: 'orders-restored.example.com', port: 5432 },
  differences: [],
  warnings: [],
  durationMs: 1_320_000,
};

async function restore(argv: readonly string[], result: ManagedRestoreReport | BackupError = REPORT) {
  const asked: ManagedRestoreRequest[] = [];
  const managed = {
    restore: async (request: ManagedRestoreRequest) => {
      asked.push(request);
      if (result instanceof BackupError) throw result;
      return result;
    },
  };
  return { ...(await runCli(['restore', ...TARGET, ...argv], { managed })), asked };
}

const INSTANCE = ['--rds-instance', 'orders', '--new-instance', 'orders-restored'];
const CLUSTER = ['--rds-cluster', 'shop', '--new-cluster', 'shop-restored'];

test('AWS restores an instance to a time; no server of ours is asked for', async () => {
  const ran = await restore(['--to-time', '2026-11-20T02:55:00Z', ...INSTANCE]);
  expect(ran).toMatchObject({ exitCode: 0, serverEnvironments: [], restores: [] });
  expect(ran.asked).toEqual([
    {
      kind: 'instance',
      identifier: 'orders',
      newIdentifier: 'orders-restored',
      target: { kind: 'time', at: new Date('2026-11-20T02:55:00Z') },
    },
  ]);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "restored: the instance orders-restored from orders, to 2026-11-20T02:55:00.000Z · 22 min
     it answers at orders-restored.example.com:5432
     AWS says that it is there; nobody looked what is in it
   "
  `);
});

test('no vault is needed, and one that is named is not opened; any other restore needs one', async () => {
  const managed = { restore: async () => REPORT };
  const without = ['restore', '--source', 'orders', '--to-latest'];
  expect(await runCli([...without, ...INSTANCE], { managed })).toMatchObject({ exitCode: 0, vaults: [] });
  expect(await restore(['--to-latest', ...INSTANCE])).toMatchObject({ exitCode: 0, vaults: [] });
  const directory = await runCli([...without, '--data-directory', '/srv/restored']);
  expect(directory).toMatchObject({ exitCode: 2, vaults: [] });
  expect(directory.stderr).toMatch(/no vault is given/);
  const sourceless = await runCli(['restore', '--to-latest', ...INSTANCE], { managed });
  expect(sourceless).toMatchObject({ exitCode: 2 });
  expect(sourceless.stderr).toMatch(/no source is given/);
});

test('AWS restores a cluster to the newest moment', async () => {
  const ran = await restore(['--to-latest', ...CLUSTER]);
  expect(ran.asked).toMatchObject([{ kind: 'cluster', identifier: 'shop', target: { kind: 'latest' } }]);
});

test('a new database that is not set as its source has failed, and it is said where', async () => {
  const differences = ['deletion protection: off, where on was asked for'];
  const ran = await restore(['--to-latest', ...INSTANCE], { ...REPORT, outcome: 'failed', differences });
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toContain(differences[0]);
});

test('what AWS fails at is a failure', async () => {
  const failure = new BackupError('restore-failed', 'the instance "orders-restored" is "incompatible-network"');
  expect(await restore(['--to-latest', ...INSTANCE], failure)).toMatchObject({ exitCode: 1 });
});

test.each([
  ['no moment', INSTANCE, /not said to which moment/],
  ['a position', ['--to-lsn', '0/1', ...INSTANCE], /times alone/],
  ['no new name', ['--to-latest', '--rds-instance', 'orders'], /what the new one is called/],
  ['no source', ['--to-latest', '--new-cluster', 'orders'], /what is restored/],
  [
    'the same name',
    ['--to-latest', '--rds-instance', 'a', '--new-instance', 'a'],
    /cannot have the name of its source/,
  ],
  ['an instance and a cluster', ['--to-latest', ...INSTANCE, '--rds-cluster', 'b'], /--rds-cluster/],
  ['a directory', ['--to-latest', ...INSTANCE, '--data-directory', '/srv'], /--data-directory/],
  ['an option of a database', ['--to-latest', ...INSTANCE, '--clean'], /--clean is of a database/],
  ['an option of a directory', ['--to-latest', ...INSTANCE, '--pause'], /--pause is of a data directory/],
  ['a name that is none', ['--to-latest', '--rds-instance', 'Orders', '--new-instance', 'b'], /lower-case/],
  ['a point', ['latest', ...INSTANCE, '--to-latest'], /a point and a moment/],
])('%s is wrong usage, and AWS is asked nothing', async (_what, argv, message) => {
  const ran = await restore(argv);
  expect(ran).toMatchObject({ exitCode: 2, asked: [] });
  expect(ran.stderr).toMatch(message);
});
