// Mends a program (ELF, 64 bits, little-endian) whose dynamic section lies in a segment that may not be written. The loader writes
// a pointer for debuggers into that section, so such a program dies before it begins. A tool that puts libraries into Python
// wheels leaves some programs like this.
import { readFileSync, writeFileSync } from 'node:fs';

const LOADED = 1;
const DYNAMIC = 2;
const WRITABLE = 2;
const PAGE_BYTES = 4096n;

/** Leaves a program that is sound, or of another kind, as it is. */
export function mendProgram(file) {
  const bytes = readFileSync(file);
  if (bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return;
  const segments = segmentsOf(bytes);
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  const locked = segments.filter(
    (one) => dynamic && one.type === LOADED && (one.flags & WRITABLE) === 0 && sharesPage(one, dynamic),
  );
  for (const { header, flags } of locked) bytes.writeUInt32LE(flags | WRITABLE, header + 4);
  if (locked.length > 0) writeFileSync(file, bytes);
}

function segmentsOf(bytes) {
  const first = Number(bytes.readBigUInt64LE(32));
  const [size, count] = [bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const header = first + index * size;
    const start = bytes.readBigUInt64LE(header + 16);
    return {
      header,
      type: bytes.readUInt32LE(header),
      flags: bytes.readUInt32LE(header + 4),
      start,
      end: start + bytes.readBigUInt64LE(header + 40),
    };
  });
}

/** Memory has its rights by whole pages. */
function sharesPage(segment, { start, end }) {
  const begin = segment.start - (segment.start % PAGE_BYTES);
  const over = segment.end + PAGE_BYTES - 1n;
  return begin < end && start < over - (over % PAGE_BYTES);
}
