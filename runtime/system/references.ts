/**
 * Whether every object that rows refer to is in the set. The keys are asked for before the objects are listed, sorted by the
 * server, and kept in a file meanwhile; then both are read side by side, a few hundred lines at a time.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { compareKeys, MOST_MISSING_REFERENCES, type ReferenceCheck } from '../../model';
import { BackupError } from '../errors';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../postgres/child-environment';
import type { Connection } from '../postgres/connection';
import { requireSuccess, startStage } from '../process/stage';

/** A query whose only column is a key of a mirror. */
export interface ReferenceQuery {
  readonly mirror: string;
  readonly sql: string;
}

/** The keys that a query gave, sorted, one JSON text to a line. */
export interface SpooledReferences {
  readonly mirror: string;
  readonly file: string;
  remove(): Promise<void>;
}

/** Asks for the keys and keeps them in a file that nobody else may read. `comparison-failed` when the query fails. */
export async function spoolReferences(
  { mirror, sql }: ReferenceQuery,
  connection: Connection,
  psql: string,
  signal: AbortSignal,
): Promise<SpooledReferences> {
  const folder = await mkdtemp(path.join(tmpdir(), 'postgres-backup-references-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const file = path.join(folder, 'keys');
  try {
    const stage = startStage({
      name: 'psql',
      file: psql,
      args: ['--no-psqlrc', '--quiet', `--dbname=${KEEPALIVE_CONNINFO}`, '--command', copyStatement(sql)],
      env: {
        ...childEnvironment(connection),
        PGOPTIONS: [connection.env.PGOPTIONS, READ_ONLY].filter(Boolean).join(' '),
        PGCLIENTENCODING: 'UTF8',
      },
      stdin: 'ignore',
      stdout: 'pipe',
      signal,
    });
    if (!stage.stdout) throw new BackupError('internal', 'psql was started without an output');
    await pipeline(stage.stdout, createWriteStream(file, { mode: 0o600 }));
    requireSuccess([await stage.exited], ({ lastWords }) => queryFailed(mirror, lastWords), signal);
    return { mirror, file, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const READ_ONLY = '-c default_transaction_read_only=on -c statement_timeout=0 -c row_security=off';

/** In order of the bytes, as object stores list; as JSON, so that no key breaks a line. A second column is refused, not ignored. */
function copyStatement(sql: string): string {
  return `COPY (SELECT pg_catalog.to_json(k)::pg_catalog.text FROM (SELECT DISTINCT (SELECT q.*)::pg_catalog.text COLLATE "C" AS k FROM (
${sql}
) AS q) AS keys WHERE k IS NOT NULL ORDER BY k COLLATE "C") TO STDOUT`;
}

function queryFailed(mirror: string, lastWords: string): BackupError {
  return new BackupError('comparison-failed', `the query for the references to ${mirror} failed`, {
    detail: lastWords.trim(),
    hint: 'Give one SELECT with one column, the key of the object below the mirror’s prefix, without a semicolon.',
  });
}

/** Holds sorted keys against a sorted inventory. */
export async function compareReferences(
  mirror: string,
  references: AsyncIterable<string>,
  inventory: AsyncIterable<readonly { readonly key: string }[]>,
): Promise<ReferenceCheck> {
  const held = cursor(inventory);
  const examples: string[] = [];
  let count = 0;
  let missing = 0;
  let previous: string | undefined;
  let current = await held.next();
  for await (const key of references) {
    if (previous !== undefined && compareKeys(previous, key) >= 0) throw unsorted(mirror);
    previous = key;
    count += 1;
    while (current !== undefined && compareKeys(current, key) < 0) current = await held.next();
    if (current === key) continue;
    missing += 1;
    if (examples.length < MOST_MISSING_REFERENCES) examples.push(key);
  }
  return { mirror, outcome: missing > 0 ? 'failed' : 'passed', references: count, missing, examples, problem: null };
}

/** The keys of a file that {@link spoolReferences} wrote. */
export async function* readReferences({ file }: SpooledReferences): AsyncGenerator<string> {
  const lines = createInterface({ input: createReadStream(file, { encoding: 'utf8' }), crlfDelay: Infinity });
  // COPY doubles backslashes; of all else that it escapes, JSON text has nothing.
  for await (const line of lines) yield JSON.parse(line.replaceAll('\\\\', '\\')) as string;
}

function cursor(batches: AsyncIterable<readonly { readonly key: string }[]>) {
  const iterator = batches[Symbol.asyncIterator]();
  let batch: readonly { readonly key: string }[] = [];
  let index = 0;
  return {
    async next(): Promise<string | undefined> {
      while (index >= batch.length) {
        const read = await iterator.next();
        if (read.done) return undefined;
        batch = read.value;
        index = 0;
      }
      return batch[index++].key;
    },
  };
}

function unsorted(mirror: string): BackupError {
  return new BackupError('comparison-failed', `the references to ${mirror} are not in the order of their bytes`, {
    hint: 'The database must be encoded in UTF8.',
  });
}
