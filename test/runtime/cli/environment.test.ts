import { ENVIRONMENT } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { runCli, TARGET } from './support/harness';

const DEPLOYED = {
  [ENVIRONMENT.vault]: 's3://acme-vault/backups',
  [ENVIRONMENT.source]: 'orders',
  [ENVIRONMENT.class]: 'hourly',
  [ENVIRONMENT.scheduledAt]: '2026-11-20T02:00:00Z',
  [ENVIRONMENT.databases]: '["orders","with, comma \\"and\\" quote"]',
  [ENVIRONMENT.allDatabases]: 'false',
  [ENVIRONMENT.content]: 'schema',
  [ENVIRONMENT.globals]: 'false',
  [ENVIRONMENT.jobs]: '4',
  [ENVIRONMENT.compressionLevel]: '3',
  [ENVIRONMENT.criticalTables]: '["public.tenants"]',
  [ENVIRONMENT.ephemeralTables]: '["public.*_queue","public.locks"]',
  [ENVIRONMENT.minimumTables]: '40',
  [ENVIRONMENT.lockTimeout]: '2min',
  [ENVIRONMENT.deadline]: '7200',
  [ENVIRONMENT.secret]: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-AbCdEf',
  [ENVIRONMENT.iamAuthentication]: 'true',
};

test('a deployed task needs nothing but its environment', async () => {
  const ran = await runCli(['backup', 'dump'], { env: DEPLOYED });
  expect(ran.exitCode).toBe(0);
  expect(ran.vaults).toEqual(['s3://acme-vault/backups']);
  expect(ran.backups).toEqual([
    {
      source: 'orders',
      class: 'hourly',
      scheduledAt: new Date('2026-11-20T02:00:00Z'),
      databases: ['orders', 'with, comma "and" quote'],
      content: 'schema',
      globals: false,
      jobs: 4,
      compressionLevel: 3,
      criticalTables: ['public.tenants'],
      ephemeralTables: ['public.*_queue', 'public.locks'],
      minimumTables: 40,
      lockTimeoutSeconds: 120,
    },
  ]);
  expect(ran.serverEnvironments).toEqual([DEPLOYED]);
});

test('without any of it, a dump has the careful defaults', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET]);
  expect(ran.backups).toEqual([
    {
      source: 'orders',
      class: 'manual',
      scheduledAt: undefined,
      databases: [],
      content: 'all',
      globals: true,
      jobs: 1,
      compressionLevel: 1,
      criticalTables: [],
      ephemeralTables: [],
      minimumTables: 1,
      lockTimeoutSeconds: 60,
    },
  ]);
});

test('the command line wins over the environment', async () => {
  const ran = await runCli(
    [
      'backup',
      'dump',
      '--source',
      'billing',
      '--data-only',
      '--jobs',
      '2',
      '--database',
      'a',
      '--database',
      'b',
      '--lock-timeout',
      '90',
    ],
    { env: DEPLOYED },
  );
  expect(ran.backups).toMatchObject([
    { source: 'billing', content: 'data', jobs: 2, databases: ['a', 'b'], lockTimeoutSeconds: 90, compressionLevel: 3 },
  ]);
});

test('all databases: asked for by one, named by the other, the command line wins', async () => {
  const all = { [ENVIRONMENT.allDatabases]: 'true' };
  const named = { [ENVIRONMENT.databases]: '["orders"]' };
  const databases = async (argv: string[], env: NodeJS.ProcessEnv) =>
    (await runCli(['backup', 'dump', ...TARGET, ...argv], { env })).backups[0]?.databases;
  expect(await databases([], all)).toBe('all');
  expect(await databases(['--all-databases'], {})).toBe('all');
  expect(await databases(['--all-databases'], named)).toBe('all');
  expect(await databases(['--database', 'billing'], all)).toEqual(['billing']);
  const both = await runCli(['backup', 'dump', ...TARGET], { env: { ...all, ...named } });
  expect(both.exitCode).toBe(2);
  expect(both.stderr).toContain('"orders"');
  expect(both.backups).toEqual([]);
});

test('an empty variable is as good as none', async () => {
  const empty = Object.fromEntries(Object.values(ENVIRONMENT).map((name) => [name, '']));
  const ran = await runCli(['backup', 'dump', ...TARGET], { env: empty });
  expect(ran.backups).toMatchObject([{ databases: [], globals: true, jobs: 1, content: 'all' }]);
});

test.each([
  [ENVIRONMENT.jobs, 'four'],
  [ENVIRONMENT.allDatabases, 'False'],
  [ENVIRONMENT.allDatabases, '1'],
  [ENVIRONMENT.globals, 'no'],
  [ENVIRONMENT.iamAuthentication, 'yes'],
  [ENVIRONMENT.databases, 'orders,billing'],
  [ENVIRONMENT.databases, '"orders"'],
  [ENVIRONMENT.criticalTables, '["a",1]'],
  [ENVIRONMENT.ephemeralTables, '["a",""]'],
  [ENVIRONMENT.content, 'everything'],
  [ENVIRONMENT.class, 'fortnightly'],
  [ENVIRONMENT.scheduledAt, '<aws.scheduler.scheduled-time>'],
  [ENVIRONMENT.source, 'Orders DB'],
])('%s=%s is refused by name and value before anything is begun', async (name, value) => {
  const ran = await runCli(['backup', 'dump'], { env: { ...DEPLOYED, [name]: value } });
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(`environment variable ${name} is ${JSON.stringify(value)}`);
  expect(ran.stderr).toContain('hint: ');
  expect(ran.backups).toEqual([]);
});

test('options of the secret reach the server’s settings', async () => {
  const ran = await runCli(
    ['check', ...TARGET, '--secret', 'orders/db', '--secret-url-field', 'url', '--iam-authentication'],
    { env: { PGHOST: 'db' } },
  );
  expect(ran.serverEnvironments).toEqual([
    {
      PGHOST: 'db',
      [ENVIRONMENT.secret]: 'orders/db',
      [ENVIRONMENT.secretUrlField]: 'url',
      [ENVIRONMENT.iamAuthentication]: 'true',
    },
  ]);
});

test('a restore takes from the task’s environment where the backups are, not what to dump', async () => {
  const ran = await runCli(['restore', 'latest'], { env: { ...DEPLOYED, PGDATABASE: 'orders' } });
  expect(ran.restores).toMatchObject([{ content: 'all', database: undefined, tables: [], jobs: 4 }]);
});

test('a server that the environment names wrongly is wrong usage, and nothing is begun', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET], {
    resolveServer: () => {
      throw new BackupError('configuration-invalid', 'PGPORT is "abc"', { hint: 'Give a number.' });
    },
  });
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toBe('error: PGPORT is "abc"\n  hint: Give a number.\n');
  expect(ran.backups).toEqual([]);
});

test('an unknown form of log is wrong usage, told plainly', async () => {
  const ran = await runCli(['info', ...TARGET], { env: { POSTGRES_BACKUP_LOG: 'jason' } });
  expect(ran).toMatchObject({ exitCode: 2, stdout: '', vaults: [] });
  expect(ran.stderr).toContain('error: environment variable POSTGRES_BACKUP_LOG is "jason"');
});
