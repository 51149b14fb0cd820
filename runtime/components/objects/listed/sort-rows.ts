/**
 * Sorts the rows of a list with the stock `sort`, on disk and with bounded memory, and takes of each key the version that was
 * there when it was listed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { InventoryEntry } from '../../../../model';
import { BackupError } from '../../../errors';
import { findZstd } from '../../../postgres/zstd';
import { describeExit, requireSuccess, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { KnownEntry } from '../inventory/read-inventory';
import type { ListingRow } from './listing-row';

/** Beyond it, sorted runs go to the disk. */
const MEMORY = '64M';

/**
 * Entries in order of their keys' bytes, once each. The first comes when all rows were read, so what `rows` throws is thrown
 * before anything is yielded.
 */
export async function* sortRows(
  rows: AsyncIterable<readonly ListingRow[]>,
  scratchDirectory: string,
  signal: AbortSignal,
): AsyncGenerator<readonly KnownEntry[]> {
  const directory = await mkdtemp(path.join(scratchDirectory, 'postgres-backup-list-'));
  let stage: Stage | undefined;
  try {
    stage = await startSort(directory, signal);
    await feed(stage, rows, signal);
    yield* chosen(stage);
    requireSuccess([await stage.exited], failed, signal);
  } finally {
    // Left before its end, it is not waited for to finish; only to be gone from the directory.
    stage?.stop();
    await stage?.exited;
    await rm(directory, { recursive: true, force: true });
  }
}

async function startSort(directory: string, signal: AbortSignal): Promise<Stage> {
  const { program: zstd } = await findZstd();
  return startStage({
    name: 'sort',
    file: 'sort',
    args: [
      `--buffer-size=${MEMORY}`,
      '--parallel=1',
      `--compress-program=${zstd}`,
      `--temporary-directory=${directory}`,
    ],
    // In order of bytes.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    stdin: 'pipe',
    stdout: 'pipe',
    signal,
  });
}

/** All of it, or an error: `sort` would take an input that breaks off for a whole one. */
async function feed(stage: Stage, rows: AsyncIterable<readonly ListingRow[]>, signal: AbortSignal): Promise<void> {
  let broken: { readonly error: unknown } | undefined;
  async function* lines(): AsyncGenerator<string> {
    try {
      for await (const batch of rows) yield batch.map(sortable).join('');
    } catch (error) {
      broken = { error };
      stage.stop();
      throw error;
    }
  }
  try {
    await pipeline(Readable.from(lines()), stage.stdin as Writable, { signal });
  } catch (error) {
    if (broken) throw broken.error;
    stage.stop();
    requireSuccess([await stage.exited], failed, signal);
    throw error;
  }
}

/**
 * The key in hex, which has the order of its bytes and no spaces; then what decides among its versions, the last one counts.
 * S3 lists while others write: it may say of two versions of a key that each is the latest, or of none. Then time decides.
 */
function sortable(row: ListingRow): string {
  const { key, isLatest, isDeleteMarker, modified, ...rest } = row;
  const content = isDeleteMarker ? '' : JSON.stringify(entryOf({ key, modified, ...rest }));
  return `${Buffer.from(key).toString('hex')} ${isLatest ? 1 : 0}${modified} ${content}\n`;
}

function entryOf(row: Omit<ListingRow, 'isLatest' | 'isDeleteMarker'>): InventoryEntry {
  const { key, sizeBytes, etag, modified, storageClass, versionId } = row;
  return {
    key,
    sizeBytes,
    // What it was at the source, S3 does not list; that it changed, the copy's own tells as well.
    sourceEtag: etag,
    modified,
    ...(storageClass !== undefined && { storageClass }),
    versionId,
    etag,
    digest: 'unknown',
  };
}

async function* chosen(stage: Stage): AsyncGenerator<readonly KnownEntry[]> {
  let last: readonly [key: string, content: string] | undefined;
  for await (const lines of linesOf(stage.stdout as Readable)) {
    const batch: KnownEntry[] = [];
    for (const line of lines) {
      const space = line.indexOf(' ');
      const key = line.slice(0, space);
      if (last && last[0] !== key) batch.push(...known(last[1]));
      last = [key, line.slice(line.indexOf(' ', space + 1) + 1)];
    }
    if (batch.length > 0) yield batch;
  }
  if (last) yield known(last[1]);
}

/** Nothing, of a key over which lies a delete marker. */
function known(content: string): KnownEntry[] {
  return content === '' ? [] : [{ ...(JSON.parse(content) as InventoryEntry), line: content }];
}

async function* linesOf(stream: Readable): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  if (rest !== '') throw new BackupError('tool-failed', 'sort ended in the middle of a line');
}

function failed(exit: StageExit): BackupError {
  return new BackupError('tool-failed', `sort could not sort the list of S3 Inventory: it ${describeExit(exit)}`, {
    detail: exit.lastWords.trim() || undefined,
    hint: 'It needs disk for the whole list, compressed: give the task more ephemeralStorage.',
  });
}
