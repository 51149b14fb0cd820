/** What the audit of the WAL archive finds, and what may end: cases, and a slow oracle over random archives. */
import fc from 'fast-check';
import {
  auditCluster,
  formatLsn,
  KEEP_WAL_SECONDS,
  parseWalFile,
  segmentAt,
  segmentsNeeded,
  walToExpire,
  type AuditedCluster,
  type BaseBackupNeed,
  type TimelineOrigin,
  type WalFile,
} from '../../model';

const SIZE = 16 * 1024 * 1024;
const SYSTEM = '7564537891234567890';
const at = (segment: number): bigint => BigInt(segment) * BigInt(SIZE);
const nameOf = (segment: number, timeline = 1): string => segmentAt(timeline, at(segment), SIZE);
/** Stored one a minute, in order. */
const stored = (minute: number): Date => new Date(Date.UTC(2026, 10, 20, 0, minute));

function segments(timeline: number, numbers: readonly number[], firstMinute = 0) {
  return numbers.map((number, index) => ({
    name: nameOf(number, timeline),
    timeline,
    storedAt: stored(firstMinute + index),
  }));
}

function need(point: string, timeline: number, start: number, stop = start): BaseBackupNeed {
  const [startLsn, stopLsn] = [formatLsn(at(start) + 40n), formatLsn(at(stop) + 80n)];
  return { point, systemIdentifier: SYSTEM, timeline, startLsn, stopLsn };
}

function audit(cluster: Partial<AuditedCluster>) {
  const { findings, windows, ...rest } = auditCluster({
    systemIdentifier: SYSTEM,
    segmentBytes: SIZE,
    segments: [],
    histories: new Map(),
    conflicts: [],
    needs: [],
    ...cluster,
  });
  return { ...rest, kinds: findings.map(({ kind }) => kind), texts: findings.map(({ finding }) => finding), windows };
}

test('an archive in one piece has no finding, and reaches from the end of each base backup to its end', () => {
  const found = audit({ segments: segments(1, [3, 4, 5, 6]), needs: [need('a', 1, 3, 4), need('b', 1, 5)] });
  expect(found.texts).toEqual([]);
  expect(found.timelines).toEqual([{ timeline: 1, ranges: [{ from: at(3), to: at(7) }] }]);
  expect(found.windows).toEqual([
    { point: 'a', timeline: 1, from: at(4) + 80n, to: at(7) },
    { point: 'b', timeline: 1, from: at(5) + 80n, to: at(7) },
  ]);
  expect(found.newestStoredAt).toEqual(stored(3));
});

test('a gap is told with its positions; a base backup before it reaches to it, one that spans it is none', () => {
  const found = audit({
    segments: segments(1, [3, 4, 7, 8]),
    needs: [need('before', 1, 3), need('across', 1, 4, 7), need('after', 1, 7)],
  });
  expect(found.kinds).toEqual(['gap', 'base-backup']);
  expect(found.texts[0]).toBe('timeline 1 has a gap from 0/5000000 to 0/7000000');
  expect(found.texts[1]).toContain('base backup across needs');
  expect(found.windows.map(({ point, to }) => [point, to])).toEqual([
    ['before', at(5)],
    ['after', at(9)],
  ]);
});

test('a part of a segment that does not follow the whole ones is behind a gap', () => {
  const part = (segment: number, timeline = 1) => ({
    segment: nameOf(segment, timeline),
    timeline,
    lengthBytes: 700,
    key: `${segment}`,
    storedAt: stored(30),
  });
  const whole = segments(1, [3, 4]);
  expect(audit({ segments: whole, partials: [part(5)] }).kinds).toEqual([]);
  expect(audit({ segments: whole, partials: [part(4), part(5)] }).kinds).toEqual([]);
  expect(audit({ segments: whole, partials: [part(7)] }).texts).toEqual([
    'timeline 1 has a gap from 0/5000000 to 0/7000000',
  ]);
  // One that was never archived whole is not made whole by its part.
  expect(audit({ segments: whole, partials: [part(5), part(6)] }).texts).toEqual([
    'timeline 1 has a gap from 0/5000000 to 0/6000000',
  ]);
  const histories = new Map([[2, [{ timeline: 1, switchedAt: at(5) + 9n }]]]);
  expect(audit({ segments: whole, partials: [part(5, 2)], histories }).kinds).toEqual([]);
  expect(audit({ segments: whole, partials: [part(6, 2)], histories }).texts).toEqual([
    'timeline 2 has a gap from 0/5000000 to 0/6000000',
  ]);
});

