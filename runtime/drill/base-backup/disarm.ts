/**
 * Takes from a restored server all power to act, while nobody can connect: in PostgreSQL's single-user mode, in which no event
 * trigger fires and no setting of a role or database counts. No superuser is left, no log-in but one that may read, no membership
 * in a role that reaches the disk, no subscription, no password of another server.
 */
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { BaseBackupManifest } from '../../../model';
import { BackupError } from '../../errors';
import { formatNumberOf } from '../../observe/format';
import { quoteIdentifier, quoteLiteral } from '../../postgres/sql-quoting';
import type { RecoveryTools } from '../../recovery/recovery-tools';
import { runTool } from '../../recovery/run-tool';
import { harmlessSettings, type Settings } from '../../recovery/settings';
import type { DrillWork } from '../work';

export interface RestoredServer {
  /** Holds `data`. */
  readonly directory: string;
  readonly tools: RecoveryTools;
  readonly manifest: BaseBackupManifest;
}

/** How a disarmed server is started and asked. */
export interface DisarmedServer {
  /** The role that is left: it may read everything, and change nothing. */
  readonly role: string;
  readonly password: string;
  readonly settings: Settings;
  /** All but the template that nothing can change. */
  readonly databases: readonly string[];
}

export async function disarm(work: DrillWork, server: RestoredServer): Promise<DisarmedServer> {
  return work.phases.run(null, 'disarming', async () => {
    const settings = await writeSettings(server);
    const role = `postgres_backup_${randomBytes(8).toString('hex')}`;
    const password = randomBytes(24).toString('base64url');
    const databases = await disarmCluster(work, server, { role, password, settings });
    for (const database of databases) await inDatabase(work, server, settings, database, disarmDatabase(role));
    return [formatNumberOf(databases.length, 'database'), { role, password, settings, databases }];
  });
}

/** Files of settings that lie beside the data directory, so that those in it are not looked at. */
async function writeSettings({ directory, tools: { user }, manifest }: RestoredServer): Promise<Settings> {
  const place = path.join(directory, 'settings');
  await mkdir(place, { mode: 0o700 });
  const files = {
    config_file: ['postgresql.conf', ''],
    hba_file: ['pg_hba.conf', 'local all all scram-sha-256\n'],
    ident_file: ['pg_ident.conf', ''],
  };
  const named: Record<string, string> = {};
  for (const [setting, [name, content]] of Object.entries(files)) {
    named[setting] = path.join(place, name);
    await writeFile(named[setting], content, { mode: 0o600 });
    if (user) await chown(named[setting], user.uid, user.gid);
  }
  if (user) await chown(place, user.uid, user.gid);
  return { ...named, ...harmlessSettings(manifest.server.major), password_encryption: 'scram-sha-256' };
}

type Access = Pick<DisarmedServer, 'role' | 'password' | 'settings'>;

/** What all databases share. From whichever database there is: the one of the backup may have been dropped before the moment. */
async function disarmCluster(work: DrillWork, server: RestoredServer, access: Access): Promise<string[]> {
  const places = [...new Set([server.manifest.server.database, 'postgres', 'template1'])];
  for (const [index, place] of places.entries()) {
    try {
      return namesIn(await inDatabase(work, server, access.settings, place, disarmShared(access)));
    } catch (thrown) {
      const isMissing = thrown instanceof BackupError && /database ".*" does not exist/.test(thrown.detail ?? '');
      if (!isMissing || index === places.length - 1) throw thrown;
    }
  }
  return [];
}

function disarmShared({ role, password }: Access): string[] {
  const [name, reader] = [quoteIdentifier(role), quoteLiteral(password)];
  return [
    'UPDATE pg_authid SET rolsuper = false, rolcanlogin = false, rolreplication = false, rolcreaterole = false, rolcreatedb = false',
    "DELETE FROM pg_auth_members WHERE roleid IN (SELECT oid FROM pg_authid WHERE rolname ~ '^pg_')",
    'DELETE FROM pg_db_role_setting',
    'UPDATE pg_subscription SET subenabled = false',
    "UPDATE pg_database SET datallowconn = true, datconnlimit = -1 WHERE datname <> 'template0' AND datconnlimit <> -2",
    `CREATE ROLE ${name} LOGIN INHERIT BYPASSRLS PASSWORD ${reader}`,
    `GRANT pg_read_all_data TO ${name}`,
    // As bytes: a name may hold a quote or the end of a line.
    "SELECT 'database:' || encode(namesend(datname), 'hex') AS name FROM pg_database WHERE datallowconn ORDER BY datname",
  ];
}

/** Functions of these reach other servers or the disk, whoever calls them. */
const REACHES_OUTSIDE = ['dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'http', 'pg_net', 'plsh'];

function disarmDatabase(role: string): string[] {
  const ofExtensions = (names: readonly string[]) =>
    `oid IN (SELECT d.objid FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
       WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND e.extname IN (${names.map(quoteLiteral).join(', ')}))`;
  return [
    "UPDATE pg_event_trigger SET evtenabled = 'D'",
    'DELETE FROM pg_user_mapping',
    // To a role that does not exist: not even their owner may call them.
    `UPDATE pg_proc SET proacl = ARRAY[makeaclitem(4294967294, 10, 'EXECUTE', false)] WHERE ${ofExtensions(REACHES_OUTSIDE)}`,
    // This machine may have no amcheck: then the indexes cannot be checked, which is told.
    'SET exit_on_error = off',
    'CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA pg_catalog',
    'ALTER EXTENSION amcheck UPDATE',
    `UPDATE pg_proc SET proacl = NULL WHERE ${ofExtensions(['amcheck'])}`,
    `GRANT pg_read_all_data TO ${quoteIdentifier(role)}`,
  ];
}

/** One session of single-user mode; a line is a statement. */
async function inDatabase(
  { context: { signal } }: DrillWork,
  { directory, tools: { postgres, user } }: RestoredServer,
  settings: Settings,
  database: string,
  statements: readonly string[],
): Promise<string> {
  const all = {
    ...settings,
    exit_on_error: 'on',
    search_path: 'pg_catalog',
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return runTool({
    file: postgres,
    args: ['--single', '-D', path.join(directory, 'data'), ...options, database],
    input: `${statements.map((statement) => statement.replace(/\s+/g, ' ')).join('\n')}\n`,
    user,
    cwd: directory,
    signal,
    failure: (said) =>
      new BackupError('tool-failed', 'the restored server could not be disarmed, so nothing of it was looked into', {
        detail: said.slice(-4000),
      }),
  });
}

function namesIn(said: string): string[] {
  const names = [...said.matchAll(/name = "database:([0-9a-f]+)"/g)].map(([, hex]) =>
    Buffer.from(hex, 'hex').toString('utf8'),
  );
  if (names.length === 0)
    throw new BackupError('tool-failed', 'the restored server does not say which databases it has', {
      detail: said.slice(-2000),
    });
  return names;
}
