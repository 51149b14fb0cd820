/** A server whose log can be archived, and what archives it. Everything speaks TLS to the store, as with S3 itself. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dataDirectory } from '../runtime/postgres/initialise-cluster';
import { serverUser } from '../runtime/postgres/operating-system-user';
import { OURS_FILE } from './contender';
import { BUCKET, openWorld, type World } from './world';

export interface ArchivingWorld extends World {
  readonly dataDirectory: string;
  /** A piece of shell that gives an `archive_command` its environment: the server starts it with hardly any. */
  environmentFor(name: string, besides?: Readonly<Record<string, string>>): Promise<string>;
  /** A new directory that the server's user may write in. */
  directory(name: string): Promise<string>;
  /** Of the objects that begin with this; the first thousand. */
  keys(prefix: string): string[];
  /** What the server runs for each segment from now on; nothing when it is empty. */
  archiveWith(command: string): void;
  /** The same, once the server is told to read its settings. */
  prepareToArchiveWith(command: string): void;
}

/** A request that S3 takes: the address follows. */
export const SIGNED_CURL =
  'curl -sf --aws-sigv4 "aws:amz:$AWS_REGION:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" ' +
  "-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD'";

/** `archive_command` is not among them: it could not be changed later. */
const SETTINGS = { archive_mode: 'on', wal_keep_size: '16GB', checkpoint_timeout: '1h', max_wal_size: '16GB' };

export async function openArchivingWorld(sizeMegabytes: number): Promise<ArchivingWorld> {
  const world = await openWorld(sizeMegabytes, { settings: SETTINGS, tls: true });
  await chmod(world.scratch, 0o755);
  return {
    ...world,
    dataDirectory: dataDirectory(world.server.directory),
    environmentFor: async (name, besides) => {
      const file = path.join(world.scratch, `${name}.environment`);
      await writeFile(file, exportsOf({ ...world.env, ...besides }));
      return `. ${file};`;
    },
    directory: async (name) => {
      const made = path.join(world.scratch, name);
      await mkdir(made, { recursive: true });
      await chmod(made, 0o777);
      return made;
    },
    keys: (prefix) => {
      const url = `"$AWS_ENDPOINT_URL_S3/${BUCKET}?list-type=2&prefix=${encodeURIComponent(prefix)}"`;
      return [...runShell(world, `${SIGNED_CURL} ${url}`).matchAll(/<Key>([^<]*)/g)].map(([, key]) => key);
    },
    archiveWith: (command) => {
      setCommand(world, command);
      world.psql('postgres', 'SELECT pg_reload_conf()');
    },
    prepareToArchiveWith: (command) => setCommand(world, command),
  };
}

function setCommand(world: World, command: string): void {
  if (command.length > LONGEST_COMMAND) throw new Error(`${command.length} characters are too many: ${command}`);
  world.psql('postgres', `ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
}

const PASSED_ON = /^(AWS_|PG|NODE_EXTRA|CURL_|PATH$)/;
/** What PostgreSQL runs of an `archive_command`; the rest would be cut off. */
const LONGEST_COMMAND = 1_000;

function exportsOf(env: NodeJS.ProcessEnv): string {
  const lines = Object.entries(env).flatMap(([name, value]) =>
    PASSED_ON.test(name) && value !== undefined ? [`export ${name}='${value}'\n`] : [],
  );
  return lines.join('');
}

/** Our helper, for a source of its own. */
export interface Helper {
  /** For `archive_command`. */
  readonly client: string;
  readonly stop: () => Promise<void>;
}

export async function startHelper(world: ArchivingWorld, source: string): Promise<Helper> {
  const socket = path.join(await world.directory(source), 'archive.sock');
  const place = ['--vault', `s3://${BUCKET}`, '--source', source];
  const args = ['archive-helper', '--data-directory', world.dataDirectory, '--socket', socket, ...place];
  const child = spawn(process.execPath, [OURS_FILE, ...args], {
    ...(await serverUser()),
    env: world.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await saysThatItAnswers(child);
  return {
    client: `curl -sf -m 60 -o /dev/null --unix-socket ${socket} http://helper/archive/%f`,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function saysThatItAnswers(child: ChildProcess): Promise<void> {
  let said = '';
  for await (const text of (child.stderr as NodeJS.ReadableStream).setEncoding('utf8') as AsyncIterable<string>) {
    said += text;
    if (said.includes('asked on')) {
      child.stderr?.resume();
      return;
    }
  }
  throw new Error(`the helper ended: ${said}`);
}

/** Shell, in the world's environment; not measured. */
export function runShell(world: World, script: string, env: NodeJS.ProcessEnv = {}): string {
  const run = spawnSync('bash', ['-c', `set -e -o pipefail; ${script}`], {
    env: { ...world.env, ...env },
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`\`${script}\` ended with ${run.status}:\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

/** Ends a segment and waits until everything before is archived. */
export function archiveAll(world: World): void {
  const name = world.psql(
    'postgres',
    "SELECT pg_logical_emit_message(true, 'bench', ''); SELECT pg_walfile_name(pg_switch_wal())",
  );
  const isArchived = `SELECT last_archived_wal >= '${name.split('\n').at(-1)}' FROM pg_stat_archiver`;
  for (const deadline = Date.now() + ARCHIVE_MS; world.psql('postgres', isArchived) !== 't';) {
    if (Date.now() > deadline) throw new Error(`the log was not archived in ${ARCHIVE_MS / 1000} s`);
  }
}

const ARCHIVE_MS = 300_000;
