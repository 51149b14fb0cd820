/**
 * Gives recovery a file of the log. PostgreSQL takes most failures of `restore_command` for the end of the archive, and ends
 * recovery there without a word; so "not archived" is said only when that is certain, and never of a gap: where later segments
 * are archived, a missing one is a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseWalFile, segmentStart, type WalFile } from '../../model';
import { BackupError, toBackupError } from '../errors';
import type { WalArchive } from './archive';
import { fetchAhead, type Spool } from './spool';

export interface GetRequest {
  /** As PostgreSQL asks for it: `%f`. */
  readonly name: string;
  /** Where it wants it: `%p`. */
  readonly target: string;
  readonly systemIdentifier: string;
  /** Where segments that will be asked for next are kept; none are fetched without it. */
  readonly spool?: Spool;
  /** How long a missing segment with later ones in the archive may still be on its way: several are pushed at once. */
  readonly gapPatienceMs: number;
}

export type GetOutcome = 'found' | 'not archived';

const GAP_POLL_MS = 1_000;

/**
 * @throws `wal-missing` for a gap; `wal-damaged`; or what the store ends with. Recovery must not go on after any of them.
 */
export async function getWalFile(archive: WalArchive, request: GetRequest, signal: AbortSignal): Promise<GetOutcome> {
  const file = parseWalFile(request.name);
  // PostgreSQL asks for nothing else; the archive can hold nothing else.
  if (!file) return 'not archived';
  if (await request.spool?.take(request.systemIdentifier, file, request.target)) return 'found';
  if (await fetched(archive, request, signal)) {
    if (request.spool) await fetchAhead(archive, request.spool, request.systemIdentifier, file, signal);
    return 'found';
  }
  if (file.kind !== 'segment') return 'not archived';
  if (await isGap(archive, request, file, signal)) return arrives(archive, request, signal);
  // The end of the log: what a receiver had of the segment when it was not full. Never where the log goes on behind it.
  const partial = await archive.fetchPartial(request.systemIdentifier, request.name, request.target, signal);
  return partial ? 'found' : 'not archived';
}

async function fetched(archive: WalArchive, request: GetRequest, signal: AbortSignal): Promise<boolean> {
  try {
    await archive.fetch(request.systemIdentifier, request.name, request.target, signal);
    return true;
  } catch (thrown) {
    const { code } = toBackupError(thrown);
    if (code === 'object-missing') return false;
    // S3 refuses, instead of answering, a role that asks for what is not there and may list a part of the bucket alone.
    if (code === 'store-denied' && !(await archive.isListed(request.systemIdentifier, request.name))) return false;
    throw thrown;
  }
}

/** Whether the timeline goes on after it in the archive, and the segment is not older than the timeline. */
async function isGap(
  archive: WalArchive,
  { name, systemIdentifier }: GetRequest,
  file: WalFile,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await goesOnAfter(archive, systemIdentifier, file))) return false;
  const origins = await archive.history(systemIdentifier, file.timeline, signal);
  const segmentBytes = await archive.segmentBytes(systemIdentifier);
  const start = segmentBytes === undefined ? undefined : segmentStart(name, segmentBytes);
  const begun = origins.at(-1)?.switchedAt ?? 0n;
  return start === undefined || start + BigInt(segmentBytes ?? 0) > begun;
}

/** In a segment, or in a part of one: a receiver archives none before the whole ones that come first. */
async function goesOnAfter(archive: WalArchive, systemIdentifier: string, file: WalFile): Promise<boolean> {
  for await (const later of archive.files(systemIdentifier, file.timeline, file.name)) {
    if (later.file.kind === 'segment') return true;
  }
  const parts = await archive.partials(systemIdentifier);
  return parts.some(({ timeline, segment }) => timeline === file.timeline && segment > file.name);
}

async function arrives(archive: WalArchive, request: GetRequest, signal: AbortSignal): Promise<GetOutcome> {
  for (let waitedMs = 0; waitedMs < request.gapPatienceMs; waitedMs += GAP_POLL_MS) {
    await sleep(Math.min(GAP_POLL_MS, request.gapPatienceMs), undefined, { signal });
    if (await fetched(archive, request, signal)) return 'found';
  }
  throw new BackupError('wal-missing', `${request.name} is not in the WAL archive ${archive.store.uri}`, {
    detail: 'Later segments of its timeline are: it is a gap, not the end.',
    hint:
      'Recovery cannot pass it. Bring the segment from the server’s pg_wal, from a standby or a copy of the vault; or restore ' +
      'to a moment before it. `postgres-backup wal-check` tells which.',
  });
}
