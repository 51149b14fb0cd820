import type { VerificationReport, VerifiedObject } from '../../../runtime/components/component';
import { BackupError } from '../../../runtime/errors';
import type { RecordedVerification } from '../../../runtime/cli/dependencies';
import { pointId, type Verification } from '../../../model';
import { examplePoint, runCli, TARGET, type Setup } from './support/harness';

function found(outcome: VerificationReport['outcome'], objects: readonly VerifiedObject[]): Setup {
  return {
    verifyPoint: async (point, depth) => ({
      outcome,
      point: point.manifest.point,
      source: 'orders',
      depth,
      objects,
      durationMs: 12_000,
    }),
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

describe('with --record', () => {
  const VERIFICATION: Verification = {
    format: 'postgres-backup/verification/1',
    point: '20261120T021003Z-4k2m9x',
    source: 'orders',
    component: 'dump',
    outcome: 'passed',
    depth: 'read',
    verifiedAt: '2026-11-20T02:55:30.000Z',
    durationMs: 12_000,
    manifestSha256: 'aa',
    findings: [],
    objects: 3,
    totals: { storedBytes: 1000, items: 10 },
    tool: { name: 'postgres-backup', version: '1.2.3' },
  };

  async function recorded(argv: readonly string[], changes: Partial<Verification> = {}, setup: Setup = {}) {
    const asked: { point: string; options: RecordedVerification }[] = [];
    const ran = await runCli(['verify', ...argv, ...TARGET, '--record'], {
      verifyAndRecord: async (_store, address, options) => {
        asked.push({ point: pointId(address), options });
        return { ...VERIFICATION, ...changes };
      },
      ...setup,
    });
    return { ran, asked };
  }

  test('the result is stored, and told in one line', async () => {
    const { ran, asked } = await recorded(['latest']);
    expect(ran.stdout).toBe('verified: 20261120T021003Z-4k2m9x · 3 objects read · recorded · 12 s\n');
    expect(ran.exitCode).toBe(0);
    expect(ran.verifications).toEqual([]);
    expect(asked).toEqual([
      {
        point: '20261120T021003Z-4k2m9x',
        options: expect.objectContaining({
          depth: 'read',
          expectations: { minimumTables: 1, minimumRows: 0 },
        }) as unknown,
      },
    ]);
  });

  test.each([
    ['failed', 1, '✗'],
    ['could not verify', 3, '?'],
  ] as const)('%s ends with %i and says why', async (outcome, exitCode, mark) => {
    const findings = [{ subject: 'size against\nhistory', outcome, finding: 'it has shrunk' }];
    const { ran } = await recorded(['latest'], { outcome, findings });
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stdout).toContain(
      `  ${mark} size against\\nhistory: it has shrunk\n${outcome}: 20261120T021003Z-4k2m9x`,
    );
  });

  test('what there must be comes from options and environment', async () => {
    const { asked } = await recorded(
      ['latest', '--depth', 'stored', '--minimum-rows', '1000', '--encryption-key', 'arn:key'],
      {},
      { env: { POSTGRES_BACKUP_LOCK_DURATION: '14d', POSTGRES_BACKUP_MINIMUM_TABLES: '12' } },
    );
    expect(asked[0].options).toMatchObject({
      depth: 'stored',
      expectations: { minimumTables: 12, minimumRows: 1000, encryptionKey: 'arn:key', lockSeconds: 1_209_600 },
    });
  });

  test('a point whose manifest cannot be read is verified too: that is the result', async () => {
    const unreadable = examplePoint();
    Object.defineProperty(unreadable, 'manifest', {
      get: () => {
        throw new BackupError('manifest-invalid', 'not valid');
      },
    });
    const { asked } = await recorded(['latest'], {}, { points: [unreadable] });
    expect(asked.map(({ point }) => point)).toEqual(['20261120T021003Z-4k2m9x']);
  });

  test('a point by its id; one that is not there is an error', async () => {
    const points = [examplePoint('20261120T021003Z-bbbbbb'), examplePoint('20261119T021003Z-aaaaaa')];
    const { asked } = await recorded(['20261119T021003Z-aaaaaa'], {}, { points });
    expect(asked.map(({ point }) => point)).toEqual(['20261119T021003Z-aaaaaa']);
    const missing = await recorded(['20261118T021003Z-cccccc'], {}, { points });
    expect(missing.ran.exitCode).toBe(1);
    expect(missing.asked).toEqual([]);
  });

  test('a size that is out of line can be accepted: who says so, and why, is told on', async () => {
    const accept = ['latest', '--accept-size', 'old orders were purged'];
    const env = { USER: 'erin' };
    const byUser = await recorded(accept, {}, { env });
    const byName = await recorded([...accept, '--accepted-by', 'Erin (change 4711)'], {}, { env });
    const reason = 'old orders were purged';
    expect(byUser.asked[0].options.acceptSize).toEqual({ by: 'erin', reason });
    expect(byName.asked[0].options.acceptSize).toEqual({ by: 'Erin (change 4711)', reason });
    expect((await recorded(['latest'], {}, { env })).asked[0].options.acceptSize).toBeUndefined();
  });

  test('a size that is accepted by nobody, or by somebody who does not say what for, is not accepted', async () => {
    const nobody = await recorded(['latest', '--accept-size', 'a purge'], {}, { env: { USER: '' } });
    const nothing = await recorded(['latest', '--accepted-by', 'erin']);
    expect([nobody.ran.exitCode, nothing.ran.exitCode]).toEqual([2, 2]);
    expect(nobody.ran.stderr).toContain('--accepted-by');
    expect([...nobody.asked, ...nothing.asked]).toEqual([]);
  });

  test('as JSON it is the record', async () => {
    const { ran } = await recorded(['latest', '--json']);
    expect(JSON.parse(ran.stdout)).toEqual(VERIFICATION);
  });
});

test.each([
  ['--minimum-tables', '5'],
  ['--minimum-rows', '5'],
  ['--encryption-key', 'arn:key'],
  ['--lock-duration', '14d'],
  ['--accept-size', 'a purge'],
])('without --record nobody would check %s, so it is refused', async (option, value) => {
  const ran = await runCli(['verify', 'latest', ...TARGET, option, value]);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(`${option} is checked only in a verification that is recorded`);
  expect(ran.verifications).toEqual([]);
});

describe('a sample', () => {
  const OF_OBJECTS = ['verify', 'latest', ...TARGET, '--component', 'objects'];

  async function sampled(args: readonly string[]) {
    const asked: unknown[] = [];
    const ran = await runCli([...OF_OBJECTS, ...args], {
      verifyPoint: async (point, depth, { sample }) => {
        asked.push(sample);
        return {
          outcome: 'passed',
          point: point.manifest.point,
          source: 'orders',
          depth,
          objects: [good],
          durationMs: 1,
          sample,
        };
      },
    });
    return { ran, asked };
  }

  test.each([
    [['--sample', '1000', '--seed', '7'], { amount: { objects: 1000 }, seed: 7 }],
    [['--sample', '0.5%', '--seed', '0'], { amount: { percent: 0.5 }, seed: 0 }],
    [['--sample', '--seed', '7'], { seed: 7 }],
    [[], undefined],
  ])('%j asks for %j', async (args, sample) => {
    expect((await sampled(args)).asked).toEqual([sample]);
  });

  test('tells its seed, so that the same can be drawn again, and claims no more than it read', async () => {
    const { ran, asked } = await sampled(['--sample']);
    const [{ seed }] = asked as { seed: number }[];
    expect(ran.stdout).toContain(`a sample read, drawn with --seed ${seed}; the rest by the store’s own word`);
    expect(ran.stdout).not.toContain('every byte read');
    const { ran: json } = await sampled(['--sample', '--seed', '9', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ sample: { seed: 9 } });
  });

  test.each([
    [['--sample', '0'], 'Give a whole number from 1, or a share'],
    [['--sample', '101%'], 'Give a whole number from 1, or a share'],
    [['--seed', '5'], '--seed draws nothing without --sample'],
    [['--sample', '--depth', 'stored'], '--sample is for --depth read'],
    [['--sample', '--record'], '--sample cannot be recorded'],
    [['--sample', '--component', 'dump'], '--sample is for --component objects'],
  ])('%j is refused: %s', async (args, sentence) => {
    const { ran, asked } = await sampled(args);
    expect(ran).toMatchObject({ exitCode: 2 });
    expect(ran.stderr).toContain(sentence);
    expect(asked).toEqual([]);
  });
});
