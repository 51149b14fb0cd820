/** What is wrong is found before a restored server is a primary; what cannot be reached is refused before anything is written. */
import { existsSync } from 'node:fs';
import { chown, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  DEFAULT_SEGMENT_BYTES,
  formatLsn,
  parseLsn,
  parseWalFile,
  segmentAt,
  walKey,
  type WalFile,
} from '../../../model';
import type { BaseBackupPoint } from '../../../runtime/components/base-backup/types';
import { serverUser } from '../../../runtime/postgres/operating-system-user';
import type { SqlSession } from '../../../runtime/postgres/session';
import { askCanary } from '../../../runtime/recovery/canary';
import { ClusterLog } from '../../../runtime/recovery/cluster-log';
import { transactionEnds } from '../../../runtime/recovery/read-wal';
import { findRecoveryTools } from '../../../runtime/recovery/recovery-tools';
import type { MomentRequest } from '../../../runtime/recovery/types';
import type { WalArchive } from '../../../runtime/wal/archive';
import { pushWalFile } from '../../../runtime/wal/push';
import { failureOf } from '../../support/failure-of';
import { BUCKET, SOURCE } from '../../support/lab';
import { makeBase } from '../components/base-backup/support';
import { MomentLab, type Mark } from './support';

let lab: MomentLab;
let base: BaseBackupPoint;
let marks: Mark[];
/** With log before and after it that is archived too. */
let middle: string;
let tablespace: string;

beforeAll(async () => {
  lab = await MomentLab.start();
  const { primary } = lab;
  tablespace = await mkdtemp(path.join(tmpdir(), 'postgres-backup-tablespace-'));
  const user = await serverUser();
  if (user) await chown(tablespace, user.uid, user.gid);
  await primary.sql(`CREATE TABLESPACE side LOCATION '${tablespace}'`);
  await primary.sql('CREATE TABLE aside TABLESPACE side AS SELECT generate_series(1, 500) AS id');
  await primary.archiveAll();
  base = await makeBase(primary);
  marks = await lab.commit(1, 3);
  await primary.archiveAll();
  middle = segmentAt(1, await primary.position(), DEFAULT_SEGMENT_BYTES);
  marks.push(...(await lab.commit(4, 3)));
  await primary.archiveAll();
  marks.push(...(await lab.commit(7, 3)));
  await primary.archiveAll();
});
afterAll(async () => {
  await lab.stop();
  await rm(tablespace, { recursive: true, force: true });
});

const moved = async () => new Map([[tablespace, path.join(path.dirname(await lab.directory()), 'aside')]]);
const lastMark = () => marks[marks.length - 1];

/** A restore that must not succeed: gives what was said, and that no server became a primary. */
async function refused(request: Partial<MomentRequest> & Pick<MomentRequest, 'target'>) {
  const dataDirectory = request.dataDirectory ?? (await lab.directory());
  const error = await failureOf(lab.restore({ tablespaces: await moved(), ...request, dataDirectory }));
  return { error, dataDirectory, begun: existsSync(path.join(dataDirectory, 'PG_VERSION')) };
}

test('a server with tablespaces is restored with them in other places', async () => {
  const tablespaces = await moved();
  const report = await lab.restore({ target: { kind: 'lsn', lsn: marks[1].lsn }, tablespaces });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted' });
  const sql = await lab.open(report.dataDirectory);
  expect(
    await sql(
      'SELECT count(*), pg_tablespace_location(oid) FROM aside, pg_tablespace WHERE spcname = $$side$$ GROUP BY 2',
    ),
  ).toBe(`500|${tablespaces.get(tablespace)}`);
});

test('a directory that holds anything is left as it is', async () => {
  const dataDirectory = await lab.directory();
  await mkdir(dataDirectory);
  await writeFile(path.join(dataDirectory, 'mine'), 'of worth');
  const { error } = await refused({ target: { kind: 'latest' }, dataDirectory });
  expect(error).toMatchObject({ code: 'target-not-empty' });
  expect(await readdir(dataDirectory)).toEqual(['mine']);
});

test.each([
  [
    'a time before the first base backup',
    () => ({ kind: 'time', at: new Date(Date.parse(base.manifest.startedAt) - 1) }) as const,
    /after the moment/,
  ],
  [
    'a position before its end',
    () => ({ kind: 'lsn', lsn: (parseLsn(base.manifest.wal.stopLsn) as bigint) - 1n }) as const,
    /after the moment/,
  ],
  [
    'a position beyond the archive',
    () => ({ kind: 'lsn', lsn: lastMark().lsn + 2n ** 30n }) as const,
    /the archived log reaches/,
  ],
])('%s is refused before anything is written, with the reason', async (_what, target, reason) => {
  const { error, begun } = await refused({ target: target() });
  expect(error).toMatchObject({ code: 'point-missing' });
  expect(error.detail).toMatch(reason);
  expect(begun).toBe(false);
});

