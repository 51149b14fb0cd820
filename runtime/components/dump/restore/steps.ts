import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { DataArchive } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatBytes, formatNumberOf } from '../../../observe/format';
import { parseArchiveHead } from '../../../postgres/archive/archive-head';
import { requireSuccess } from '../../../process/stage';
import { runBounded } from '../../../process/bounded';
import { isWanted, selectData, sequenceKey, useList } from './entry-selection';
import { restoreFailure, startRestore } from './restore-process';
import type { Definitions, RestoreRun } from './restore-run';
import { feedVerified, openArchive, readArchiveHead } from '../verified-archive';
import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import { readFile } from 'node:fs/promises';

/** Fetches the definitions into a file, proven whole, and reads their table of contents. */
export async function loadDefinitions(run: RestoreRun): Promise<Definitions | null> {
  const { schema } = run.dumped;
  if (!schema) return null;
  const file = path.join(run.directory, 'schema.dump');
  const archive = openArchive(run.origin, schema);
  try {
    await pipeline(archive.bytes, createWriteStream(file, { mode: 0o600 }));
    await archive.ended();
  } finally {
    await archive.stop();
  }
  const head = parseArchiveHead(await readFile(file));
  if (head === 'incomplete')
    throw new BackupError('archive-damaged', `${schema.key} ends inside its table of contents`);
  return { file, entries: head.entries, made: 'all' };
}

/** Tables and everything before the rows, or indexes, constraints and triggers after them. */
export async function restoreDefinitions(
  run: RestoreRun,
  definitions: Definitions,
  section: 'pre-data' | 'post-data',
  name = section === 'pre-data' ? 'schema' : 'indexes, constraints',
): Promise<void> {
  await run.phases.run(name, async () => {
    const list = definitions.made === 'some' ? await writeList(run, `${section}.list`, definitions.entries) : [];
    // Before the data one object may need the one before it in ways no dependency tells; after it they are independent.
    const jobs = section === 'post-data' ? [`--jobs=${run.request.jobs}`] : [];
    const stage = await startRestore(restoreProcess(run), [`--section=${section}`, ...jobs, ...list], {
      file: definitions.file,
    });
    requireSuccess([await stage.exited], restoreFailure(`the ${section} section`), run.stop.signal);
    const count = definitions.entries.filter((entry) => entry.section === section && entry.definition !== '').length;
    return [formatNumberOf(count, 'object'), undefined];
  });
}

/** The rows: archives of critical tables first and to their end, then the others, several at once. */
export async function restoreData(run: RestoreRun, definitions: Definitions | null): Promise<void> {
  const archives = run.dumped.data.filter((archive) => concerns(run, archive));
  const totalBytes = archives.reduce((sum, archive) => sum + archive.object.sizeBytes, 0);
  const ownedSequences = new Set(definitions?.entries.filter(isSequence).map(sequenceKey));
  await run.phases.run(
    'data',
    async (step) => {
      for (const wave of [archives.filter(isCritical), archives.filter((archive) => !isCritical(archive))]) {
        await runBounded(
          wave,
          run.request.jobs,
          (archive) => restoreArchive(run, archive, ownedSequences, (sizeBytes) => step.advance(sizeBytes)),
          (error) => run.stop.abort(error),
        );
      }
      return [formatBytes(totalBytes), undefined];
    },
    totalBytes,
  );
}

async function restoreArchive(
  run: RestoreRun,
  archive: DataArchive,
  ownedSequences: ReadonlySet<string>,
  onBytes: (sizeBytes: number) => void,
): Promise<void> {
  const name = archive.object.key.slice(archive.object.key.lastIndexOf('/') + 1);
  const args = ['--section=data'];
  // Rows alone go into tables whose foreign keys and triggers exist already and would judge them in the wrong order.
  if (run.content === 'data') args.push('--data-only', '--disable-triggers');
  if (run.wanted.length > 0) {
    const { entries } = await readArchiveHead(run.origin, archive.object);
    args.push(...(await writeList(run, `${name}.list`, selectData(entries, run.wanted, ownedSequences))));
  }
  const consumer = await startRestore(restoreProcess(run), args, 'stdin');
  await feedVerified(run.origin, archive.object, {
    consumer,
    reads: run.wanted.length > 0 ? 'what it needs' : 'everything',
    failure: restoreFailure(name),
    onBytes,
  });
}

async function writeList(run: RestoreRun, name: string, entries: readonly ArchiveEntry[]): Promise<string[]> {
  const file = path.join(run.directory, name);
  await writeFile(file, useList(entries), { mode: 0o600 });
  return [`--use-list=${file}`];
}

function restoreProcess(run: RestoreRun): Parameters<typeof startRestore>[0] {
  return {
    server: run.context.server,
    database: run.target.database,
    tools: run.tools,
    ownership: run.request.ownership,
    signal: run.stop.signal,
  };
}

function concerns(run: RestoreRun, archive: DataArchive): boolean {
  return run.wanted.length === 0 || archive.tables.some((index) => isWanted(run.dumped.tables[index], run.wanted));
}

function isCritical(archive: DataArchive): boolean {
  return archive.class === 'critical';
}

function isSequence(entry: ArchiveEntry): boolean {
  return entry.kind === 'SEQUENCE';
}
