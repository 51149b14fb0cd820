import fc from 'fast-check';
import {
  decideRetention,
  RETENTION_CLASSES,
  type RetainablePoint,
  type RetentionDecision,
  type RetentionPolicy,
} from '../../model';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-20T02:10:00Z');

const POLICY: RetentionPolicy = {
  classes: { hourly: { keepSeconds: 86_400 }, daily: { keepSeconds: 30 * 86_400 } },
  minimumVerified: 1,
};

function point(ageMs: number, changes: Partial<RetainablePoint> = {}): RetainablePoint {
  return {
    point: `p${ageMs}`,
    class: 'daily',
    storedAt: new Date(NOW.getTime() - ageMs),
    verification: 'passed',
    ...changes,
  };
}

function decided(points: readonly RetainablePoint[], policy = POLICY, now = NOW): string[] {
  return decideRetention(points, policy, now).map(({ action, reason }) => `${action}: ${reason}`);
}

describe('what a person reads', () => {
  test.each<[string, RetainablePoint[], RetentionPolicy, string]>([
    ['young', [point(29 * DAY)], POLICY, 'keep: daily: kept for 30 days'],
    ['of hours', [point(HOUR, { class: 'hourly' })], POLICY, 'keep: hourly: kept for 24 h'],
    [
      'of no promise',
      [point(9999 * DAY, { class: 'manual' })],
      POLICY,
      'keep: manual: kept until a person says otherwise',
    ],
    ['the best there is', [point(31 * DAY)], POLICY, 'keep: one of the newest 1 verified'],
    [
      'old, and nothing is verified',
      [point(31 * DAY, { verification: 'not verified' }), point(DAY, { verification: 'could not verify' })],
      POLICY,
      'keep: nothing newer is verified',
    ],
    [
      'old',
      [point(31 * DAY), point(DAY)],
      POLICY,
      `expire: daily: kept for 30 days, which is over; p${DAY} is newer and verified`,
    ],
    [
      'one of so many',
      [point(31 * DAY), point(DAY)],
      { ...POLICY, classes: { daily: { keepSeconds: 60, keepNewest: 2 } } },
      'keep: daily: one of the newest 2',
    ],
  ])('%s', (_, points, policy, expected) => {
    expect(decided(points, policy)[0]).toBe(expected);
  });

  test.each([
    [86_400, '24 h'],
    [2 * 86_400, '2 days'],
    [36 * 3600, '36 h'],
    [5400, '90 min'],
    [61, '61 s'],
  ])('%d seconds are %s', (keepSeconds, words) => {
    const [first] = decided([point(0)], { ...POLICY, classes: { daily: { keepSeconds } } });
    expect(first).toBe(`keep: daily: kept for ${words}`);
  });
});

test('the promise ends with its last second, not before', () => {
  const points = [point(30 * DAY - 1), point(30 * DAY), point(0)];
  expect(decideRetention(points, POLICY, NOW).map(({ action }) => action)).toEqual(['keep', 'expire', 'keep']);
});

test.each([
  ['no policy', undefined, NOW, /it is undefined/],
  [
    'no verified one kept',
    { ...POLICY, minimumVerified: 0 },
    NOW,
    /minimumVerified is 0, but must be a whole number from 1/,
  ],
  ['a promise of no number', { ...POLICY, classes: { daily: { keepSeconds: NaN } } }, NOW, /keepSeconds is NaN/],
  ['no time', POLICY, new Date(NaN), /the time is Invalid Date/],
])('what would decide by accident is refused: %s', (_, policy, now, message) => {
  expect(() => decideRetention([point(31 * DAY)], policy as RetentionPolicy, now)).toThrow(message);
});

test.each([new Date(0), new Date(NaN)])(
  'a point stored at an unknown time (%p) stays, and makes no other one end',
  (storedAt) => {
    const unknown = point(0, { point: 'unknown', storedAt });
    expect(decided([point(31 * DAY), unknown])).toEqual([
      'keep: one of the newest 1 verified',
      'keep: the store does not say when it received it',
    ]);
  },
);

