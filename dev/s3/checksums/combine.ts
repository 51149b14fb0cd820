/** The CRC of joined parts from the CRCs of the parts, without reading them again: crc(A‖B) = crc(A)·x^(8·|B|) + crc(B) in GF(2)[x]/P. */

/** The reflected polynomial, without its highest term. */
const POLYNOMIALS = {
  CRC32: { bits: 32n, polynomial: 0xedb88320n },
  CRC32C: { bits: 32n, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64n, polynomial: 0x9a6c9329ac4bc9b5n },
} as const;

export type CrcAlgorithm = keyof typeof POLYNOMIALS;

/** Base64 in, base64 out, as in S3's headers. */
export function combineCrcs(algorithm: CrcAlgorithm, parts: readonly { crc: string; sizeBytes: number }[]): string {
  const { bits, polynomial } = POLYNOMIALS[algorithm];
  const shifts = new Map<number, bigint>();
  let whole = 0n;
  for (const { crc, sizeBytes } of parts) {
    const shift = shifts.get(sizeBytes) ?? powerOfX(8n * BigInt(sizeBytes), bits, polynomial);
    shifts.set(sizeBytes, shift);
    whole = multiply(whole, shift, bits, polynomial) ^ BigInt(`0x${Buffer.from(crc, 'base64').toString('hex')}`);
  }
  return Buffer.from(whole.toString(16).padStart(Number(bits / 4n), '0'), 'hex').toString('base64');
}

/** x^exponent modulo the polynomial. In reflected notation the highest bit is x^0. */
function powerOfX(exponent: bigint, bits: bigint, polynomial: bigint): bigint {
  let result = 1n << (bits - 1n);
  let square = 1n << (bits - 2n);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square, bits, polynomial);
    square = multiply(square, square, bits, polynomial);
  }
  return result;
}

function multiply(a: bigint, b: bigint, bits: bigint, polynomial: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = bits - 1n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = (shifted >> 1n) ^ (shifted & 1n ? polynomial : 0n);
  }
  return product;
}
