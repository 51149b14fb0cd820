/** What acts on its own in a server that was backed up does not act in a drill: canaries on disk and network stay untouched. */
import { appendFile, access, chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { dataDirectory } from '../../../../runtime/postgres/initialise-cluster';
import { until } from '../../../support/processes';
import { makeBase } from '../../components/base-backup/support';
import { check, findings } from '../support/drill-lab';
import { ServerDrillLab } from './support';

let lab: ServerDrillLab;
let canaries: string;
let listener: Server;
let touched = 0;

beforeAll(async () => {
  // Where any user of this machine, the one that servers run as among them, may write.
  canaries = await mkdtemp('/tmp/postgres-backup-canaries-');
  await chmod(canaries, 0o777);
  listener = createServer((socket) => {
    touched++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  lab = await ServerDrillLab.start();
  const { primary } = lab.moments;
  await primary.sql(ACTS(port));
  // Settings that the running server never reads: they are backed up, and a server that is started on them would act by them.
  const settings = [
    `recovery_end_command = 'touch ${canaries}/recovery-end'`,
    `archive_cleanup_command = 'touch ${canaries}/cleanup'`,
    `archive_command = 'touch ${canaries}/archive'`,
    `archive_mode = always`,
    `ssl_passphrase_command = 'touch ${canaries}/passphrase'`,
  ];
  await appendFile(
    path.join(dataDirectory(primary.lab.server.directory), 'postgresql.conf'),
    `${settings.join('\n')}\n`,
  );
  await primary.sql(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
  await makeBase(primary);
  await primary.sql(`SET synchronous_commit = local; INSERT INTO ledger VALUES (9000, 'after')`);
  await primary.archiveAll();
  // At the source it would go on dialling; in what is archived it is enabled.
  await primary.sql('ALTER SUBSCRIPTION everything DISABLE');
  await until('the source dials no more', async () => {
    return (await primary.sql('SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL')) === '0';
  });
  expect(await readdir(canaries)).toEqual(expect.arrayContaining(['event-trigger', 'index']));
}, 180_000);

beforeEach(async () => {
  for (const name of await readdir(canaries)) await rm(path.join(canaries, name));
  touched = 0;
});

afterAll(async () => {
  await new Promise((resolve) => listener.close(resolve));
  await rm(canaries, { recursive: true, force: true });
  await lab.stop();
});

const ACTS = (port: number): string => `
CREATE FUNCTION touch_now(what text) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'touch ${canaries}/' || what); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN EXECUTE format('COPY (SELECT 1) TO %L', '${canaries}/' || what || '.copy'); EXCEPTION WHEN OTHERS THEN NULL; END;
  BEGIN PERFORM public.dblink_connect('host=127.0.0.1 port=${port} password=x'); EXCEPTION WHEN OTHERS THEN NULL; END;
  RETURN 1;
END$$;
-- What an index calls says that it changes nothing.
CREATE FUNCTION touch(what text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN public.touch_now(what); END$$;
CREATE EXTENSION dblink;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${port}');
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'app', password 'secret', password_required 'false');
CREATE FOREIGN TABLE remote (id int) SERVER elsewhere;
CREATE TABLE victims (id int);
INSERT INTO victims SELECT generate_series(1, 3);
CREATE INDEX victims_touch ON victims (id, touch('index'));
CREATE MATERIALIZED VIEW seen AS SELECT id FROM victims;
CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN PERFORM public.touch('event-trigger'); END$$;
CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION guard();
ALTER EVENT TRIGGER guard ENABLE ALWAYS;
CREATE TABLE fires (id int);
CREATE SUBSCRIPTION everything CONNECTION 'host=127.0.0.1 port=${port} dbname=x' PUBLICATION x WITH (connect = false);
ALTER SUBSCRIPTION everything ENABLE;
CREATE ROLE app LOGIN SUPERUSER;
ALTER DATABASE template1 SET search_path = 'evil';
ALTER ROLE ALL SET lock_timeout = '1min';
CREATE SCHEMA evil;
CREATE FUNCTION evil.count(text) RETURNS bigint LANGUAGE sql AS $$SELECT 7::bigint$$;`;

const isThere = (name: string): Promise<boolean> =>
  access(path.join(canaries, name)).then(
    () => true,
    () => false,
  );

test('the canaries sing: a server that is restored in earnest, with its settings, leaves their traces', async () => {
  const report = await lab.moments.restore({ target: { kind: 'latest' } });
  expect(report.end).toBe('promoted');
  expect(await isThere('recovery-end')).toBe(true);
});

test('in a drill nothing of it acts, and all of it is looked into', async () => {
  const checks = [
    check('rows', 'SELECT count(*) FROM victims', { kind: 'equals', number: 3 }),
    check('writes', "SELECT 1 FROM (SELECT pg_read_file('/etc/passwd')) AS x", { kind: 'returns rows' }),
    check('dials', "SELECT 1 FROM (SELECT dblink_connect('host=127.0.0.1')) AS x", { kind: 'returns rows' }),
    check('dials by a table', 'SELECT id FROM remote', { kind: 'returns rows' }),
    check('superusers', "SELECT count(*) FROM pg_roles WHERE rolsuper OR rolname = 'app' AND rolcanlogin", {
      kind: 'equals',
      number: 0,
    }),
    check('settings', 'SELECT count(*) FROM pg_db_role_setting', { kind: 'equals', number: 0 }),
  ];
  const made = await lab.drill({ moment: 'latest', checks });
  expect(await readdir(canaries)).toEqual([]);
  expect(touched).toBe(0);
  expect(made.checks.map(({ name, outcome, finding }) => [name, outcome, finding.slice(0, 20)])).toEqual([
    ['rows', 'passed', ''],
    ['writes', 'failed', expect.stringMatching(/permission/)],
    ['dials', 'failed', expect.stringMatching(/permission/)],
    ['dials by a table', 'failed', expect.any(String)],
    ['superusers', 'passed', ''],
    ['settings', 'passed', ''],
  ]);
  expect(
    findings(made)
      .split('\n')
      .filter((line) => !line.startsWith('check ')),
  ).toEqual([]);
  expect(made.restoreMs).not.toBeNull();
});
