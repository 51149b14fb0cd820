/** Roles come with the backup and go into an empty cluster before anything that belongs to them. */
import type { DumpPoint } from '../../runtime/catalog/recovery-point';
import { quoteIdentifier } from '../../runtime/postgres/sql-quoting';
import { startThrowawayServer, type ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { readContent } from '../support/database-content';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';

let lab: Lab;
let empty: ThrowawayServer;
let point: DumpPoint;

const ODD_ROLES = [
  'semi;colon',
  'two;\nlines;',
  'quo"te',
  `apo'strophe`,
  'user',
  'select',
  'Capital',
  '-- comment',
  'ünï',
  'back\\slash',
];
const PASSWORD = 'never-in-a-backup-4711';

beforeAll(async () => {
  [lab, empty] = await Promise.all([Lab.start(), startThrowawayServer({ superuser: 'other_superuser' })]);
  await lab.withSession('postgres', async (session) => {
    for (const role of ODD_ROLES)
      await session.execute(`CREATE ROLE ${quoteIdentifier(role)} NOLOGIN CONNECTION LIMIT 3`);
    for (const statement of [
      `CREATE ROLE app LOGIN PASSWORD '${PASSWORD}' CREATEDB VALID UNTIL '2030-01-01'`,
      `ALTER ROLE app SET search_path = 'a; b', "c;\nd"`,
      `COMMENT ON ROLE app IS 'it''s;\nthe app;'`,
      `GRANT "user" TO app WITH ADMIN OPTION`,
      `GRANT pg_read_all_data TO "semi;colon"`,
    ]) {
      await session.execute(statement);
    }
  });
  await lab.database(
    'owned',
    'CREATE TABLE t AS SELECT 1; ALTER TABLE t OWNER TO app; CREATE TABLE u (); GRANT SELECT ON t TO "user";',
  );
  await lab.sql('owned', `ALTER TABLE u OWNER TO "two;\nlines;"`);
  await lab.sql('postgres', `ALTER ROLE app IN DATABASE owned SET work_mem = '9MB'`);
  point = await lab.point('owned', { globals: true });
});

afterAll(async () => {
  await empty.stop();
  await lab.stop();
});

const ROLES = `SELECT string_agg(concat_ws(',', rolname, rolsuper, rolcreatedb, rolcanlogin, rolconnlimit, rolvaliduntil, shobj_description(oid, 'pg_authid'),
    (SELECT string_agg(s.setconfig::text, ' ') FROM pg_db_role_setting s WHERE s.setrole = r.oid),
    (SELECT string_agg(m.roleid::regrole::text || m.admin_option, ' ' ORDER BY 1) FROM pg_auth_members m WHERE m.member = r.oid)), E'\\n' ORDER BY rolname)
  FROM pg_roles r WHERE rolname !~ '^pg_' AND rolname NOT LIKE '%superuser' AND rolname <> 'postgres'`;

it('without roles, the empty cluster refuses what belongs to them', async () => {
  const failure = await failureOf(lab.restore(point, 'owned', {}, { server: empty }));
  expect(failure.message).toMatch(/lacks the roles app, postgres, two;/);
  expect(failure.hint).toMatch(/--roles/);
});

it('with roles, they come back with attributes, settings, comments and memberships, and the database with its owners', async () => {
  await lab.restore(point, 'owned', { roles: 'restore' }, { server: empty });
  expect(await lab.sql('postgres', ROLES, { server: empty })).toBe(await lab.sql('postgres', ROLES));
  expect(await readContent(lab, 'owned', { server: empty })).toEqual(await readContent(lab, 'owned'));
});

it('a second time changes nothing and fails on nothing that is there already', async () => {
  const before = await lab.sql('postgres', ROLES, { server: empty });
  await lab.restore(point, 'owned', { roles: 'restore', existing: 'clean' }, { server: empty });
  expect(await lab.sql('postgres', ROLES, { server: empty })).toBe(before);
});

it('the role that restores does not change itself', async () => {
  await lab.sql('postgres', 'ALTER ROLE postgres NOREPLICATION');
  await lab.restore(point, 'owned_here', { roles: 'restore' });
  expect(await lab.sql('postgres', `SELECT rolsuper, rolreplication FROM pg_roles WHERE rolname = 'postgres'`)).toBe(
    't|f',
  );
});

it('passwords are not in the backup, nor asked of a server that hides them', async () => {
  await lab.sql('postgres', `SET password_encryption = 'md5'; ALTER ROLE app PASSWORD '${PASSWORD}'`);
  const hash = await lab.sql('postgres', `SELECT rolpassword FROM pg_authid WHERE rolname = 'app'`);
  expect(hash).toMatch(/^md5/);
  const { readGlobals } = await import('../../runtime/components/dump/globals-script');
  const { findZstd } = await import('../../runtime/postgres/zstd');
  const globals = (await lab.point('owned', { globals: true })).manifest.globals;
  if (!globals) throw new Error('no globals');
  const script = await readGlobals(
    { store: lab.store, zstd: await findZstd(), signal: new AbortController().signal },
    globals,
  );
  expect(script).toContain('CREATE ROLE app;');
  expect(script).not.toContain(PASSWORD);
  expect(script).not.toContain(hash);
});

it('a point without roles says so when they are asked for', async () => {
  const without = await lab.point('owned', { globals: false });
  const failure = await failureOf(lab.restore(without, 'refused', { roles: 'restore' }));
  expect(failure.exitCode).toBe(2);
  expect(failure.message).toMatch(/holds no roles/);
});
