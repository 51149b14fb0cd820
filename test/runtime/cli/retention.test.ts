import type { PlannedRun, RetentionPlan, RetentionRequest, RetentionResult } from '../../../runtime/retention/types';
import type { EndedVersions, EndMirroredRequest } from '../../../runtime/retention/mirrored/end-mirrored';
import { BackupError } from '../../../runtime/errors';
import { runCli, TARGET, type Setup } from './support/harness';

const POLICY = '{"classes":{"daily":{"keepSeconds":2592000}},"minimumVerified":3}';

function run(changes: Partial<PlannedRun>): PlannedRun {
  return {
    point: '20261120T021003Z-4k2m9x',
    prefix: 'orders/dump/daily/2026/11/20/20261120T021003Z-4k2m9x/',
    class: 'daily',
    kind: 'recovery point',
    storedAt: new Date('2026-11-20T02:13:30Z'),
    verification: 'passed',
    action: 'keep',
    reason: 'daily: kept for 30 days',
    ...changes,
  };
}

const OVER = run({
  point: '20261001T021003Z-aaaaaa',
  storedAt: new Date('2026-10-01T02:13:30Z'),
  action: 'expire',
  reason: 'daily: kept for 30 days, which is over; 20261120T021003Z-4k2m9x is newer and verified',
});
const RUNS = [
  run({}),
  OVER,
  run({
    point: '20260930T021003Z-aaaaaa',
    class: 'hourly',
    kind: 'leftover',
    storedAt: new Date('2026-09-30T02:13:30Z'),
    verification: 'not verified',
    action: 'expire',
    reason: 'no recovery point, and nothing was written for 7 days',
  }),
];

interface Calls {
  readonly planned: RetentionRequest[];
  readonly applied: RetentionPlan[];
}

function retaining(runs: readonly PlannedRun[], failed: RetentionResult['failed'] = []): Setup & { calls: Calls } {
  const calls: Calls = { planned: [], applied: [] };
  return {
    calls,
    retention: {
      plan: async (request) => {
        calls.planned.push(request);
        return { source: request.source, component: request.component, runs };
      },
      apply: async (plan) => {
        calls.applied.push(plan);
        const ends = plan.runs.filter(({ action }) => action !== 'keep');
        return { marked: ends.slice(failed.length), versions: 4 * (ends.length - failed.length), failed };
      },
    },
  };
}

