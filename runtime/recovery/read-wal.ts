/** What segments of the archive hold, by stock `pg_waldump`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseLsn } from '../../model';
import { BackupError, toBackupError } from '../errors';
import { describeExit, startStage } from '../process/stage';
import type { WalArchive } from '../wal/archive';

/** The end of a transaction, as a record of the log tells it. */
export interface TransactionEnd {
  readonly xid: bigint;
  /** Where its record begins. */
  readonly lsn: bigint;
  readonly kind: 'committed' | 'aborted';
  /** `2026-11-20 15:50:35.057578`, UTC. */
  readonly at: string;
}

export interface ArchivedLog {
  readonly archive: WalArchive;
  readonly systemIdentifier: string;
  readonly pgWaldump: string;
  readonly signal: AbortSignal;
}

/** Where the last record begins that is whole within segments that follow each other; nothing when none is. */
export async function lastRecord(log: ArchivedLog, segments: readonly string[]): Promise<bigint | undefined> {
  let last: bigint | undefined;
  for await (const line of dump(log, segments, [])) last = positionOf(line) ?? last;
  return last;
}

/**
 * In order of the log.
 *
 * @param segments which follow each other: a record that goes on in a segment that is not among them is left out
 */
export async function transactionEnds(log: ArchivedLog, segments: readonly string[]): Promise<TransactionEnd[]> {
  const ends: TransactionEnd[] = [];
  for await (const line of dump(log, segments, ['--rmgr=Transaction'])) {
    const found =
      /tx: +(\d+), lsn: ([0-9A-F/]+), .*?desc: (COMMIT|ABORT)(?:_PREPARED)? .*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/.exec(
        line,
      );
    const lsn = found ? parseLsn(found[2]) : undefined;
    if (!found || lsn === undefined) continue;
    // Of a prepared transaction the record belongs to another: it names the one that it is about.
    const xid = /_PREPARED (\d+)/.exec(line)?.[1] ?? found[1];
    ends.push({ xid: BigInt(xid), lsn, kind: found[3] === 'COMMIT' ? 'committed' : 'aborted', at: found[4] });
  }
  return ends;
}

/** Whole, or what there is of it at the end of the log. */
async function fetchNewest(
  { archive, systemIdentifier, signal }: ArchivedLog,
  segment: string,
  file: string,
): Promise<void> {
  try {
    await archive.fetch(systemIdentifier, segment, file, signal);
  } catch (thrown) {
    if (toBackupError(thrown).code !== 'object-missing') throw thrown;
    if (!(await archive.fetchPartial(systemIdentifier, segment, file, signal))) throw thrown;
  }
}

function positionOf(line: string): bigint | undefined {
  const found = /, lsn: ([0-9A-F]+\/[0-9A-F]+), prev /.exec(line)?.[1];
  return found === undefined ? undefined : parseLsn(found);
}

async function* dump(
  log: ArchivedLog,
  segments: readonly string[],
  options: readonly string[],
): AsyncGenerator<string> {
  const { pgWaldump, signal } = log;
  const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-log-'));
  try {
    const files = inOneTimeline(segments).map((name) => path.join(directory, name));
    for (const [index, segment] of segments.entries()) await fetchNewest(log, segment, files[index]);
    const stage = startStage({
      name: 'pg_waldump',
      file: pgWaldump,
      args: [...options, files[0], files[files.length - 1]],
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdin: 'ignore',
      stdout: 'pipe',
      signal,
    });
    yield* createInterface({ input: stage.stdout as Readable, crlfDelay: Infinity });
    const exit = await stage.exited;
    // A record that goes on in the next segment ends it so; what is damaged was found when it was fetched.
    const isCut = exit.code === 1 && /error in WAL record|could not find (?:a valid record|file)/.test(exit.lastWords);
    if ((exit.code === 0 && exit.signal === null) || isCut) return;
    throw new BackupError('tool-failed', `pg_waldump ${describeExit(exit)}`, { detail: exit.lastWords.trim() });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `pg_waldump` looks for all of them under the timeline of the last; what they hold says of which they are. */
function inOneTimeline(segments: readonly string[]): string[] {
  const timeline = segments[segments.length - 1].slice(0, 8);
  return segments.map((segment) => `${timeline}${segment.slice(8)}`);
}
