import fc from 'fast-check';
import { KEEP_MIRRORED_SECONDS, mayEndVersion } from '../../model';

const HOUR_MS = 3_600_000;
const GRACE_MS = KEEP_MIRRORED_SECONDS * 1000;
const NOW = new Date('2026-11-20T03:00:00Z');
const before = (ms: number): Date => new Date(NOW.getTime() - ms);

test('a version of seven days ends, one that is a moment younger does not', () => {
  expect(mayEndVersion({ storedAt: before(GRACE_MS) }, NOW, NOW)).toBe(true);
  expect(mayEndVersion({ storedAt: before(GRACE_MS - 1) }, NOW, NOW)).toBe(false);
});

test('one that no run has looked for since it was stored stays, whatever its age', () => {
  const storedAt = before(100 * GRACE_MS);
  expect(mayEndVersion({ storedAt }, new Date(storedAt.getTime() + HOUR_MS), NOW)).toBe(false);
  expect(mayEndVersion({ storedAt }, new Date(storedAt.getTime() + HOUR_MS + 1), NOW)).toBe(true);
});

test.each([
  ['the store does not say when it received it', new Date(0), NOW],
  ['its time is no time', new Date(NaN), NOW],
  ['nobody knows when the source was looked at', before(2 * GRACE_MS), new Date(NaN)],
  ['it was looked at in 1970', before(2 * GRACE_MS), new Date(0)],
])('it stays when %s', (_why, storedAt, lookedAgainAt) => {
  expect(mayEndVersion({ storedAt }, lookedAgainAt, NOW)).toBe(false);
});

test('without a time that is one, nothing is decided', () => {
  for (const now of [new Date(NaN), new Date(0)]) {
    expect(() => mayEndVersion({ storedAt: before(2 * GRACE_MS) }, NOW, now)).toThrow(RangeError);
  }
});

test('waiting longer never takes an end back, and looking again never either', () => {
  const ms = fc.integer({ min: 1, max: 20 * GRACE_MS });
  fc.assert(
    fc.property(ms, ms, ms, (age, lookedBefore, later) => {
      const version = { storedAt: before(age) };
      const look = before(lookedBefore);
      fc.pre(mayEndVersion(version, look, NOW));
      const then = new Date(NOW.getTime() + later);
      expect(mayEndVersion(version, look, then)).toBe(true);
      expect(mayEndVersion(version, new Date(look.getTime() + later), then)).toBe(true);
    }),
  );
});