test('a time that the archive does not reach is no success', async () => {
  const { error, dataDirectory } = await refused({ target: { kind: 'time', at: new Date(Date.now() + 3_600_000) } });
  expect(error).toMatchObject({ code: 'restore-failed' });
  expect(error.detail).toMatch(/recovery ended before configured recovery target was reached/);
  expect(await readdir(dataDirectory)).toContain('recovery.signal');
});

/** The archive with one segment that is not as it was. */
async function withDamage(damage: (key: string) => Promise<unknown>, work: () => Promise<void>): Promise<void> {
  const { store, bytes } = { store: lab.primary.lab.store, bytes: (key: string) => lab.primary.lab.bytes(key) };
  const key = walKey(SOURCE, lab.primary.systemIdentifier, parseWalFile(middle) as WalFile);
  const { metadata } = (await store.head(key)) ?? {};
  const whole = await bytes(key);
  await damage(key);
  try {
    await work();
  } finally {
    await store.put(key, whole, { metadata });
  }
}

test('a missing segment is told before anything is written where the moment lies behind it, and stops recovery where that is not known', async () => {
  const lose = (key: string) => lab.primary.lab.s3.damage.lose({ bucket: BUCKET, key });
  await withDamage(lose, async () => {
    const behind = await refused({ target: { kind: 'lsn', lsn: lastMark().lsn } });
    expect(behind.error).toMatchObject({ code: 'point-missing' });
    expect(behind.begun).toBe(false);
    const latest = await refused({ target: { kind: 'latest' } });
    expect(latest.error.detail).toMatch(/the log has a gap at/);
    expect(latest.begun).toBe(false);
    const byTime = await refused({ target: { kind: 'time', at: lastMark().at } });
    expect(byTime.error).toMatchObject({ code: 'restore-failed' });
    expect(byTime.error.detail).not.toMatch(/archive recovery complete|selected new timeline/);
    expect(await readdir(byTime.dataDirectory)).toContain('recovery.signal');
  });
});

test('a timeline of which only the history is archived yet does not keep anybody from the log that there is', async () => {
  const { lab: store, systemIdentifier } = lab.primary;
  const file = path.join(await mkdtemp(path.join(lab.primary.directory, 'history-')), '00000002.history');
  await writeFile(file, `1\t${formatLsn(lastMark().lsn)}\tno recovery target specified\n`);
  const { key } = await pushWalFile({ path: file, source: SOURCE, systemIdentifier }, store.context({}));
  try {
    const report = await lab.restore({ target: { kind: 'latest' }, end: 'no start', tablespaces: await moved() });
    expect(report.timeline).toBe(1);
  } finally {
    await store.s3.damage.lose({ bucket: BUCKET, key });
  }
});

test('a flipped bit in the log stops recovery before the server is a primary', async () => {
  const size = (
    await lab.primary.lab.bytes(walKey(SOURCE, lab.primary.systemIdentifier, parseWalFile(middle) as WalFile))
  ).length;
  const flip = (key: string) => lab.primary.lab.s3.damage.flipBit({ bucket: BUCKET, key }, size >> 1);
  await withDamage(flip, async () => {
    const { error, dataDirectory } = await refused({ target: { kind: 'lsn', lsn: lastMark().lsn } });
    expect(error).toMatchObject({ code: 'restore-failed' });
    expect(error.detail).toMatch(/is not what was archived/);
    expect(await readdir(dataDirectory)).toContain('recovery.signal');
  });
});

