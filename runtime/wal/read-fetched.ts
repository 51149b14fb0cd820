/** Reads a small archived file as text: a timeline's history, a backup's label. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** @param fetch writes the file to the path that it is given. */
export async function readFetched(fetch: (target: string) => Promise<unknown>): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-wal-'));
  try {
    const file = path.join(directory, 'file');
    await fetch(file);
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
