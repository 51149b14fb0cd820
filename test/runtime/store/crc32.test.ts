import fc from 'fast-check';
import { crc32, crc32Base64, crc32OfWhole } from '../../../runtime/store/crc32';

const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });

describe('CRC-32 arithmetic', () => {
  test('the value of a whole follows from those of its parts, however it is cut', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const digests = parts.map((part) => ({ crc32: crc32(part), sizeBytes: part.length }));
        expect(crc32OfWhole(digests)).toBe(crc32(Buffer.concat(parts)));
      }),
      { numRuns: 500 },
    );
  });

  test('sizes whose bits do not fit 32 bits count in full', () => {
    const zeros = Buffer.alloc(64 * 2 ** 20);
    let read = crc32(Buffer.from('head'));
    for (let i = 0; i < 10; i += 1) read = crc32(zeros, read);
    const head = { crc32: crc32(Buffer.from('head')), sizeBytes: 4 };
    let tail = 0;
    for (let i = 0; i < 10; i += 1) tail = crc32(zeros, tail);
    expect(crc32OfWhole([head, { crc32: tail, sizeBytes: 10 * zeros.length }])).toBe(read);
  });

  test('the order of parts matters', () => {
    const a = { crc32: crc32(Buffer.from('a')), sizeBytes: 1 };
    const b = { crc32: crc32(Buffer.from('b')), sizeBytes: 1 };
    expect(crc32OfWhole([a, b])).not.toBe(crc32OfWhole([b, a]));
  });

  test('base64 is that of the standard check value, with leading zeros kept', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32Base64(0xcbf43926)).toBe('y/Q5Jg==');
    expect(crc32Base64(1)).toBe('AAAAAQ==');
  });
});
