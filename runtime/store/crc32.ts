/**
 * CRC-32 as S3 keeps it for a whole object (`FULL_OBJECT`), and its arithmetic: the value of a whole follows from the values
 * and sizes of its parts, so nothing is read twice. It finds accidents, not attacks; for those there is SHA-256.
 */
export { crc32 } from 'node:zlib';

/** The CRC-32 of the concatenation of `parts`, from theirs. Of no parts: 0, as of no bytes. */
export function crc32OfWhole(parts: Iterable<{ readonly crc32: number; readonly sizeBytes: number }>): number {
  let whole = 0;
  for (const part of parts) whole = (multiply(whole, powerOfX(part.sizeBytes)) ^ part.crc32) >>> 0;
  return whole;
}

/** As S3's headers have it: four bytes, big-endian, base64. */
export function crc32Base64(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

// Polynomials over GF(2), bit-reflected as CRC-32 has them: the highest bit is the coefficient of x^0.
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X = 0x40000000;

/** x^(8·sizeBytes) modulo the polynomial: what appending so many bytes multiplies a CRC with. */
function powerOfX(sizeBytes: number): number {
  let power = ONE;
  let square = X;
  // A number, not 32 bits: sizes reach terabytes.
  for (let exponent = sizeBytes * 8; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2 === 1) power = multiply(square, power);
    square = multiply(square, square);
  }
  return power;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product >>> 0;
}
