/** Stock psql and pg_dump, for making the database and for looking at it with other eyes than the program under demonstration. */
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { childEnvironment } from '../../runtime/postgres/child-environment';
import { describeExit, startStage, type Stage } from '../../runtime/process/stage';
import { claim } from './claim';
import type { DatabaseServer } from './database-server';

/** Runs a script to its end; its first error ends it. */
export async function runPsql(
  scene: DatabaseServer,
  database: string,
  script: string,
  signal: AbortSignal,
): Promise<void> {
  const psql = start(scene, database, ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file=-'], signal, 'pipe');
  psql.stdin?.on('error', () => undefined); // psql that ended early says why on its stderr.
  psql.stdin?.end(script);
  await Promise.all([text(psql.stdout as AsyncIterable<Buffer>), ended(psql)]);
}

/** The one value that a query answers with; empty when it has no row. */
export async function askPsql(
  scene: DatabaseServer,
  database: string,
  sql: string,
  signal: AbortSignal,
): Promise<string> {
  const psql = start(scene, database, ['--no-psqlrc', '--tuples-only', '--no-align', `--command=${sql}`], signal);
  const [answer] = await Promise.all([text(psql.stdout as AsyncIterable<Buffer>), ended(psql)]);
  return answer.trimEnd();
}

export interface HashedLines {
  readonly lines: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** SHA-256 of a query's rows in COPY's text format: one line a row, whatever the row holds. */
export function hashRows(
  scene: DatabaseServer,
  database: string,
  sql: string,
  signal: AbortSignal,
): Promise<HashedLines> {
  return hashOutput(start(scene, database, copyArguments(sql), signal));
}

/** SHA-256 of every definition as stock pg_dump writes it, those of the database itself too. */
export async function hashDefinitions(
  scene: DatabaseServer,
  database: string,
  signal: AbortSignal,
): Promise<HashedLines> {
  const stage = start(scene, database, ['--schema-only', '--create'], signal, 'ignore', scene.tools.pgDump);
  const [script] = await Promise.all([text(stage.stdout as AsyncIterable<Buffer>), ended(stage)]);
  const lines = script.split('\n').filter((line) => !NOT_COMPARED.test(line));
  return { lines: lines.length, sha256: createHash('sha256').update(lines.join('\n')).digest('hex') };
}

/** The key that newer pg_dumps draw anew each time. */
const NOT_COMPARED = /^\\(?:un)?restrict /;

async function hashOutput(stage: Stage): Promise<HashedLines> {
  const hash = createHash('sha256');
  let lines = 0;
  for await (const chunk of stage.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  await ended(stage);
  return { lines, sha256: hash.digest('hex') };
}

function copyArguments(sql: string): string[] {
  return ['--no-psqlrc', '--quiet', `--command=COPY (${sql}) TO STDOUT`];
}

function start(
  { tools, server }: DatabaseServer,
  database: string,
  args: readonly string[],
  signal: AbortSignal,
  stdin: 'ignore' | 'pipe' = 'ignore',
  file = tools.psql,
): Stage {
  const env = { ...childEnvironment(server.connection(database)), PGOPTIONS: '-c work_mem=64MB' };
  return startStage({ name: file, file, args, env, stdin, stdout: 'pipe', signal });
}

async function ended(stage: Stage): Promise<void> {
  const exit = await stage.exited;
  claim(exit.code === 0 && exit.signal === null, `${stage.name} ends well`, `${describeExit(exit)}\n${exit.lastWords}`);
}