test('what no kept base backup needs any more may go in any order', () => {
  expect(audit({ segments: segments(1, [3, 5, 8, 9]), needs: [need('a', 1, 8)] }).kinds).toEqual([]);
  expect(audit({ segments: segments(1, [3, 5, 8, 9]), needs: [need('a', 1, 4)] }).kinds).toContain('gap');
  // While there is none, everything may be needed.
  expect(audit({ segments: segments(1, [3, 5]) }).kinds).toEqual(['gap']);
});

describe('a timeline that was left', () => {
  const histories = new Map<number, readonly TimelineOrigin[]>([[2, [{ timeline: 1, switchedAt: at(5) + 1000n }]]]);

  test('goes over into the next without a gap, though its last segment is only in the next', () => {
    const found = audit({
      segments: [...segments(1, [3, 4]), ...segments(2, [5, 6], 10)],
      histories,
      needs: [need('a', 1, 3)],
    });
    expect(found.texts).toEqual([]);
    expect(found.windows.map(({ timeline, to }) => [timeline, to])).toEqual([
      [1, at(5)],
      [2, at(7)],
    ]);
  });

  test.each([
    ['the last segment before it', [3], [5, 6], '0/4000000 to 0/5000000'],
    ['the first segment of the next', [3, 4], [6], '0/5000000 to 0/6000000'],
  ])('misses %s', (_what, first, second, gap) => {
    const found = audit({ segments: [...segments(1, first), ...segments(2, second, 10)], histories });
    expect(found.kinds).toEqual(['gap']);
    expect(found.texts[0]).toContain(gap);
  });

  describe('twice, so shortly that the timeline between left nothing', () => {
    const twice = (first: bigint, second: bigint) =>
      new Map<number, readonly TimelineOrigin[]>([
        [2, [{ timeline: 1, switchedAt: first }]],
        [
          3,
          [
            { timeline: 1, switchedAt: first },
            { timeline: 2, switchedAt: second },
          ],
        ],
      ]);
    const shortly = twice(at(5) + 1000n, at(5) + 2000n);

    test('has no gap where the third begins in the segment that both were left in', () => {
      const found = audit({ segments: [...segments(1, [3, 4]), ...segments(3, [5, 6], 10)], histories: shortly });
      expect(found.kinds).toEqual([]);
    });

    test.each([
      ['what came before both', shortly, [3], [5, 6], ['timeline 1 has a gap from 0/4000000 to 0/5000000']],
      ['the first segment of the third', shortly, [3, 4], [6], ['timeline 3 has a gap from 0/5000000 to 0/6000000']],
      [
        'all of the one between',
        twice(at(5) + 1000n, at(7) + 2000n),
        [3, 4, 5],
        [7, 8],
        ['timeline 2 has a gap from 0/5000000 to 0/7000000'],
      ],
    ])('misses %s', (_what, histories, first, third, gaps) => {
      const found = audit({ segments: [...segments(1, first), ...segments(3, third, 10)], histories });
      expect(found.texts).toEqual(gaps);
    });
  });

  test('and goes on all the same: two servers', () => {
    const late = audit({ segments: [...segments(1, [3, 4, 5, 6], 20), ...segments(2, [5], 10)], histories });
    expect(late.kinds).toEqual(['split']);
    // What was archived before the other began was lost with the old server, and is no fault.
    expect(audit({ segments: [...segments(1, [3, 4, 5, 6]), ...segments(2, [5], 10)], histories }).kinds).toEqual([]);
  });

  test('without the history of the next nothing is certain', () => {
    expect(audit({ segments: [...segments(1, [3, 4]), ...segments(2, [5], 10)] }).kinds).toEqual(['history']);
  });

  test('two branches that both go on are two servers', () => {
    const both = new Map([...histories, [3, [{ timeline: 1, switchedAt: at(4) }]] as const]);
    const later = segments(2, [5, 6, 7], 10);
    expect(
      audit({ segments: [...segments(1, [3, 4]), ...later, ...segments(3, [4], 11)], histories: both }).kinds,
    ).toEqual(['split']);
  });
});

test('conflicts are findings, and what a base backup does not say is none that it has', () => {
  expect(audit({ segments: segments(1, [3]), conflicts: [nameOf(3)] }).kinds).toEqual(['conflict']);
  const silent = { ...need('a', 1, 3), startLsn: '' };
  const found = auditCluster({
    systemIdentifier: SYSTEM,
    segmentBytes: SIZE,
    segments: segments(1, [3]),
    histories: new Map(),
    conflicts: [],
    needs: [silent],
  });
  expect(found.findings).toMatchObject([{ outcome: 'could not verify', kind: 'base-backup' }]);
});

