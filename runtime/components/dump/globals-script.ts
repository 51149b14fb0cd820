import type { StoredObject } from '../../../model';
import { BackupError } from '../../errors';
import { openArchive, type ArchiveOrigin } from './verified-archive';

/** pg_dumpall ends with this line; a script without it was cut. */
const END_OF_SCRIPT = '-- PostgreSQL database cluster dump complete';
const MAXIMUM_SCRIPT_BYTES = 64 * 1024 * 1024;

/** Reads the script of roles, proven whole by its digests and by its own last line. */
export async function readGlobals(origin: ArchiveOrigin, globals: StoredObject): Promise<string> {
  const archive = openArchive(origin, globals);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of archive.bytes) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAXIMUM_SCRIPT_BYTES) throw tooLong(globals);
      chunks.push(chunk);
    }
    await archive.ended();
  } finally {
    await archive.stop();
  }
  const script = Buffer.concat(chunks).toString('utf8');
  if (!script.trimEnd().endsWith(`--\n${END_OF_SCRIPT}\n--`)) {
    throw new BackupError('archive-damaged', `${globals.key} ends before its last line`);
  }
  return script;
}

function tooLong(globals: StoredObject): BackupError {
  return new BackupError('archive-damaged', `${globals.key} is longer than any script of roles`);
}
