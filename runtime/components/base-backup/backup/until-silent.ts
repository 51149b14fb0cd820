/**
 * At its end the server waits until its log is archived, for ever if need be, and sends nothing meanwhile: it is not waited for longer
 * than was said. What comes before the first byte is its checkpoint, which may take its time.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../../../errors';

const POLL_MS = 500;

/** Resolves when the files in a directory, of which there is something, have not grown for so long. */
export async function untilSilent(directory: string, seconds: number, signal: AbortSignal): Promise<void> {
  let knownBytes = 0;
  for (let quietMs = 0; quietMs < seconds * 1000;) {
    await sleep(POLL_MS, undefined, { signal });
    const sizeBytes = await sizeOf(directory);
    quietMs = sizeBytes > 0 && sizeBytes === knownBytes ? quietMs + POLL_MS : 0;
    knownBytes = sizeBytes;
  }
}

export function silence(seconds: number): BackupError {
  return new BackupError('wal-missing', `the server did not end the base backup within ${seconds} s`, {
    detail: 'At its end it waits until its log is archived.',
    hint: 'Look whether archive_command fails: the server’s log and pg_stat_archiver tell. --wal-timeout says how long to wait.',
  });
}

async function sizeOf(directory: string): Promise<number> {
  const sizes = await Promise.all((await readdir(directory)).map((name) => stat(path.join(directory, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
