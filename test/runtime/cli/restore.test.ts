import { BackupError } from '../../../runtime/errors';
import { examplePassedRestore } from './support/examples';
import { examplePoint, runCli, TARGET } from './support/harness';

const TO_ORDERS = { PGHOST: 'db-restore.internal', PGDATABASE: 'orders' };

test('a restore that went well reads as in the guide: what is restored, then the one line that counts', async () => {
  const ran = await runCli(['restore', 'latest', ...TARGET], { env: TO_ORDERS });
  expect(ran.exitCode).toBe(0);
  expect(ran.stderr).toBe('orders 20261120T021003Z-4k2m9x · taken 45 min ago from PostgreSQL 17.12 · 1.9 GB\n');
  expect(ran.stdout).toBe('restored: 143 of 143 tables as in the backup · 1 min 12 s\n');
});

test.each([
  ['nothing', {}],
  ['an empty name', { PGDATABASE: '', DATABASE_URL: '' }],
  ['only a host', { PGHOST: 'db.internal', PGUSER: 'app' }],
])('with %s to say where to, it is refused before anything is read', async (_what, env) => {
  const ran = await runCli(['restore', 'latest', ...TARGET], { env });
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain('which database to fill');
  expect(ran.stderr).toContain('PGDATABASE');
  expect(ran.restores).toEqual([]);
});

test.each([
  ['PGDATABASE', { PGDATABASE: 'orders' }, []],
  ['DATABASE_URL', { DATABASE_URL: 'postgres://db/orders' }, []],
  ['a secret', {}, ['--secret', 'orders/restore']],
])('%s says where to', async (_what, env, options) => {
  expect((await runCli(['restore', 'latest', ...TARGET, ...options], { env })).exitCode).toBe(0);
});

test.each([
  ['passed', 'verified'],
  ['failed', 'verification failed'],
  ['could not verify', 'could not be verified'],
  ['not verified', 'not verified'],
] as const)('before it begins it says how the verification of the point ended: %s', async (verification, words) => {
  const points = [{ ...examplePoint(), verification }];
  const ran = await runCli(['restore', 'latest', ...TARGET], { env: { PGDATABASE: 'orders' }, points });
  expect(ran.stderr).toContain(`from PostgreSQL 17.12 · 1.9 GB · ${words}\n`);
});

test('unless told otherwise it restores all of it into an empty database, with four at once', async () => {
  const ran = await runCli(['restore', '20261120T021003Z-4k2m9x', ...TARGET], { env: TO_ORDERS });
  const [{ point, ...request }] = ran.restores;
  expect(point.manifest.point).toBe('20261120T021003Z-4k2m9x');
  expect(request).toEqual({
    database: undefined,
    existing: 'refuse',
    create: false,
    tables: [],
    content: 'all',
    roles: 'skip',
    ownership: 'as dumped',
    jobs: 4,
  });
});

test('every option reaches the restore', async () => {
  const ran = await runCli(
    [
      'restore',
      'latest',
      ...TARGET,
      '--database',
      'billing',
      '--clean',
      '--create',
      '--roles',
      '--no-owner',
      '--jobs',
      '7',
    ],
    { env: TO_ORDERS },
  );
  expect(ran.restores).toMatchObject([
    { database: 'billing', existing: 'clean', create: true, roles: 'restore', ownership: 'connecting user', jobs: 7 },
  ]);
  const rows = await runCli(['restore', 'latest', ...TARGET, '--data-only', '--table', 'public.a', '--table', 'b'], {
    env: TO_ORDERS,
  });
  expect(rows.restores).toMatchObject([{ content: 'data', tables: ['public.a', 'b'], existing: 'refuse' }]);
  const schema = await runCli(['restore', 'latest', ...TARGET, '--schema-only'], { env: TO_ORDERS });
  expect(schema.restores).toMatchObject([{ content: 'schema' }]);
});

