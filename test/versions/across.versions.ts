/** From one major to another, and what is between them: tools, locales, roles, triggers. */
import type { DumpPoint } from '../../runtime/catalog/recovery-point';
import { listDatabases } from '../../runtime/postgres/server-facts';
import { EVERY_TYPE, RICH_RIGHTS, RICH_ROLES, RICH_SCHEMA } from '../integration/rich-schema';
import { readContent } from '../support/database-content';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';

let older: Lab;
let newer: Lab;
beforeAll(async () => {
  older = await Lab.start({ server: { major: 16 } });
  // Its cluster was made with another superuser: what postgres granted in the older one, somebody else grants there.
  newer = await Lab.start({ server: { major: 18, superuser: 'maker' } });
  await older.sql('postgres', `${RICH_ROLES} CREATE ROLE deputy; GRANT shop_reader TO deputy WITH ADMIN OPTION;`);
  await older.database('rich', RICH_SCHEMA + RICH_RIGHTS + EVERY_TYPE);
}, 60_000);
afterAll(async () => {
  await older.stop();
  await newer.stop();
});

/** Definitions as the newer pg_dump writes them: of either server. */
async function content(database: string, lab: Lab) {
  const found = await readContent(newer, database, { server: lab.server });
  return { ...found, definitions: found.definitions.filter((line) => !line.startsWith('-- Dumped from')) };
}

test('what 16 holds is restored into 18: rows, definitions, large objects, roles and who is a member of which', async () => {
  const point = await older.point('rich', { globals: true });
  const report = await older.restore(point, 'rich', { roles: 'restore' }, { server: newer.server });
  expect(report.outcome).toBe('passed');
  const [before, after] = [await content('rich', older), await content('rich', newer)];
  expect(Object.keys(before.rows).length).toBeGreaterThan(15);
  expect(after).toEqual(before);
  const memberships = `SELECT array_agg(roleid::regrole || ' ' || member::regrole || ' ' || admin_option ORDER BY member::regrole::text)
    FROM pg_auth_members WHERE roleid >= 16384`;
  expect(await newer.sql('postgres', memberships)).toBe(await older.sql('postgres', memberships));
  // With the tools of the server that it goes into.
  expect(newer.tools.major).toBe(18);
}, 60_000);

test('what 18 holds is refused by 16, before anything is made', async () => {
  await newer.database('young', 'CREATE TABLE t AS SELECT 1');
  const point: DumpPoint = await newer.point('young');
  const error = await failureOf(newer.restore(point, 'young', {}, { server: older.server }));
  expect(error).toMatchObject({ code: 'version-mismatch' });
  expect(await older.sql('postgres', "SELECT count(*) FROM pg_database WHERE datname = 'young'")).toBe('0');
});

test('with older tools alone a newer server is not backed up, and it is said which were found', async () => {
  process.env.POSTGRES_BACKUP_PG_BINDIR = process.env.TEST_BINDIR_16;
  try {
    const error = await failureOf(newer.backup('postgres'));
    expect(error).toMatchObject({ code: 'tool-missing', message: 'no client tools of PostgreSQL 18 found' });
    expect(error.detail).toMatch(/found 16\.14 in /);
    expect(error.hint).toMatch(/postgresql-client-18/);
  } finally {
    delete process.env.POSTGRES_BACKUP_PG_BINDIR;
  }
});

const PROVIDER = (name: string) => `SELECT datlocprovider, datlocale FROM pg_database WHERE datname = '${name}'`;

test('a database whose locale PostgreSQL brings itself keeps it', async () => {
  await newer.database(
    'builtin',
    `CREATE TABLE t (a text); INSERT INTO t VALUES ('ä'), ('Z'), ('a');`,
    "TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'",
  );
  const report = await newer.restore(await newer.point('builtin'), 'builtin_2');
  expect(report.outcome).toBe('passed');
  expect(await newer.sql('postgres', PROVIDER('builtin_2'))).toBe('b|C.UTF-8');
});

test('a database with the locale of the system keeps it, in a cluster whose own is another', async () => {
  await older.database('libc', `CREATE TABLE t (a text); INSERT INTO t VALUES ('ä'), ('Z'), ('a');`);
  const point = await older.point('libc');
  await newer.sql(
    'postgres',
    "UPDATE pg_database SET datlocprovider = 'b', datlocale = 'C.UTF-8' WHERE datname = 'template0'",
  );
  await older.restore(point, 'libc', {}, { server: newer.server });
  expect(await newer.sql('postgres', PROVIDER('libc'))).toBe('c|');
  const facts = await newer.withSession('postgres', (session) => listDatabases(session));
  expect(facts.find(({ name }) => name === 'libc')).toMatchObject({ localeProvider: 'c', icuLocale: null });
});

test('a trigger that notes every login comes back, and what it notes of the restore is no difference', async () => {
  await newer.database(
    'watched',
    `CREATE TABLE logins (who text, at timestamptz); INSERT INTO logins VALUES ('before', now());
     CREATE FUNCTION note_login() RETURNS event_trigger LANGUAGE plpgsql AS $$
       BEGIN INSERT INTO public.logins VALUES (session_user, now()); END $$;
     CREATE EVENT TRIGGER on_login ON login EXECUTE FUNCTION note_login();
     ALTER EVENT TRIGGER on_login ENABLE ALWAYS;`,
  );
  const point = await newer.point('watched');
  const report = await newer.restore(point, 'watched_2');
  expect(report.outcome).toBe('passed');
  const sql = "SELECT count(*) FROM pg_event_trigger WHERE evtevent = 'login' AND evtenabled = 'A'";
  expect(await newer.sql('watched_2', sql)).toBe('1');
});
