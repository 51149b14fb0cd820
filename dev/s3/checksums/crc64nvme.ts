/** CRC-64/NVME (reflected), eight bytes a step. The 64 bits are kept as two signed halves: BigInt would be fifty times slower. */

const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
const TABLES = makeTables();

/** A running CRC-64/NVME. */
export class Crc64Nvme {
  #low = -1;
  #high = -1;

  update(bytes: Uint8Array): this {
    const { low: tl, high: th } = TABLES;
    let low = this.#low;
    let high = this.#high;
    let at = 0;
    for (const end = bytes.length - 7; at < end; at += 8) {
      const a = low ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
      const b = high ^ (bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24));
      const i0 = 1792 + (a & 0xff);
      const i1 = 1536 + ((a >>> 8) & 0xff);
      const i2 = 1280 + ((a >>> 16) & 0xff);
      const i3 = 1024 + (a >>> 24);
      const i4 = 768 + (b & 0xff);
      const i5 = 512 + ((b >>> 8) & 0xff);
      const i6 = 256 + ((b >>> 16) & 0xff);
      const i7 = b >>> 24;
      low = tl[i0] ^ tl[i1] ^ tl[i2] ^ tl[i3] ^ tl[i4] ^ tl[i5] ^ tl[i6] ^ tl[i7];
      high = th[i0] ^ th[i1] ^ th[i2] ^ th[i3] ^ th[i4] ^ th[i5] ^ th[i6] ^ th[i7];
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ bytes[at]) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ tl[index];
      high = (high >>> 8) ^ th[index];
    }
    this.#low = low;
    this.#high = high;
    return this;
  }

  /** Eight bytes, most significant first. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(~this.#high, 0);
    bytes.writeInt32BE(~this.#low, 4);
    return bytes;
  }
}

/** Table n stands at n × 256: the effect of a byte that n more bytes follow. */
function makeTables(): { low: Int32Array; high: Int32Array } {
  const low = new Int32Array(2048);
  const high = new Int32Array(2048);
  const first: bigint[] = [];
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = (value >> 1n) ^ (value & 1n ? POLYNOMIAL : 0n);
    first.push(value);
  }
  let row = first;
  for (let table = 0; table < 8; table++) {
    row.forEach((value, byte) => {
      low[table * 256 + byte] = Number(BigInt.asIntN(32, value));
      high[table * 256 + byte] = Number(BigInt.asIntN(32, value >> 32n));
    });
    row = row.map((value) => (value >> 8n) ^ first[Number(value & 0xffn)]);
  }
  return { low, high };
}