test('what is not started is not proven, and stands ready for whoever starts it', async () => {
  const report = await lab.restore({ target: { kind: 'latest' }, end: 'no start', tablespaces: await moved() });
  expect(report).toMatchObject({ outcome: 'could not verify', end: 'not started', reached: null });
  const settings = await readFile(path.join(report.dataDirectory, 'postgresql.auto.conf'), 'utf8');
  expect(settings).toMatch(/recovery_target_lsn = '/);
});

describe('the canary, asked of a server that stands elsewhere than it should', () => {
  /** A server that answers as it is told. */
  const server = (lsn: string, at: string | null, status: string): SqlSession => ({
    query: async <Row>(sql: string) =>
      [sql.includes('replay_lsn') ? { lsn, at } : sql.includes('xmax') ? { next: '1000000' } : { status }] as Row[],
    execute: async () => undefined,
    close: async () => undefined,
  });

  async function ask(session: SqlSession, target: MomentRequest['target'] = { kind: 'latest' }) {
    const { archive, systemIdentifier } = lab.primary;
    const { signal } = new AbortController();
    const { pgWaldump } = await findRecoveryTools(lab.primary.lab.server.major);
    const log = await ClusterLog.read(archive, systemIdentifier, DEFAULT_SEGMENT_BYTES, signal);
    const archived = { archive, systemIdentifier, pgWaldump, signal };
    const from = parseLsn(base.manifest.wal.startLsn) as bigint;
    const { canary } = await askCanary({ session, target, archived, log, timeline: 1, from });
    return canary;
  }

  /** The last transaction in the segment in the middle. */
  async function lastInMiddle() {
    const { archive, systemIdentifier } = lab.primary;
    const { pgWaldump } = await findRecoveryTools(lab.primary.lab.server.major);
    const archived = { archive, systemIdentifier, pgWaldump, signal: new AbortController().signal };
    const ends = await transactionEnds(archived, [middle]);
    const { at, lsn } = ends[ends.length - 1];
    return { at, position: `0/${(lsn + 1n).toString(16)}`, before: ends[ends.length - 2] };
  }

  test('it passes where time and fate of the last transaction agree', async () => {
    const { at, position } = await lastInMiddle();
    expect(await ask(server(position, at, 'committed'))).toMatchObject({ outcome: 'passed' });
  });

  test('it fails where the server knows another time, another fate, or none', async () => {
    const { at, position, before } = await lastInMiddle();
    expect(await ask(server(position, before.at, 'committed'))).toMatchObject({ outcome: 'failed' });
    expect(await ask(server(position, at, 'aborted'))).toMatchObject({ outcome: 'failed' });
    expect(await ask(server(position, null, 'committed'))).toMatchObject({ outcome: 'failed' });
  });

  test('it fails where a transaction of before the moment is missing, or one of after is there', async () => {
    const { at, position } = await lastInMiddle();
    const later = { kind: 'time', at: new Date(Date.parse(`${at.replace(' ', 'T')}Z`) + 3_600_000) } as const;
    const short = await ask(server(`0/${((parseLsn(position) as bigint) - 1n).toString(16)}`, at, 'committed'), later);
    expect(short.finding).toMatch(/is in the archive and not in the server/);
    const earlier = { kind: 'time', at: new Date(Date.parse(`${at.replace(' ', 'T')}Z`) - 1) } as const;
    expect((await ask(server(position, at, 'committed'), earlier)).finding).toMatch(/the last transaction ended at/);
    expect(await ask(server(position, at, 'committed'), { kind: 'lsn', lsn: 2n ** 60n })).toMatchObject({
      outcome: 'failed',
    });
  });

  test('where no transaction ended it cannot verify', async () => {
    const { stopLsn } = base.manifest.wal;
    expect(await ask(server(stopLsn, null, 'committed'))).toMatchObject({ outcome: 'could not verify' });
  });

  test('where one transaction writes all that is looked at it cannot verify, which is no fault', async () => {
    const { archive, systemIdentifier } = lab.primary;
    const { startLsn } = base.manifest.wal;
    const quiet = segmentAt(1, parseLsn(startLsn) as bigint, DEFAULT_SEGMENT_BYTES);
    const file = path.join(await mkdtemp(path.join(lab.primary.directory, 'quiet-')), quiet);
    const { signal } = new AbortController();
    await archive.fetch(systemIdentifier, quiet, file, signal);
    const fetched = new Set<string>();
    const same = {
      fetch: async (_system: string, name: string, target: string) => {
        fetched.add(name);
        await link(file, target);
      },
    } as unknown as WalArchive;
    const segmentHolding = (position: bigint) => segmentAt(1, position, DEFAULT_SEGMENT_BYTES);
    const log = { segmentBytes: DEFAULT_SEGMENT_BYTES, segmentHolding } as unknown as ClusterLog;
    const { pgWaldump } = await findRecoveryTools(lab.primary.lab.server.major);
    const session = server('40/0', '2026-11-20 02:54:59.123456', 'committed');
    const archived = { archive: same, systemIdentifier, pgWaldump, signal };
    const question = { session, target: { kind: 'latest' } as const, archived, log, timeline: 1, from: 0n };
    const { canary } = await askCanary(question);
    expect(canary).toMatchObject({ outcome: 'could not verify' });
    expect(canary.finding).toMatch(/no transaction ended in the last 64 segments/);
    expect(fetched.size).toBe(64);
  });
});