test('a point that stays keeps what it depends on, however old, and what that depends on; nothing else', () => {
  const points = [
    point(DAY, { dependsOn: ['second'] }),
    point(40 * DAY, { point: 'second', dependsOn: ['full', 'is not there'] }),
    point(50 * DAY, { point: 'full' }),
    point(60 * DAY, { point: 'older full' }),
  ];
  expect(decided(points)).toEqual([
    'keep: daily: kept for 30 days',
    `keep: p${DAY} needs it`,
    'keep: second needs it',
    `expire: daily: kept for 30 days, which is over; p${DAY} is newer and verified`,
  ]);
});

test('two that say they need each other end all the same', () => {
  const points = [
    point(DAY),
    point(40 * DAY, { dependsOn: [`p${41 * DAY}`] }),
    point(41 * DAY, { dependsOn: [`p${40 * DAY}`] }),
  ];
  expect(decideRetention(points, POLICY, NOW).map(({ action }) => action)).toEqual(['keep', 'expire', 'expire']);
});

describe('for any points and any policy', () => {
  const days = fc.integer({ min: -40, max: 400 });
  const anyPoint = fc
    .record({
      days,
      minutes: fc.integer({ min: 0, max: 1440 }),
      class: fc.constantFrom(...RETENTION_CLASSES),
      verification: fc.constantFrom<RetainablePoint['verification']>(
        'passed',
        'passed',
        'failed',
        'could not verify',
        'not verified',
      ),
    })
    .map(({ days: age, minutes, ...rest }) => ({
      ...rest,
      storedAt: new Date(NOW.getTime() - age * DAY - minutes * 60_000),
    }));
  const anyPoints = fc
    .array(anyPoint, { maxLength: 60 })
    .map((list) =>
      list.map((one, index): RetainablePoint => ({ ...one, point: `p${String(index).padStart(3, '0')}` })),
    );
  const promise = fc.record({
    keepSeconds: fc.integer({ min: 1, max: 200 * 86_400 }),
    keepNewest: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  });
  const anyPolicy = fc.record({
    classes: fc.dictionary(fc.constantFrom(...RETENTION_CLASSES), promise),
    minimumVerified: fc.integer({ min: 1, max: 6 }),
  });

  const kept = (points: readonly RetainablePoint[], decisions: readonly RetentionDecision[]) =>
    points.filter((_, index) => decisions[index].action === 'keep');
  const expired = (points: readonly RetainablePoint[], policy: RetentionPolicy, now = NOW) =>
    decideRetention(points, policy, now).flatMap((decision) => (decision.action === 'expire' ? [decision.point] : []));
  const holds = (property: (points: RetainablePoint[], policy: RetentionPolicy) => void) =>
    fc.assert(fc.property(anyPoints, anyPolicy, property), { numRuns: 400, seed: 3 });

  test('the generated cases do expire points, often', () => {
    let some = 0;
    holds((points, policy) => void (some += expired(points, policy).length > 0 ? 1 : 0));
    expect(some).toBeGreaterThan(100);
  });

  test('there are never fewer verified ones than the policy says, nor than there were', () => {
    holds((points, policy) => {
      const verified = points.filter(({ verification }) => verification === 'passed');
      const left = kept(points, decideRetention(points, policy, NOW)).filter(
        ({ verification }) => verification === 'passed',
      );
      expect(left.length).toBeGreaterThanOrEqual(Math.min(policy.minimumVerified, verified.length));
    });
  });

  test('nothing ends while nothing newer is verified and stays', () => {
    holds((points, policy) => {
      const decisions = decideRetention(points, policy, NOW);
      const staying = kept(points, decisions).filter(({ verification }) => verification === 'passed');
      points.forEach((one, index) => {
        if (decisions[index].action === 'keep') return;
        expect(staying.some((other) => other.storedAt >= one.storedAt && other !== one)).toBe(true);
      });
    });
  });

  test('nothing ends before its promise is over, and nothing without a promise', () => {
    holds((points, policy) => {
      const gone = new Set(expired(points, policy));
      for (const one of points.filter(({ point: id }) => gone.has(id))) {
        const ageSeconds = (NOW.getTime() - one.storedAt.getTime()) / 1000;
        expect(ageSeconds).toBeGreaterThanOrEqual(policy.classes[one.class]?.keepSeconds ?? Infinity);
      }
    });
  });

  test('what has ended by now has ended later too', () => {
    fc.assert(
      fc.property(anyPoints, anyPolicy, fc.integer({ min: 0, max: 400 * DAY }), (points, policy, laterMs) => {
        const later = expired(points, policy, new Date(NOW.getTime() + laterMs));
        expect(later).toEqual(expect.arrayContaining(expired(points, policy)));
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test('points that are not verified, however many and however new, make no other one end', () => {
    fc.assert(
      fc.property(anyPoints, anyPoints, anyPolicy, (points, fakes, policy) => {
        const unverified = fakes.map((fake): RetainablePoint => ({
          ...fake,
          point: `fake-${fake.point}`,
          verification: fake.verification === 'passed' ? 'not verified' : fake.verification,
        }));
        const before = decideRetention(points, policy, NOW);
        expect(decideRetention([...unverified, ...points], policy, NOW).slice(unverified.length)).toEqual(before);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  test('even verified ones end no other before its time', () => {
    fc.assert(
      fc.property(anyPoints, anyPoints, anyPolicy, (points, more, policy) => {
        const flood = more.map((one): RetainablePoint => ({
          ...one,
          point: `flood-${one.point}`,
          verification: 'passed',
        }));
        const gone = new Set(expired([...flood, ...points], policy));
        for (const one of points.filter(({ point: id }) => gone.has(id))) {
          const ageSeconds = (NOW.getTime() - one.storedAt.getTime()) / 1000;
          expect(ageSeconds).toBeGreaterThanOrEqual(policy.classes[one.class]?.keepSeconds ?? Infinity);
        }
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  test('the order of the list changes nothing', () => {
    fc.assert(
      fc.property(
        anyPoints.chain((points) =>
          fc.tuple(fc.constant(points), fc.shuffledSubarray(points, { minLength: points.length })),
        ),
        anyPolicy,
        ([points, shuffled], policy) => {
          expect(expired(shuffled, policy).sort()).toEqual(expired(points, policy).sort());
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  test('deciding again, of what was kept, ends nothing more', () => {
    holds((points, policy) => {
      expect(expired(kept(points, decideRetention(points, policy, NOW)), policy)).toEqual([]);
    });
  });

  /** As chains are made: each may build on points that are before it in the list. */
  const anyChains = anyPoints.chain((points) =>
    fc
      .tuple(...points.map((_, index) => fc.array(fc.nat({ max: Math.max(0, index - 1) }), { maxLength: 3 })))
      .map((builtOn) =>
        points.map((one, index): RetainablePoint => ({
          ...one,
          dependsOn: index === 0 ? [] : builtOn[index].map((other) => points[other].point),
        })),
      ),
  );

  test('nothing ends that a point that stays depends on', () => {
    let rescued = 0;
    fc.assert(
      fc.property(anyChains, anyPolicy, (points, policy) => {
        const gone = new Set(expired(points, policy));
        for (const one of points.filter(({ point: id }) => !gone.has(id))) {
          expect((one.dependsOn ?? []).filter((id) => gone.has(id))).toEqual([]);
        }
        const without = expired(
          points.map((one) => ({ ...one, dependsOn: undefined })),
          policy,
        );
        // What ends with dependencies ends without them: they keep, and never end anything.
        expect(without).toEqual(expect.arrayContaining([...gone]));
        rescued += without.length - gone.size;
      }),
      { numRuns: 400, seed: 8 },
    );
    expect(rescued).toBeGreaterThan(50);
  });
});
