/** Keys and ids: everything that is written can be read back, nothing else can, and no name becomes another's. */
import fc from 'fast-check';
import {
  COMPONENTS,
  RETENTION_CLASSES,
  componentPrefix,
  encodeKeyPart,
  parsePointId,
  parsePointPrefix,
  pointId,
  pointPrefix,
  sourceNameProblem,
  type PointAddress,
} from '../../model';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const address = fc.record<PointAddress>({
  source: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
  component: fc.constantFrom(...COMPONENTS),
  class: fc.constantFrom(...RETENTION_CLASSES),
  time: fc.integer({ min: 0, max: 4_102_444_800 }).map((seconds) => new Date(seconds * 1000)),
  run: fc.string({ unit: fc.constantFrom(...letters), minLength: 6, maxLength: 6 }),
});
const runs = { seed: 9, numRuns: 500 };

it('an address is read back from its prefix and from any key below it', () => {
  fc.assert(
    fc.property(address, fc.constantFrom('', 'manifest.json', 'orders/data-001.dump.zst'), (given, below) => {
      expect(parsePointPrefix(pointPrefix(given) + below)).toEqual(given);
      expect(pointPrefix(given).startsWith(componentPrefix(given.source, given.component))).toBe(true);
    }),
    runs,
  );
});

it('a source never sees the points of another, however alike their names', () => {
  fc.assert(
    fc.property(address, address, (a, b) => {
      if (a.source !== b.source) expect(pointPrefix(a).startsWith(componentPrefix(b.source, b.component))).toBe(false);
    }),
    runs,
  );
});

it('ids sort as their times do', () => {
  fc.assert(
    fc.property(address, address, (a, b) => {
      if (a.time < b.time) expect(pointId(a) < pointId(b)).toBe(true);
    }),
    runs,
  );
});

it('whatever is read as an id or a prefix is exactly what would have been written', () => {
  fc.assert(
    fc.property(address, fc.nat(), fc.constantFrom(...letters, '/', '=', 'Z', '-', '.'), (given, at, char) => {
      const prefix = pointPrefix(given);
      const changed = prefix.slice(0, at % prefix.length) + char + prefix.slice((at % prefix.length) + 1);
      const read = parsePointPrefix(changed);
      if (read) expect(pointPrefix(read)).toBe(changed);
      const id = pointId(given);
      const changedId = id.slice(0, at % id.length) + char + id.slice((at % id.length) + 1);
      const readId = parsePointId(changedId);
      if (readId) expect(pointId(readId)).toBe(changedId);
    }),
    { ...runs, numRuns: 2000 },
  );
});

it.each([
  '',
  'latest',
  '20260230T000000Z-aaaaaa',
  '20261120T250000Z-aaaaaa',
  '20261120T021003Z-AAAAAA',
  '20261120T021003Z-aaaaa',
  ' 20261120T021003Z-aaaaaa',
])('%j is no id', (id) => expect(parsePointId(id)).toBeUndefined());

it('one name, one part of a key: no two names share it, and it holds nothing that a path, a URL or a shell reads', () => {
  const decode = (part: string): string =>
    Buffer.from(part.replace(/=(..)/g, '%$1').replace(/%/g, '%'), 'latin1').toString('latin1');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const part = encodeKeyPart(name);
      expect(part).toMatch(/^[A-Za-z0-9_=-]*$/);
      const bytes = decode(part).replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      expect(Buffer.from(bytes, 'latin1').equals(Buffer.from(new TextEncoder().encode(name)))).toBe(true);
    }),
    runs,
  );
  expect(encodeKeyPart('a=2E')).not.toBe(encodeKeyPart('a.'));
});

it.each([
  ['orders', true],
  ['a', true],
  ['orders-2', true],
  ['x'.repeat(63), true],
  ['', false],
  ['x'.repeat(64), false],
  ['Orders', false],
  ['-a', false],
  ['a-', false],
  ['a/b', false],
  ['a\n', false],
  ['ä', false],
])('the source name %j is good: %s', (name, good) => {
  expect(sourceNameProblem(name) === undefined).toBe(good);
});
