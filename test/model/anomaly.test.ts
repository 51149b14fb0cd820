import fc from 'fast-check';
import { ALARMING_FACTOR, findAnomaly, HARMLESS_FACTOR, HISTORY_LENGTH, HISTORY_MINIMUM } from '../../model';

const figure = fc.integer({ min: 0, max: 1e15 });
const positive = fc.integer({ min: 1, max: 1e12 });
const history = fc.array(figure, { minLength: HISTORY_MINIMUM, maxLength: 40 });

test('the first runs never alarm, whatever they hold', () => {
  fc.assert(
    fc.property(figure, fc.array(figure, { maxLength: HISTORY_MINIMUM - 1 }), (value, earlier) => {
      expect(findAnomaly(value, earlier, 0)).toBeUndefined();
    }),
  );
});

test('less than twice or half of what it always was is in line', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1000, max: 1e12 }),
      fc.double({ min: 1 / HARMLESS_FACTOR + 0.01, max: HARMLESS_FACTOR - 0.01, noNaN: true }),
      (usual, factor) => {
        expect(findAnomaly(Math.round(usual * factor), Array<number>(5).fill(usual), 0)).toBeUndefined();
      },
    ),
  );
});

test('a tenth, or ten times as much, is out of line however restless the history is', () => {
  fc.assert(
    fc.property(fc.array(positive, { minLength: HISTORY_MINIMUM, maxLength: HISTORY_LENGTH }), (earlier) => {
      const sorted = [...earlier].sort((a, b) => a - b);
      const [lowest, highest] = [sorted[0], sorted[sorted.length - 1]];
      expect(findAnomaly(highest * ALARMING_FACTOR, earlier, 0)?.direction).toBe('grown');
      const shrunk = findAnomaly(lowest / ALARMING_FACTOR, earlier, 0)?.direction;
      // Below one there is nothing to count.
      if (lowest >= ALARMING_FACTOR) expect(shrunk).toBe('shrunk');
    }),
  );
});

test('what is found does not depend on the order of the earlier runs, nor on the unit', () => {
  fc.assert(
    fc.property(figure, fc.array(positive, { minLength: 4, maxLength: HISTORY_LENGTH }), (value, earlier) => {
      const found = findAnomaly(value, earlier, 0);
      expect(findAnomaly(value, [...earlier].reverse(), 0)).toEqual(found);
      if (value > 0) {
        const scaled = earlier.map((one) => one * 1024);
        expect(findAnomaly(value * 1024, scaled, 0)?.direction).toBe(found?.direction);
      }
    }),
  );
});

test('one odd run among the earlier ones neither hides nor causes a finding', () => {
  const earlier = [1_000_000, 1_010_000, 50, 1_020_000, 1_030_000, 1_040_000];
  expect(findAnomaly(1_050_000, earlier, 0)).toBeUndefined();
  expect(findAnomaly(100_000, earlier, 0)).toEqual({ median: 1_015_000, runs: 6, direction: 'shrunk' });
});

test('a restless history allows more than a calm one', () => {
  const calm = [100_000, 101_000, 99_000, 100_500];
  const restless = [100_000, 160_000, 60_000, 130_000, 80_000];
  expect(findAnomaly(260_000, calm, 0)).toBeDefined();
  expect(findAnomaly(260_000, restless, 0)).toBeUndefined();
});

test('a new normal is one after half of the history has seen it', () => {
  const old = Array<number>(HISTORY_LENGTH).fill(1_000_000);
  const alarms = Array.from({ length: HISTORY_LENGTH }, (_, runs) =>
    findAnomaly(400_000, [...Array<number>(runs).fill(400_000), ...old], 0),
  );
  expect(alarms.slice(0, 8).every((alarm) => alarm !== undefined)).toBe(true);
  expect(alarms.slice(HISTORY_LENGTH / 2 + 1).every((alarm) => alarm === undefined)).toBe(true);
});

test('only the newest of a long history count', () => {
  fc.assert(
    fc.property(figure, history, (value, earlier) => {
      expect(findAnomaly(value, earlier, 0)).toEqual(findAnomaly(value, earlier.slice(0, HISTORY_LENGTH), 0));
    }),
  );
});

test('small systems may double in a day, but nothing at all is out of line', () => {
  expect(findAnomaly(60, [10, 12, 11, 10], 100)).toBeUndefined();
  expect(findAnomaly(0, [10, 12, 11, 10], 100)?.direction).toBe('shrunk');
  expect(findAnomaly(0, [0, 0, 0, 0], 100)).toBeUndefined();
});

test.each([NaN, Infinity, -1])('%s is no figure', (value) => {
  expect(() => findAnomaly(value, [1, 1, 1, 1], 0)).toThrow(/a figure is/);
  expect(() => findAnomaly(1, [1, 1, value, 1], 0)).toThrow(/a figure is/);
});
