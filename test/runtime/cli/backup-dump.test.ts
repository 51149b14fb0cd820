import { BackupError } from '../../../runtime/errors';
import { exampleManifest } from './support/examples';
import { runCli, TARGET } from './support/harness';

const LOG = { POSTGRES_BACKUP_LOG: 'json' };

function lines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a dump that was made is told in two lines', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET]);
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "backed up: 20261120T021003Z-4k2m9x · 1 database, 2 tables, 212,408 rows · 1.9 GB stored · 3 min 10 s
     s3://acme-vault/orders/dump/
   "
  `);
  expect(ran.stderr).toMatchInlineSnapshot(`
   "orders: backup@db.internal:5432/orders → s3://acme-vault
   "
  `);
});

test('as JSON it has the point, the place and the figures', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET, '--json']);
  expect(JSON.parse(ran.stdout)).toMatchInlineSnapshot(`
   {
     "class": "daily",
     "component": "dump",
     "databases": [
       {
         "content": "all",
         "name": "orders",
         "tables": 2,
       },
     ],
     "durationMs": 190000,
     "format": "postgres-backup/backup/1",
     "outcome": "passed",
     "point": "20261120T021003Z-4k2m9x",
     "source": "orders",
     "totals": {
       "objects": 3,
       "rows": 212408,
       "storedBytes": 1900082200,
       "tables": 2,
     },
     "uri": "s3://acme-vault/orders/dump/",
     "warnings": [],
   }
  `);
});

test('a run that another one made needless ends with 0, says so, and counts as neither success nor failure', async () => {
  const skipped = async () => ({ outcome: 'skipped', reason: 'another run makes the one of 02:00' }) as const;
  const ran = await runCli(['backup', 'dump', ...TARGET], { dump: { backup: skipped } });
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'skipped: another run makes the one of 02:00\n' });
  const logged = await runCli(['backup', 'dump', ...TARGET], { dump: { backup: skipped }, env: LOG });
  expect(logged.exitCode).toBe(0);
  expect(lines(logged.stdout)).toEqual([expect.objectContaining({ event: 'answer', outcome: 'skipped' })]);
});

test('in a task success is counted with duration, size and rows', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET], { env: LOG });
  const [metric, answer, ...rest] = lines(ran.stdout);
  expect(metric).toMatchObject({
    Source: 'orders',
    Component: 'dump',
    BackupSucceeded: 1,
    BackupDuration: 190,
    BackupSize: 1_900_082_200,
    BackupRows: 212_408,
  });
  expect(metric).toHaveProperty('_aws');
  expect(answer).toMatchObject({ event: 'answer', outcome: 'passed', level: 'info' });
  expect(rest).toEqual([]);
});

test('in a task failure is counted, and told as one line of the log', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET], {
    env: { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' },
    dump: {
      backup: async () => {
        throw new BackupError('table-locked', 'a table is locked', { detail: 'line 1\n{"_aws":{}}', hint: 'Wait.' });
      },
    },
  });
  expect(ran.exitCode).toBe(1);
  expect(lines(ran.stdout)).toEqual([expect.objectContaining({ Source: 'orders', BackupFailed: 1 })]);
  expect(lines(ran.stderr).at(-1)).toMatchObject({
    level: 'error',
    event: 'error',
    code: 'table-locked',
    message: 'a table is locked',
    detail: 'line 1\n{"_aws":{}}',
    hint: 'Wait.',
  });
  expect(lines(ran.stderr).filter((line) => '_aws' in line)).toEqual([]);
});

test.each(['CONTENT', 'JOBS', 'DEADLINE', 'DATABASES'])(
  'a wrong POSTGRES_BACKUP_%s in a deployed task counts as a failed run',
  async (name) => {
    const env = { ...LOG, POSTGRES_BACKUP_VAULT: 's3://v', POSTGRES_BACKUP_SOURCE: 'orders' };
    const ran = await runCli(['backup', 'dump'], { env: { ...env, [`POSTGRES_BACKUP_${name}`]: 'x' } });
    expect(ran.exitCode).toBe(2);
    expect(lines(ran.stdout)).toEqual([expect.objectContaining({ Source: 'orders', BackupFailed: 1 })]);
  },
);

test('outside a task no metric is written', async () => {
  for (const argv of [[], ['--json']]) {
    const ran = await runCli(['backup', 'dump', ...TARGET, ...argv]);
    expect(ran.stdout + ran.stderr).not.toContain('_aws');
  }
});

test('a dump that could not be confirmed ends with 3 and is no success', async () => {
  const unconfirmed = async () => {
    throw new BackupError('upload-unconfirmed', 'the store’s answer was lost', { exitCode: 3 });
  };
  const ran = await runCli(['backup', 'dump', ...TARGET], { env: LOG, dump: { backup: unconfirmed } });
  expect(ran.exitCode).toBe(3);
  expect(lines(ran.stdout)).toEqual([expect.objectContaining({ BackupFailed: 1 })]);
  const told = await runCli(['backup', 'dump', ...TARGET], { dump: { backup: unconfirmed } });
  expect(told.stderr).toContain('could not verify: the store’s answer was lost\n');
});

test('an error reads in three parts, and a database’s names in it steer nothing', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET], {
    dump: {
      backup: async () => {
        throw new BackupError('table-unreadable', 'cannot read table "a\x1b[2Jb"', {
          detail: 'ERROR:  permission denied\nCONTEXT:  \x1b[0m',
          hint: 'Grant select.\nThen run it again.',
        });
      },
    },
  });
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toBe('');
  expect(ran.stderr.split('\n').slice(1)).toEqual([
    'error: cannot read table "a\\x1b[2Jb"',
    '  ERROR:  permission denied',
    '  CONTEXT:  \\x1b[0m',
    '  hint: Grant select.',
    '        Then run it again.',
    '',
  ]);
});

test('something nobody foresaw is a failure too, and is called a defect', async () => {
  const ran = await runCli(['backup', 'dump', ...TARGET, '--json'], {
    dump: {
      backup: async () => {
        throw new TypeError('x is not a function');
      },
    },
  });
  expect(ran.exitCode).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'failed', error: { code: 'internal' } });
});

test('warnings of the manifest are in the JSON', async () => {
  const manifest = exampleManifest({ warnings: ['client 17.11 is outdated'] });
  const ran = await runCli(['backup', 'dump', ...TARGET, '--json'], {
    dump: { backup: async () => ({ outcome: 'made', manifest, uri: 's3://v/x', durationMs: 1 }) },
  });
  expect(JSON.parse(ran.stdout)).toMatchObject({ warnings: ['client 17.11 is outdated'] });
});
