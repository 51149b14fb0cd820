/** A dump that wants to do harm does none: canaries on the disk and on the network stay untouched. */
import { createServer, type Server } from 'node:net';
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST_NAME, pointId } from '../../../model';
import type { DumpPoint } from '../../../runtime/catalog/recovery-point';
import { Lab } from '../../support/lab';
import { rewriteArchive, rewriteGlobals } from './support/rewrite-archive';
import { backUp, drill, findings } from './support/drill-lab';

let lab: Lab;
let canary: string;
let listener: Server;
let port: number;
let touched: number;

beforeAll(async () => {
  lab = await Lab.start();
  // Where any user of this machine, the one that servers run as among them, may write.
  canary = path.join('/tmp', `postgres-backup-canary-${process.pid}`);
  listener = createServer((socket) => {
    touched++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  port = (listener.address() as { port: number }).port;
});

beforeEach(async () => {
  touched = 0;
  await rm(canary, { force: true });
});

afterAll(async () => {
  await new Promise((resolve) => listener.close(resolve));
  await rm(canary, { force: true });
  await lab.stop();
});

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Makes the backup of a database, and then what it did to the canaries undone. */
async function hostile(name: string, script: string): Promise<DumpPoint> {
  await lab.database(name, script);
  const point = await backUp(lab, name);
  await rm(canary, { force: true });
  touched = 0;
  return point;
}

async function expectHarmless(): Promise<void> {
  expect(await isThere(canary)).toBe(false);
  expect(touched).toBe(0);
}

test('the canaries sing: the same attacks by a superuser leave their traces', async () => {
  await lab.sql('postgres', `COPY (SELECT 1) TO PROGRAM 'touch ${canary}'`);
  expect(await isThere(canary)).toBe(true);
  const dialled = lab.sql(
    'postgres',
    `CREATE EXTENSION dblink; SELECT dblink_connect('host=127.0.0.1 port=${port} password=x')`,
  );
  await expect(dialled).rejects.toThrow(/could not establish connection/);
  expect(touched).toBeGreaterThan(0);
});

test('what runs while rows, views and indexes are made may not touch disk or network', async () => {
  const point = await hostile(
    'runs',
    `CREATE EXTENSION dblink;
     CREATE FUNCTION strike(what text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
     BEGIN
       BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ${canary}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN EXECUTE 'COPY (SELECT 1) TO ''${canary}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN PERFORM lo_export(1, '${canary}'); EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'touch ${canary} ' || length(pg_read_file('/etc/passwd'))); EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN PERFORM public.dblink_connect('host=127.0.0.1 port=${port} password=x'); EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN EXECUTE 'ALTER ROLE postgres_backup_drill SUPERUSER'; EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN EXECUTE 'ALTER SYSTEM SET archive_command = ''touch ${canary}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
       BEGIN EXECUTE 'SET ROLE postgres'; EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ${canary}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
       RETURN length(what);
     END$$;
     CREATE TABLE victims (id int PRIMARY KEY, name text CHECK (strike(name) >= 0), len int GENERATED ALWAYS AS (strike(name)) STORED);
     INSERT INTO victims SELECT i, 'v' || i FROM generate_series(1, 5) i;
     CREATE INDEX victims_strike ON victims (strike(name));
     CREATE MATERIALIZED VIEW struck AS SELECT strike(name) AS n FROM victims;
     CREATE FUNCTION cast_strike(victims) RETURNS text LANGUAGE sql AS 'SELECT strike(''x'')::text';
     CREATE CAST (victims AS text) WITH FUNCTION cast_strike(victims) AS IMPLICIT;`,
  );
  const made = await drill(lab, point);
  await expectHarmless();
  expect(findings(made)).toBe('');
  expect(made.outcome).toBe('passed');
});

test('what only a superuser can make is left out and told, and with it what needs it', async () => {
  const point = await hostile(
    'leaves',
    `CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch ${canary}'''; END$$;
     CREATE EXTENSION postgres_fdw;
     CREATE SERVER production FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${port}', dbname 'production');
     CREATE USER MAPPING FOR PUBLIC SERVER production OPTIONS (user 'app', password 'secret');
     CREATE FOREIGN TABLE remote (id int) SERVER production;
     CREATE VIEW over_remote AS SELECT * FROM remote;
     CREATE TABLE mine (id int); INSERT INTO mine VALUES (1);
     CREATE PUBLICATION everything FOR ALL TABLES;
     CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION guard();`,
  );
  const made = await drill(lab, point);
  await expectHarmless();
  expect(findings(made)).toBe('');
  expect([...made.databases[0].leftOut].sort()).toEqual([
    'EVENT TRIGGER guard',
    'FOREIGN TABLE public.remote',
    'PUBLICATION everything',
    'SERVER production',
    'USER MAPPING USER MAPPING public SERVER production',
    'VIEW public.over_remote',
  ]);
});

test('a function of the server itself is refused, and nothing is proven', async () => {
  const point = await hostile(
    'refused',
    `CREATE TABLE t (id int); INSERT INTO t VALUES (1);
     CREATE FUNCTION run(cstring) RETURNS int AS 'int4in' LANGUAGE internal STRICT`,
  );
  const made = await drill(lab, point);
  await expectHarmless();
  expect(made.failure?.code).toBe('superuser-needed');
  expect(findings(made)).toMatch(/permission denied for language internal/);
  expect(made.outcome).toBe('could not verify');
});

test('statements smuggled into an archive, under the name of something harmless', async () => {
  const filler = 'x'.repeat(300);
  const clean = await hostile(
    'smuggles',
    `CREATE TABLE t (id int); INSERT INTO t VALUES (1); COMMENT ON TABLE t IS '${filler}'`,
  );
  const comment = `COMMENT ON TABLE public.t IS '${filler}';`;
  const strike = `COPY (SELECT 1) TO PROGRAM 'touch ${canary}'; -- `;
  const point = await rewriteArchive(lab, clean, comment, strike.padEnd(comment.length, ' '));
  const made = await drill(lab, point);
  await expectHarmless();
  expect(findings(made)).toMatch(/privileges of the \\?"?pg_execute_server_program\\?"? role|must be superuser/);
  expect(made.outcome).toBe('could not verify');
});

test('roles of a backup bring no power along, and commands between them are not run', async () => {
  const clean = await hostile('roles', 'CREATE TABLE t (id int); INSERT INTO t VALUES (1)');
  const point = await rewriteGlobals(lab, clean, (script) =>
    script.replace(
      /^CREATE ROLE/m,
      `\\! touch ${canary}
CREATE ROLE mighty;
ALTER ROLE mighty WITH SUPERUSER LOGIN PASSWORD 'x';
ALTER ROLE postgres_backup_drill WITH SUPERUSER;
GRANT pg_execute_server_program TO postgres_backup_drill;
GRANT pg_execute_server_program TO mighty;
COPY (SELECT 1) TO PROGRAM 'touch ${canary}';
CREATE ROLE`,
    ),
  );
  const made = await drill(lab, point, {
    checks: [
      {
        name: 'nobody is mighty',
        sql: `SELECT rolname FROM pg_roles WHERE rolname IN ('mighty', 'postgres_backup_drill', 'postgres_backup_check') AND (rolsuper OR pg_has_role(rolname, 'pg_execute_server_program', 'MEMBER'))`,
        database: null,
        expect: { kind: 'returns no rows' },
      },
      {
        name: 'mighty is there',
        sql: `SELECT FROM pg_roles WHERE rolname = 'mighty' AND NOT rolcanlogin`,
        database: null,
        expect: { kind: 'returns rows' },
      },
    ],
  });
  await expectHarmless();
  expect(findings(made)).toBe('');
  expect(made.outcome).toBe('passed');
});

test('a check cannot write, not even where an ordinary role may', async () => {
  const point = await hostile('checked', 'CREATE TABLE t (id int); INSERT INTO t VALUES (1); GRANT ALL ON t TO PUBLIC');
  const made = await drill(lab, point, {
    checks: [
      {
        name: 'a',
        sql: 'WITH gone AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM gone',
        database: null,
        expect: { kind: 'at least', number: 0 },
      },
      {
        name: 'b',
        sql: `SELECT 1) AS answer (value)) AS "_row_"; COMMIT; DELETE FROM t; SELECT 1 FROM (SELECT 1 FROM (SELECT 1`,
        database: null,
        expect: { kind: 'equals', number: 1 },
      },
      { name: 'c', sql: 'SELECT count(*) FROM t', database: null, expect: { kind: 'equals', number: 1 } },
    ],
  });
  expect(made.checks.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'passed']);
});

test('the record of each drill names point and manifest', async () => {
  const point = await backUp(lab, await lab.database('recorded', 'CREATE TABLE t (id int); INSERT INTO t VALUES (1)'));
  const made = await drill(lab, point);
  expect(made.point).toMatchObject({ point: pointId(point.address), rows: 1, verification: 'not verified' });
  expect(made.point?.manifestSha256).toHaveLength(64);
  expect(await lab.keys(point.prefix)).toContain(`${point.prefix}${MANIFEST_NAME}`);
});
