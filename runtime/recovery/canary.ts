/**
 * What shows that a restored server stands where it should: the last transaction before, as the archive has it. It is read from
 * the log itself and asked of the server, so nothing needs to be put into anybody's database for it.
 */
import { formatLsn, parseLsn } from '../../model';
import { BackupError } from '../errors';
import type { SqlSession } from '../postgres/session';
import type { ClusterLog } from './cluster-log';
import { transactionEnds, type ArchivedLog, type TransactionEnd } from './read-wal';
import type { CanaryFinding, MomentTarget, ReachedMoment } from './types';

export interface CanaryQuestion {
  readonly session: SqlSession;
  readonly target: MomentTarget;
  readonly archived: ArchivedLog;
  readonly log: ClusterLog;
  readonly timeline: number;
  /** Where the base backup's log begins. */
  readonly from: bigint;
}

/** So many segments are looked at for a transaction; a heartbeat makes that one or two, unless one transaction writes them all. */
const MOST_SEGMENTS = 64;

export async function askCanary(question: CanaryQuestion): Promise<{ reached: ReachedMoment; canary: CanaryFinding }> {
  const [row] = await question.session.query<{ lsn: string; at: string | null }>(`
    SELECT pg_last_wal_replay_lsn()::text AS lsn,
           to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at`);
  const position = parseLsn(row.lsn);
  if (position === undefined)
    throw new BackupError('restore-failed', `the server stands at ${row.lsn}, which is no position`);
  const { lastAt = row.at, ...canary } = await judge(question, position, row.at);
  return { reached: { lsn: row.lsn, lastTransactionAt: lastAt }, canary };
}

/** What was found, and the time of the last transaction where the server does not tell it. */
type Judged = CanaryFinding & { readonly lastAt?: string };

async function judge(question: CanaryQuestion, position: bigint, at: string | null): Promise<Judged> {
  const { target } = question;
  if (target.kind === 'lsn' && position < target.lsn) {
    return failed(`the server stands at ${formatLsn(position)}, before ${formatLsn(target.lsn)}`);
  }
  const { before, after, hasGivenUp } = await neighbours(question, position);
  if (target.kind === 'time') {
    const asked = target.at.toISOString().replace('T', ' ').replace('Z', '');
    if (before && microseconds(before.at) > microseconds(asked))
      return failed(`the last transaction ended at ${before.at}`);
    if (after && microseconds(after.at) <= microseconds(asked)) {
      return failed(`a transaction that ended at ${after.at} is in the archive and not in the server`);
    }
  }
  if (!before && hasGivenUp) {
    const finding = `no transaction ended in the last ${MOST_SEGMENTS} segments before the moment, so that none near it shows where the server stands`;
    return { outcome: 'could not verify', finding };
  }
  if (!before) {
    if (at !== null) return failed(`the server knows of a transaction at ${at} that the archive does not have`);
    const finding =
      'no transaction ended between the base backup and the moment, so that none shows where the server stands';
    return { outcome: 'could not verify', finding };
  }
  // A server that stops right behind this very record has not noted its time yet: it tells that of the one before.
  const stopsAtIt = target.kind === 'lsn' && before.lsn >= target.lsn;
  if (!stopsAtIt && (at === null || microseconds(at) !== microseconds(before.at))) {
    return failed(
      `the last transaction in the archive ended at ${before.at}, that of the server at ${at ?? 'no time'}`,
    );
  }
  const status = await statusOf(question.session, before);
  if (status !== before.kind)
    return failed(`transaction ${before.xid} is ${before.kind} in the archive, ${status} in the server`);
  if (after && (await statusOf(question.session, after)) === 'committed')
    return failed(`transaction ${after.xid} is committed in the server, and ended only after it in the archive`);
  return {
    outcome: 'passed',
    ...(stopsAtIt && { lastAt: before.at }),
    finding: `transaction ${before.xid}, ${before.kind} at ${before.at} UTC, is the last before it in the archive and in the server`,
  };
}

/** The transactions that ended last before a position and first after it, as far as the archive has them near. */
async function neighbours(question: CanaryQuestion, position: bigint) {
  const { archived, log, timeline, from } = question;
  const size = BigInt(log.segmentBytes);
  let after: TransactionEnd | undefined;
  let start = ((position - 1n) / size) * size;
  let looks = 0;
  let later: readonly string[] = [];
  for (; looks < MOST_SEGMENTS && start + size > from; looks += 1, start -= size) {
    const segment = log.segmentHolding(start, timeline);
    if (segment === undefined) break;
    // The end of a transaction may begin in one segment and go on in the next, which recovery has read too.
    const ends = await transactionEnds(archived, [segment, ...later]);
    later = [segment];
    after ??= ends.find(({ lsn }) => lsn >= position);
    const before = ends.findLast(({ lsn }) => lsn < position && lsn >= from);
    if (before) return { before, after, hasGivenUp: false };
  }
  return { before: undefined, after, hasGivenUp: looks === MOST_SEGMENTS };
}

/** A record has 32 bits of a transaction's number: those that were last given out. */
async function statusOf(session: SqlSession, { xid }: TransactionEnd): Promise<string> {
  const [{ next }] = await session.query<{ next: string }>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  const epoch = BigInt(next) >> 32n;
  const full = (epoch << 32n) | xid;
  const known = full < BigInt(next) ? full : full - 2n ** 32n;
  if (known < 0n) return 'unknown';
  const [{ status }] = await session.query<{ status: string | null }>(
    `SELECT pg_xact_status('${known}'::xid8) AS status`,
  );
  return status ?? 'unknown';
}

/** Of `2026-11-20 15:50:35.057578`, UTC; digits that are left out are zeros. */
function microseconds(at: string): bigint {
  const [seconds, fraction = ''] = at.split('.');
  return BigInt(Date.parse(`${seconds.replace(' ', 'T')}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

function failed(finding: string): CanaryFinding {
  return { outcome: 'failed', finding };
}