test('tables that differ are named with both counts, and the exit code is 1', async () => {
  const tables = [
    { schema: 'public', name: 'customers', class: 'critical', expectedRows: 212_408, foundRows: 212_000 },
    { schema: 'public', name: 'a\nb', class: 'important', expectedRows: 1, foundRows: 0 },
    { schema: 'public', name: 'same', class: 'important', expectedRows: 5, foundRows: 5 },
  ] as const;
  const ran = await runCli(['restore', 'latest', ...TARGET], {
    env: TO_ORDERS,
    dump: { restore: async () => examplePassedRestore({ outcome: 'failed', tables }) },
  });
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "  ✗ public.customers: 212,408 rows in the backup, found 212,000
     ✗ public.a\\nb: 1 row in the backup, found 0
   failed: 1 of 3 tables as in the backup · 1 min 12 s
   "
  `);
});

test('a table that could not be counted makes it 3, never 0', async () => {
  const tables = [
    { schema: 'public', name: 'customers', class: 'important', expectedRows: 7, foundRows: null },
  ] as const;
  for (const outcome of ['could not verify', 'passed'] as const) {
    const ran = await runCli(['restore', 'latest', ...TARGET], {
      env: TO_ORDERS,
      dump: { restore: async () => examplePassedRestore({ outcome, tables }) },
    });
    expect(ran.exitCode).toBe(3);
    expect(ran.stdout).toContain('public.customers: 7 rows in the backup, could not be counted');
    expect(ran.stdout).toContain('could not verify: 0 of 1 table as in the backup');
  }
});

test('a report that calls itself good while its tables differ is not believed', async () => {
  const tables = [{ schema: 'public', name: 'customers', class: 'important', expectedRows: 7, foundRows: 14 }] as const;
  const ran = await runCli(['restore', 'latest', ...TARGET, '--json'], {
    env: TO_ORDERS,
    dump: { restore: async () => examplePassedRestore({ outcome: 'passed', tables }) },
  });
  expect(ran.exitCode).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'failed' });
});

test('of a hundred differing tables twenty are shown and all are in the JSON', async () => {
  const tables = Array.from({ length: 100 }, (_, index) => ({
    schema: 'public',
    name: `t${index}`,
    class: 'important' as const,
    expectedRows: 1,
    foundRows: 0,
  }));
  const setup = { env: TO_ORDERS, dump: { restore: async () => examplePassedRestore({ outcome: 'failed', tables }) } };
  const shown = await runCli(['restore', 'latest', ...TARGET], setup);
  expect(shown.stdout.split('\n')).toHaveLength(23);
  expect(shown.stdout).toContain('and 80 more tables; --json lists them all');
  const asJson = await runCli(['restore', 'latest', ...TARGET, '--json'], setup);
  expect((JSON.parse(asJson.stdout) as { tables: unknown[] }).tables).toHaveLength(100);
});

test('as JSON it has the report, with the name and version of its form first', async () => {
  const report = examplePassedRestore({ tables: examplePassedRestore().tables.slice(0, 1) });
  const ran = await runCli(['restore', 'latest', ...TARGET, '--json'], {
    env: TO_ORDERS,
    dump: { restore: async () => report },
  });
  expect(JSON.parse(ran.stdout)).toMatchInlineSnapshot(`
   {
     "database": "orders",
     "durationMs": 72001,
     "format": "postgres-backup/restore/1",
     "outcome": "passed",
     "phases": [
       {
         "durationMs": 812,
         "name": "schema",
         "summary": "218 objects",
       },
     ],
     "point": "20261120T021003Z-4k2m9x",
     "source": "orders",
     "tables": [
       {
         "class": "important",
         "expectedRows": 0,
         "foundRows": 0,
         "name": "table_0",
         "schema": "public",
       },
     ],
     "target": "app@db-restore.internal:5432/orders",
     "warnings": [],
   }
  `);
});

test('a restore is counted in a task, with how long it took', async () => {
  const ran = await runCli(['restore', 'latest', ...TARGET], { env: { ...TO_ORDERS, POSTGRES_BACKUP_LOG: 'json' } });
  expect(JSON.parse(ran.stdout.split('\n')[0])).toMatchObject({ RestoreSucceeded: 1, RestoreDuration: 72.001 });
  const failed = await runCli(['restore', 'latest', ...TARGET], {
    env: { ...TO_ORDERS, POSTGRES_BACKUP_LOG: 'json' },
    dump: {
      restore: async () => Promise.reject(new BackupError('target-not-empty', 'database "orders" is not empty')),
    },
  });
  expect(failed.exitCode).toBe(1);
  expect(JSON.parse(failed.stdout)).toMatchObject({ RestoreFailed: 1 });
});

test.each(['failed', 'could not verify'] as const)(
  'a restore whose outcome is "%s" counts as failed',
  async (outcome) => {
    const ran = await runCli(['restore', 'latest', ...TARGET], {
      env: { ...TO_ORDERS, POSTGRES_BACKUP_LOG: 'json' },
      dump: { restore: async () => examplePassedRestore({ outcome }) },
    });
    const [metric, answer] = ran.stdout.split('\n').filter(Boolean);
    expect(JSON.parse(metric)).toMatchObject({ RestoreFailed: 1 });
    expect(JSON.parse(metric)).not.toHaveProperty('RestoreSucceeded');
    expect(JSON.parse(answer)).toMatchObject({ level: 'error', outcome });
  },
);

describe('in the log of a task', () => {
  const env = { ...TO_ORDERS, POSTGRES_BACKUP_LOG: 'json' };
  const noted = (log: string) =>
    log
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
      .filter(({ event }) => String(event).startsWith('restore-'));
  const what = {
    source: 'orders',
    point: '20261120T021003Z-4k2m9x',
    target: 'backup@db.internal:5432/orders',
    existing: 'refuse',
    identity: 'arn:aws:sts::111122223333:assumed-role/Restore/0123456789abcdef',
  };

  test('it stands who restored what, where to, and how it ended', async () => {
    const { stderr } = await runCli(['restore', 'latest', ...TARGET], { env });
    expect(noted(stderr)).toMatchObject([
      { event: 'restore-begun', ...what },
      { event: 'restore-ended', ...what, outcome: 'passed', durationMs: 72_001 },
    ]);
  });

  test('a restore that failed stands there too, with its code', async () => {
    const restore = async () => {
      throw new BackupError('restore-failed', 'pg_restore ended with 1');
    };
    const { stderr, exitCode } = await runCli(['restore', 'latest', ...TARGET], { env, dump: { restore } });
    expect(exitCode).toBe(1);
    expect(noted(stderr)).toMatchObject([
      { event: 'restore-begun', ...what },
      { event: 'restore-ended', ...what, outcome: 'failed', code: 'restore-failed' },
    ]);
  });

  test('a person is told none of it', async () => {
    const { stderr, stdout } = await runCli(['restore', 'latest', ...TARGET], { env: TO_ORDERS });
    expect(`${stdout}${stderr}`).not.toContain('assumed-role');
  });
});