test('it shows every run with what becomes of it and why, and changes nothing', async () => {
  const setup = retaining(RUNS);
  const ran = await runCli(['retention', ...TARGET, '--policy', POLICY], setup);
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  expect(setup.calls.applied).toEqual([]);
  expect(setup.calls.planned).toEqual([{ source: 'orders', component: 'dump', policy: JSON.parse(POLICY) as unknown }]);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "POINT                    CLASS        STORED  VERIFICATION  ACTION  REASON
   20261120T021003Z-4k2m9x  daily    42 min ago  passed        keep    daily: kept for 30 days
   20261001T021003Z-aaaaaa  daily   50 days ago  passed        expire  daily: kept for 30 days, which is over; 20261120T021003Z-4k2m9x is newer and verified
   20260930T021003Z-aaaaaa  hourly  51 days ago  -             expire  no recovery point, and nothing was written for 7 days
   orders: 2 recovery points, 1 kept, 1 ending; 1 leftover, 1 ending · nothing was changed; --apply marks what ends
   "
  `);
});

test('the policy of a deployed task is taken from its environment', async () => {
  const setup = retaining(RUNS);
  await runCli(['retention', ...TARGET, '--dry-run'], { ...setup, env: { POSTGRES_BACKUP_RETENTION: POLICY } });
  expect(setup.calls.planned).toMatchObject([{ policy: { minimumVerified: 3 } }]);
  expect(setup.calls.applied).toEqual([]);
});

test('only --apply marks', async () => {
  const setup = retaining(RUNS);
  const ran = await runCli(['retention', ...TARGET, '--policy', POLICY, '--apply'], setup);
  expect(ran.exitCode).toBe(0);
  expect(setup.calls.applied).toHaveLength(1);
  expect(ran.stdout).toContain(
    'orders: 2 recovery points, 1 kept, 1 ending; 1 leftover, 1 ending · 2 marked (8 versions)\n',
  );
});

test('what could not be marked is named, and the exit code is 1', async () => {
  const error = new BackupError('store-denied', 'could not tag "x\ny"', { detail: 'AccessDenied' });
  const ran = await runCli(
    ['retention', ...TARGET, '--policy', POLICY, '--apply'],
    retaining(RUNS, [{ run: OVER, error }]),
  );
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toContain('could not mark 20261001T021003Z-aaaaaa: could not tag "x\\ny" (AccessDenied)');
  expect(ran.stdout).toContain('1 marked (4 versions), 1 could not be');
});

test('as JSON it has every run, and what was marked', async () => {
  const shown = await runCli(['retention', ...TARGET, '--policy', POLICY, '--json'], retaining(RUNS));
  expect(JSON.parse(shown.stdout)).toMatchObject({
    format: 'postgres-backup/retention/1',
    outcome: 'passed',
    source: 'orders',
    component: 'dump',
    vault: 's3://acme-vault',
    applied: null,
    mirrored: null,
  });
  const error = new BackupError('store-denied', 'denied');
  const applied = await runCli(
    ['retention', ...TARGET, '--policy', POLICY, '--json', '--apply'],
    retaining([OVER], [{ run: OVER, error }]),
  );
  expect(JSON.parse(applied.stdout)).toEqual({
    format: 'postgres-backup/retention/1',
    outcome: 'failed',
    source: 'orders',
    component: 'dump',
    vault: 's3://acme-vault',
    runs: [
      {
        point: OVER.point,
        class: 'daily',
        kind: 'recovery point',
        storedAt: '2026-10-01T02:13:30.000Z',
        verification: 'passed',
        action: 'expire',
        reason: OVER.reason,
      },
    ],
    mirrored: null,
    applied: {
      marked: [],
      versions: 0,
      failed: [{ point: OVER.point, code: 'store-denied', message: 'denied', detail: null }],
    },
  });
});

test('nothing at all is a failure: a misspelt source must not look like one in which nothing ends', async () => {
  const ran = await runCli(['retention', ...TARGET, '--policy', POLICY], retaining([]));
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toContain('there is nothing of "orders" in s3://acme-vault');
});

test.each<[string, string[], RegExp]>([
  ['no policy', [], /no retention policy is given/],
  ['no JSON', ['--policy', '30 days'], /As a retention policy, it is not JSON/],
  ['a misspelt class', ['--policy', '{"classes":{"nightly":{}},"minimumVerified":1}'], /classes has "nightly"/],
  ['both ways at once', ['--policy', POLICY, '--apply', '--dry-run'], /cannot be used with option/],
])('%s is wrong usage', async (_, options, message) => {
  const ran = await runCli(['retention', ...TARGET, ...options], retaining(RUNS));
  expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
  expect(ran.stderr).toMatch(message);
});

describe('of mirrors', () => {
  const MIRRORED: EndedVersions = {
    versions: 22,
    sizeBytes: 2_000_000,
    mirrors: [
      {
        mirror: 'uploads',
        versions: 22,
        sizeBytes: 2_000_000,
        examples: [{ key: 'orders/mirrors/uploads/a\nb', versionId: 'v1', sizeBytes: 1000 }],
      },
      { mirror: 'media', versions: 0, sizeBytes: 0, examples: [] },
    ],
  };
  const asked: EndMirroredRequest[] = [];
  const mirrors = (): Setup => {
    const setup = retaining([run({})]);
    const endMirrored = async (request: EndMirroredRequest) => (asked.push(request), MIRRORED);
    return { ...setup, retention: { ...setup.retention, endMirrored } };
  };
  const OF_OBJECTS = ['retention', ...TARGET, '--policy', POLICY, '--component', 'objects'];

  test('it shows which versions no inventory names any more, and how much that is, and changes nothing', async () => {
    const { exitCode, stdout } = await runCli(OF_OBJECTS, mirrors());
    expect(exitCode).toBe(0);
    expect(asked.pop()).toEqual({ source: 'orders', mode: 'show' });
    expect(stdout).toContain('mirror uploads: 22 versions, 2.0 MB, in no inventory any more\n');
    expect(stdout).toContain('  orders/mirrors/uploads/a\\nb v1 (1.0 kB)\n  and 21 others\n');
    expect(stdout).toContain('mirror media: every version is named by an inventory, or too young to end\n');
    expect(stdout).toContain('nothing was changed; --apply marks what ends');
  });

  test('--apply marks them, which the document tells', async () => {
    const { stdout } = await runCli([...OF_OBJECTS, '--apply', '--json'], mirrors());
    expect(asked.pop()).toEqual({ source: 'orders', mode: 'mark' });
    expect(JSON.parse(stdout)).toMatchObject({ component: 'objects', mirrored: MIRRORED });
  });
});
