import fc from 'fast-check';
import { MAX_PARTS, MAX_STREAM_BYTES, partSizeBytes } from '../../../runtime/store/part-size';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;
const partNumber = fc.integer({ min: 1, max: MAX_PARTS });

describe('part sizes', () => {
  test('a stream of unknown length reaches 5 TiB within S3 10,000 parts', () => {
    let sumBytes = 0;
    for (let n = 1; n <= MAX_PARTS; n += 1) sumBytes += partSizeBytes(n);
    expect(sumBytes).toBeGreaterThanOrEqual(5 * TIB);
    expect(sumBytes).toBe(MAX_STREAM_BYTES);
  });

  test('every part is one that S3 takes: 5 MiB to 5 GiB', () => {
    fc.assert(
      fc.property(partNumber, (n) => {
        expect(partSizeBytes(n)).toBeGreaterThanOrEqual(5 * MIB);
        expect(partSizeBytes(n)).toBeLessThanOrEqual(5 * GIB);
      }),
    );
  });

  test('parts never shrink, and stay small for long: 64 MiB at most before 100 GiB are sent', () => {
    const sizes = Array.from({ length: MAX_PARTS }, (_, index) => partSizeBytes(index + 1));
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    let sentBytes = 0;
    const early = sizes.filter((sizeBytes) => (sentBytes += sizeBytes) <= 100 * GIB);
    expect(Math.max(...early)).toBeLessThanOrEqual(64 * MIB);
    expect(partSizeBytes(1)).toBe(8 * MIB);
  });

  test.each([0, -1, 1.5, MAX_PARTS + 1, Number.NaN])('part number %p is refused', (n) => {
    expect(() => partSizeBytes(n)).toThrow(/part numbers go from 1 to 10000/);
  });
});