describe('what may end', () => {
  const now = new Date(Date.UTC(2027, 0, 1));
  const file = (name: string, storedAt = stored(0)) => ({ file: parseWalFile(name) as WalFile, storedAt });
  const ends = (needs: readonly BaseBackupNeed[], names: readonly string[]) =>
    walToExpire(
      needs,
      names.map((name) => file(name)),
      SIZE,
      now,
    ).map((one) => one.file.name);

  test('is what lies before the oldest kept base backup, with what belongs to it; histories stay', () => {
    const names = [
      nameOf(3),
      nameOf(4),
      `${nameOf(4)}.partial`,
      `${nameOf(4)}.00000028.backup`,
      nameOf(5),
      '00000002.history',
    ];
    expect(ends([need('new', 1, 8), need('old', 1, 5)], names)).toEqual([
      nameOf(3),
      nameOf(4),
      `${nameOf(4)}.partial`,
      `${nameOf(4)}.00000028.backup`,
    ]);
  });

  test('is nothing while no base backup is kept', () => {
    expect(ends([], [nameOf(3)])).toEqual([]);
  });

  test('is nothing that is young, or of which the store does not say how old it is', () => {
    const young = new Date(now.getTime() - KEEP_WAL_SECONDS * 1000 + 1000);
    const files = [
      file(nameOf(1), young),
      file(nameOf(2), new Date(0)),
      file(nameOf(3), new Date(NaN)),
      file(nameOf(4)),
    ];
    expect(walToExpire([need('a', 1, 9)], files, SIZE, now).map((one) => one.file.name)).toEqual([nameOf(4)]);
  });

  test('is decided by no accident', () => {
    expect(() => walToExpire([{ ...need('a', 1, 9), startLsn: '?' }], [], SIZE, now)).toThrow(RangeError);
    expect(() => walToExpire([need('a', 1, 9)], [], SIZE, new Date(NaN))).toThrow(RangeError);
  });

  test('is never anything that a kept base backup needs, on whatever way from it', () => {
    const backups = fc.array(
      fc.record({ start: fc.integer({ min: 0, max: 30 }), timeline: fc.integer({ min: 1, max: 3 }) }),
      { minLength: 1, maxLength: 6 },
    );
    const switches = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }));
    const all = [1, 2, 3].flatMap((timeline) => Array.from({ length: 40 }, (_, index) => nameOf(index, timeline)));
    fc.assert(
      fc.property(backups, switches, (kept, [a, b]) => {
        const origins = [
          { timeline: 1, switchedAt: at(Math.min(a, b)) + 5n },
          { timeline: 2, switchedAt: at(Math.max(a, b)) + 5n },
        ];
        const ended = new Set(
          ends(
            kept.map(({ start, timeline }, index) => need(String(index), timeline, start)),
            all,
          ),
        );
        // A slow oracle: all that recovery reads from each base backup to the end of each timeline that comes from its own.
        for (const { start, timeline } of kept) {
          for (let target = timeline; target <= 3; target += 1) {
            const range = { from: at(start) + 40n, to: at(39) };
            const needed = segmentsNeeded(target, origins.slice(0, target - 1), range, SIZE);
            if (needed.some((name) => ended.has(name))) return false;
          }
        }
        return true;
      }),
      { numRuns: 300 },
    );
  });
});

test('how far recovery comes is what a look at segment after segment finds', () => {
  const present = fc.tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 20 })),
    fc.uniqueArray(fc.integer({ min: 0, max: 20 })),
  );
  fc.assert(
    fc.property(
      present,
      fc.integer({ min: 1, max: 19 }),
      fc.integer({ min: 0, max: 20 }),
      ([one, two], left, start) => {
        const origins = [{ timeline: 1, switchedAt: at(left) + 5n }];
        const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);
        const there = [...segments(1, sorted(one)), ...segments(2, sorted(two), 100)];
        const names = new Set(there.map(({ name }) => name));
        const expected = (target: 1 | 2): bigint => {
          for (let number = start; number < 30; number += 1) {
            const range = { from: at(number), to: at(number + 1) };
            const [name] = segmentsNeeded(target, target === 2 ? origins : [], range, SIZE);
            if (!names.has(name)) return at(number);
          }
          return at(30);
        };
        const needs = [{ ...need('a', 1, start), stopLsn: formatLsn(at(start) + 50n) }];
        const { windows } = audit({ segments: there, histories: new Map([[2, origins]]), needs });
        for (const { timeline, to } of windows) {
          if (to !== expected(timeline as 1 | 2)) return false;
        }
        const reached = expected(1) > at(start);
        return !reached || windows.some(({ timeline }) => timeline === 1);
      },
    ),
    { numRuns: 300 },
  );
});
