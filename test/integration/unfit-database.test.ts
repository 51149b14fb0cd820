/** A database that cannot be dumped whole is refused with the reason, and leaves a failure record and no recovery point. */
import type { FailureCode } from '../../model';
import { BackupError } from '../../runtime/errors';
import type { DumpRequest } from '../../runtime/components/dump/types';
import { failureOf } from '../support/failure-of';
import { Lab, type RunSettings } from '../support/lab';

const PASSWORD = 'only-for-tests';
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql(
    'postgres',
    `CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_read_all_data; CREATE ROLE bare LOGIN PASSWORD '${PASSWORD}'`,
  );
});

afterAll(() => lab.stop());

/** Runs a backup that must fail; gives the error once it is sure that nothing can be taken for a recovery point. */
async function refused(
  database: string,
  request: Partial<DumpRequest> = {},
  run: RunSettings = {},
): Promise<BackupError> {
  const before = new Set(await lab.keys());
  const failure = await failureOf(lab.backup(database, request, run));
  const added = (await lab.keys()).filter((key) => !before.has(key));
  expect(added.filter((key) => !/\/(started|failure)\.json$/.test(key))).toEqual([]);
  const record = added.find((key) => key.endsWith('/failure.json'));
  expect(JSON.parse(await lab.text(record ?? ''))).toMatchObject({ code: failure.code, message: failure.message });
  return failure;
}

const as = (user: string): RunSettings => ({ user, password: PASSWORD });

it('rows that row-level security hides: refused, and named', async () => {
  await lab.database(
    'hidden',
    `CREATE TABLE seen AS SELECT 1; CREATE TABLE tenants AS SELECT generate_series(1, 5) AS id;
    ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON tenants USING (id < 3);`,
  );
  const failure = await refused('hidden', {}, as('backup'));
  expect(failure.code).toBe<FailureCode>('row-security');
  expect(failure.message).toContain('public.tenants');
  await lab.sql('postgres', 'ALTER ROLE backup BYPASSRLS');
  expect((await lab.point('hidden', {}, as('backup'))).manifest.totals.rows).toBe(6);
});

it('one table that may not be read: refused, and named', async () => {
  await lab.database(
    'private',
    'CREATE TABLE open AS SELECT 1; CREATE TABLE payroll AS SELECT 1; GRANT SELECT ON open TO bare;',
  );
  const failure = await refused('private', {}, as('bare'));
  expect(failure.code).toBe<FailureCode>('table-unreadable');
  expect(failure.message).toContain('public.payroll');
  expect(failure.message).not.toContain('public.open');
});

it('a table that stays locked: the wait is bounded, and the table and its holder are named', async () => {
  await lab.database('busy', 'CREATE TABLE free AS SELECT 1; CREATE TABLE held AS SELECT 1;');
  await lab.withSession('busy', async (session) => {
    await session.execute('BEGIN');
    await session.execute('LOCK TABLE public.held IN ACCESS EXCLUSIVE MODE');
    const [{ pid }] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const failure = await refused('busy', { lockTimeoutSeconds: 1 });
    expect(failure.code).toBe<FailureCode>('table-locked');
    expect(failure.message).toContain('public.held');
    expect(failure.message).toContain(String(pid));
    await session.execute('ROLLBACK');
  });
  expect((await lab.backup('busy')).outcome).toBe('made');
});

it('an empty database, or one with too few tables: refused as the wrong one', async () => {
  await lab.database('empty');
  const empty = await refused('empty');
  expect(empty.code).toBe<FailureCode>('database-empty');
  const few = await refused('busy', { minimumTables: 3 });
  expect(few.message).toMatch(/2 tables, at least 3/);
  expect((await lab.backup('empty', { minimumTables: 0 })).outcome).toBe('made');
});

it('a database that is not there: refused, with those that are', async () => {
  const failure = await refused('busy', { databases: ['bussy'] });
  expect(failure.code).toBe<FailureCode>('database-missing');
  expect(failure.detail).toContain('"busy"');
});

it('a wrong password: refused as such', async () => {
  const failure = await refused('busy', {}, { user: 'backup', password: 'wrong' });
  expect(failure.code).toBe<FailureCode>('authentication-failed');
  expect(JSON.stringify({ ...failure })).not.toContain('wrong');
});

it('nobody listening there: refused as unreachable', async () => {
  const failure = await refused('busy', {}, { port: 1 });
  expect(failure.code).toBe<FailureCode>('server-unreachable');
});

it('of several databases one is unfit: no recovery point of any', async () => {
  const failure = await refused('busy', { databases: ['busy', 'empty'] }).catch((error: unknown) => error);
  // The first database's objects are stored by then; without a manifest they are no recovery point.
  expect(failure).toBeDefined();
  expect((await lab.keys()).filter((key) => key.endsWith('manifest.json')).length).toBe(
    (await lab.keys()).filter((key) => key.endsWith('started.json')).length -
      (await lab.keys()).filter((key) => key.endsWith('failure.json')).length,
  );
});

it("a role's own statement_timeout does not end a dump", async () => {
  await lab.database('slow', 'CREATE TABLE t AS SELECT repeat(md5(i::text), 30) AS r FROM generate_series(1, 30000) i');
  await lab.sql(
    'postgres',
    `ALTER ROLE backup SET statement_timeout = '100ms'; ALTER ROLE backup SET lock_timeout = '1ms'`,
  );
  expect((await lab.point('slow', {}, as('backup'))).manifest.totals.rows).toBe(30_000);
});

it('tables that come, go and change during the dump: whole and consistent, or failed', async () => {
  await lab.database(
    'moving',
    'CREATE TABLE stays AS SELECT generate_series(1, 20000) AS id; CREATE TABLE comes0 (id int);',
  );
  const stop = new AbortController();
  let changes = 0;
  const changing = (async () => {
    while (!stop.signal.aborted) {
      changes++;
      await lab.sql(
        'moving',
        `CREATE TABLE comes${changes} AS SELECT 1 AS a; ALTER TABLE comes${changes} ADD b int; DROP TABLE comes${changes - 1}; INSERT INTO stays VALUES (0)`,
      );
    }
  })();
  try {
    for (let round = 0; round < 4; round++) {
      const made = await lab.point('moving', { lockTimeoutSeconds: 10 }).catch((error: unknown) => error);
      if (made instanceof Error) {
        expect(made).toBeInstanceOf(BackupError);
        continue;
      }
      expect((await lab.verify(made as Awaited<ReturnType<typeof lab.point>>, 'read')).outcome).toBe('passed');
    }
  } finally {
    stop.abort();
    await changing;
  }
  expect(changes).toBeGreaterThan(2);
});
