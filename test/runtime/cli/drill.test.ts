/** `postgres-backup drill`: what is asked for, and how each outcome is told and counted. */
import type { Drill } from '../../../model';
import type { DrillRequest } from '../../../runtime/drill/types';
import { exampleDrill } from '../drill/support/example-drill';
import { runCli, TARGET } from './support/harness';

async function runDrill(argv: readonly string[], drill: Drill = exampleDrill(), env: NodeJS.ProcessEnv = {}) {
  const requests: DrillRequest[] = [];
  const drills = {
    run: async (request: DrillRequest) => {
      requests.push(request);
      return { drill, key: 'orders/drills/drill.json' };
    },
  };
  return { ...(await runCli(['drill', ...argv, ...TARGET], { drills, env })), requests };
}

test('a task is told everything by its environment', async () => {
  const checks = [{ name: 'a', sql: 'SELECT 1', database: null, expect: { kind: 'at least', number: 1 } }];
  const { requests } = await runDrill(['latest'], undefined, {
    POSTGRES_BACKUP_CHECKS: JSON.stringify(checks),
    POSTGRES_BACKUP_ALLOWED_EXTENSIONS: '["pg_cron"]',
    POSTGRES_BACKUP_RECOVERY_TIME_OBJECTIVE: '14400',
    POSTGRES_BACKUP_JOBS: '3',
    ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/0123456789abcdef-42',
  });
  expect(requests).toEqual([
    {
      source: 'orders',
      component: 'dump',
      point: 'latest',
      checks,
      jobs: 3,
      allowedExtensions: ['pg_cron'],
      recoveryTimeObjectiveSeconds: 14_400,
      where: { host: expect.any(String) as string, user: expect.any(String) as string, task: '0123456789abcdef-42' },
    },
  ]);
});

test('of an old point it is told that a newer one was not tried', async () => {
  const { stdout } = await runDrill(
    ['20261116T021003Z-4k2m9x'],
    exampleDrill({ insteadOf: '20261120T021003Z-zzzzzz' }),
  );
  expect(stdout).toContain('of an old point: 20261120T021003Z-zzzzzz is newer, and this says nothing of it');
});

test('without a point it is the newest', async () => {
  expect((await runDrill([])).requests[0].point).toBe('latest');
});

test.each([
  ['{', 'it is not JSON'],
  ['{}', 'it is {}, not a list'],
  [
    '[{"name":"a","sql":"SELECT 1","database":null,"expect":{"kind":"about"}}]',
    'of the kind "about", which is not known',
  ],
  ['[{"name":"a","sql":" ","database":null,"expect":{"kind":"returns rows"}}]', '"a" has no SQL'],
])('checks that cannot be meant are wrong usage: %s', async (checks, problem) => {
  const ran = await runDrill(['--checks', checks]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(problem);
  expect(ran.requests).toEqual([]);
});

const issue = { subject: 'row counts', outcome: 'failed', finding: 'table "t" has 1 rows, 2 in the backup' } as const;
const ENDS: readonly [string, Partial<Drill>, number, Record<string, number>][] = [
  ['passed', {}, 0, { DrillPassed: 1, DrillDuration: 730, DrillRestoreDuration: 692 }],
  [
    'passed, but slower than the objective',
    { recoveryTimeObjectiveSeconds: 600 },
    4,
    { DrillPassed: 1, DrillDuration: 730, DrillRestoreDuration: 692 },
  ],
  ['failed', { outcome: 'failed', issues: [issue] }, 1, { DrillFailed: 1 }],
  ['could not verify', { outcome: 'could not verify', restoreMs: null }, 3, { DrillUnverified: 1 }],
];

test.each(ENDS)('%s: by exit code and metric', async (_what, changes, exitCode, metrics) => {
  const ran = await runDrill([], exampleDrill(changes), { POSTGRES_BACKUP_LOG: 'json' });
  expect(ran.exitCode).toBe(exitCode);
  const [line] = ran.stdout.split('\n').filter((one) => one.includes('"_aws"'));
  expect(JSON.parse(line)).toMatchObject({ Source: 'orders', Component: 'dump', ...metrics });
  const names = ['DrillPassed', 'DrillFailed', 'DrillUnverified'];
  expect(names.filter((name) => name in (JSON.parse(line) as object))).toEqual(names.filter((name) => name in metrics));
});

test('people read what was not as it should be, what was left out and where the record lies', async () => {
  const { stdout } = await runDrill([], exampleDrill({ outcome: 'failed', issues: [issue] }));
  expect(stdout.split('\n')).toEqual([
    '  ✗ row counts: table "t" has 1 rows, 2 in the backup',
    '  left out: EVENT TRIGGER guard',
    'failed: 20261116T021003Z-4k2m9x · restored in 11 min 32 s · 2 of 2 comparisons as in the backup · 1 of 1 check passed · 12 min 10 s in all',
    '  recorded in orders/drills/drill.json',
    '',
  ]);
});

test('what stopped it is told with what to do about it', async () => {
  const failure = { code: 'disk-full', message: 'the drill ran out of disk', detail: null, hint: 'Give it more.' };
  const stopped = { subject: 'drill', outcome: 'could not verify', finding: failure.message } as const;
  const changes = { outcome: 'could not verify', restoreMs: null, failure, issues: [stopped] } as const;
  expect((await runDrill([], exampleDrill(changes))).stdout.split('\n').slice(0, 2)).toEqual([
    '  ? drill: the drill ran out of disk',
    '      Give it more.',
  ]);
});

test('--json prints the record as it is stored', async () => {
  expect(JSON.parse((await runDrill(['--json'])).stdout)).toEqual(exampleDrill());
});
