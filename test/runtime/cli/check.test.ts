import type { CheckReport } from '../../../runtime/components/dump/types';
import { runCli, TARGET } from './support/harness';

const SERVER = 'backup@db.internal:5432/orders';

function finding(outcome: CheckReport['outcome'], databases: CheckReport['databases']) {
  return { dump: { check: async () => ({ outcome, server: SERVER, databases }) } };
}

const DATABASES: CheckReport['databases'] = [
  {
    name: 'orders',
    findings: [
      { check: 'server version', outcome: 'passed', finding: 'PostgreSQL 17.12' },
      { check: 'client version', outcome: 'warning', finding: '17.11 has known holes', hint: 'Install 17.12.' },
      {
        check: 'readable tables',
        outcome: 'failed',
        finding: 'public.se\ncret cannot be read',
        hint: 'Grant select on it.',
      },
      { check: 'locks', outcome: 'could not verify', finding: 'pg_locks could not be read' },
    ],
  },
];

test('every finding is shown with its hint, and the last line is the verdict', async () => {
  const ran = await runCli(['check', ...TARGET], finding('failed', DATABASES));
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "database "orders"
     ok       server version   PostgreSQL 17.12
     warning  client version   17.11 has known holes
              hint: Install 17.12.
     failed   readable tables  public.se\\ncret cannot be read
              hint: Grant select on it.
     unknown  locks            pg_locks could not be read
   backup@db.internal:5432/orders: cannot be backed up: 1 check failed
   "
  `);
});

test.each([
  ['passed', 0, 'ready to be backed up, with 1 warning'],
  ['failed', 1, 'cannot be backed up: 1 check failed'],
  ['could not verify', 3, 'could not be checked in full: 1 check could not be run'],
] as const)('%s ends with %d', async (outcome, exitCode, verdict) => {
  const ran = await runCli(['check', ...TARGET], finding(outcome, DATABASES));
  expect(ran.exitCode).toBe(exitCode);
  expect(ran.stdout.trimEnd().split('\n').at(-1)).toBe(`${SERVER}: ${verdict}`);
});

test('it takes the options of the dump and backs nothing up', async () => {
  const ran = await runCli(['check', ...TARGET, '--all-databases', '--minimum-tables', '40']);
  expect(ran.checks).toMatchObject([{ databases: 'all', minimumTables: 40 }]);
  expect(ran.backups).toEqual([]);
});

test('as JSON it has every finding', async () => {
  const ran = await runCli(['check', ...TARGET, '--json'], finding('failed', DATABASES));
  expect(JSON.parse(ran.stdout)).toEqual({
    format: 'postgres-backup/check/1',
    outcome: 'failed',
    server: SERVER,
    databases: DATABASES,
  });
});
