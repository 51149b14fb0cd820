import type { VerificationReport, VerifiedObject } from '../../../runtime/components/dump/types';
import { examplePoint, runCli, TARGET, type Setup } from './support/harness';

function found(outcome: VerificationReport['outcome'], objects: readonly VerifiedObject[]): Setup {
  return {
    dump: {
      verify: async (point, depth) => ({
        outcome,
        point: point.manifest.point,
        source: 'orders',
        depth,
        objects,
        durationMs: 12_000,
      }),
    },
  };
}

const good: VerifiedObject = {
  key: 'orders/x/data-001',
  sizeBytes: 1_900_000_000,
  outcome: 'passed',
  finding: 'equal',
};
const bad: VerifiedObject = {
  key: 'orders/x/sch\nema',
  sizeBytes: 81_000,
  outcome: 'failed',
  finding: 'part 3 differs',
};
const unknown: VerifiedObject = { key: 'orders/x/g', sizeBytes: 1, outcome: 'could not verify', finding: 'denied' };

test('a good point is told in one line, and every byte was read', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET], found('passed', [good]));
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toBe(
    'verified: 20261120T021003Z-4k2m9x · 1 of 1 object, 1.9 GB, every byte read and as in the manifest · 12 s\n',
  );
});

test('damage is named by object, with exit code 1', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET], found('failed', [good, bad]));
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "  ✗ orders/x/sch\\nema: part 3 differs
   failed: 20261120T021003Z-4k2m9x · 1 of 2 objects, 1.9 GB, every byte read and as in the manifest · 12 s
   "
  `);
});

test('what could not be looked at is 3, never 0', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET], found('could not verify', [good, unknown]));
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain('? orders/x/g: denied');
});

test('a report that calls itself good is believed only as far as its own objects go', async () => {
  expect((await runCli(['verify', 'latest', ...TARGET], found('passed', [good, bad]))).exitCode).toBe(1);
  expect((await runCli(['verify', 'latest', ...TARGET], found('passed', [good, unknown]))).exitCode).toBe(3);
  expect((await runCli(['verify', 'latest', ...TARGET], found('passed', []))).exitCode).toBe(3);
});

test('latest is the newest one, whatever its state: a damaged one must not hide behind an older good one', async () => {
  const points = [examplePoint('20261120T021003Z-bbbbbb'), examplePoint('20261119T021003Z-aaaaaa')];
  const ran = await runCli(['verify', 'latest', ...TARGET], { points });
  expect(ran.verifications).toEqual([{ point: '20261120T021003Z-bbbbbb', depth: 'read' }]);
  const older = await runCli(['verify', '20261119T021003Z-aaaaaa', ...TARGET, '--depth', 'stored'], { points });
  expect(older.verifications).toEqual([{ point: '20261119T021003Z-aaaaaa', depth: 'stored' }]);
});

test('with nothing to verify it fails', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET], { points: [] });
  expect(ran.exitCode).toBe(1);
  expect(ran.stderr).toContain('there is no recovery point of "orders" in s3://acme-vault');
});

test('it needs no server and counts nothing', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET], {
    ...found('passed', [good]),
    env: { POSTGRES_BACKUP_LOG: 'json' },
  });
  expect(ran.serverEnvironments).toEqual([]);
  expect(ran.stdout).not.toContain('_aws');
});

test('as JSON it has every object', async () => {
  const ran = await runCli(['verify', 'latest', ...TARGET, '--json'], found('failed', [good, bad]));
  expect(JSON.parse(ran.stdout)).toEqual({
    format: 'postgres-backup/verify/1',
    outcome: 'failed',
    point: '20261120T021003Z-4k2m9x',
    source: 'orders',
    depth: 'read',
    objects: [good, bad],
    durationMs: 12_000,
  });
});
