import { chown, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseLsn } from '../../../model';
import { makeConnection } from '../../../runtime/postgres/connection';
import { dataDirectory } from '../../../runtime/postgres/initialise-cluster';
import { serverUser } from '../../../runtime/postgres/operating-system-user';
import { startThrowawayServer, type ThrowawayServer } from '../../../runtime/postgres/throwaway-server';
import { openSession } from '../../../runtime/postgres/session';
import { findPsql } from '../../../runtime/postgres/tools';
import { beat } from '../../../runtime/wal/heartbeat';
import { failureOf } from '../../support/failure-of';

let server: ThrowawayServer;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await startThrowawayServer({
    settings: { archive_mode: 'on', archive_timeout: '0', track_commit_timestamp: 'on' },
  });
});
afterAll(() => server.stop());

async function query<Row>(sql: string): Promise<Row> {
  const session = await openSession(server.connection(), await findPsql(), { signal });
  return session
    .query<Row>(sql)
    .then(([row]) => row)
    .finally(() => session.close());
}

test('a heartbeat of a role without any right commits, with a time that recovery sees, and the log is longer by it', async () => {
  const session = await openSession(server.connection(), await findPsql(), { signal });
  await session.execute("CREATE ROLE nobody_much LOGIN PASSWORD 'secret'");
  await session.close();
  const before = await query<{ lsn: string; at: string }>(
    'SELECT pg_current_wal_insert_lsn()::text AS lsn, clock_timestamp()::text AS at',
  );
  const { env } = server.connection();
  const connection = makeConnection({ ...env, PGUSER: 'nobody_much', PGPASSWORD: 'secret' }, 'postgres');
  const written = await beat({ server: { description: 'nobody', open: async () => connection }, signal });
  expect(parseLsn(written.lsn) as bigint).toBeGreaterThan(parseLsn(before.lsn) as bigint);
  const committed = await query<{ at: string }>('SELECT timestamp::text AS at FROM pg_last_committed_xact()');
  expect(Date.parse(committed.at)).toBeGreaterThanOrEqual(Date.parse(before.at));
  expect(Date.parse(written.at)).toBeGreaterThanOrEqual(Date.parse(committed.at) - 1);
});

test('where nothing ends a segment that is not full, that is said', async () => {
  const { warnings } = await beat({ server: server.source, signal });
  expect(warnings).toEqual([expect.stringContaining('archive_timeout is 0')]);
});

test('a standby, which writes no log, is refused', async () => {
  const standby = await startThrowawayServer();
  try {
    const file = path.join(dataDirectory(standby.directory), 'standby.signal');
    await writeFile(file, '');
    const user = await serverUser();
    if (user) await chown(file, user.uid, user.gid);
    await standby.restart();
    expect(await failureOf(beat({ server: standby.source, signal }))).toMatchObject({
      code: 'configuration-invalid',
      message: expect.stringContaining('standby') as string,
    });
  } finally {
    await standby.stop();
  }
});
