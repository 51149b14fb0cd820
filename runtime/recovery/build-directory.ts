/** Makes a data directory of a base backup, and proves that each file of it is as the server sent it. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BaseBackupManifest, StoredObject } from '../../model';
import { feedVerified, openArchive, type ArchiveOrigin } from '../components/dump/verified-archive';
import { BACKUP_MANIFEST_NAME } from '../components/base-backup/backup-manifest';
import { BackupError } from '../errors';
import { formatBytes, formatNumberOf } from '../observe/format';
import { describeExit, startStage } from '../process/stage';
import { runTool } from './run-tool';
import type { RecoveryTools } from './recovery-tools';
import type { MomentContext, MomentRequest } from './types';

/** Log that is fetched ahead and replayed. */
const LOG_SEGMENTS = 32;

/** @throws BackupError `target-not-empty`, `disk-full`, or what is wrong with the base backup. */
export async function buildDirectory(
  request: MomentRequest,
  manifest: BaseBackupManifest,
  tools: RecoveryTools,
  context: MomentContext,
): Promise<void> {
  const { dataDirectory } = request;
  const places = manifest.tablespaces.map(({ oid, location, archive }) => ({
    oid,
    archive,
    directory: path.resolve(request.tablespaces.get(location) ?? location),
  }));
  refuseUnknownMapping(request, manifest);
  for (const directory of [dataDirectory, ...places.map((place) => place.directory)]) await requireEmpty(directory);
  await requireSpace(dataDirectory, manifest);
  const step = context.reporter.begin('base backup', { totalBytes: manifest.totals.storedBytes });
  const onBytes = (sizeBytes: number) => step.advance(sizeBytes);
  const origin: ArchiveOrigin = { store: context.store, zstd: tools.zstd, signal: context.signal };
  await extract(origin, manifest.objects[manifest.archive], dataDirectory, tools, onBytes);
  for (const { oid, directory, archive } of places) {
    await extract(origin, manifest.objects[archive], directory, tools, onBytes);
    await symlink(directory, path.join(dataDirectory, 'pg_tblspc', String(oid)));
  }
  if (manifest.backupManifest !== null) {
    await writeApart(origin, manifest.objects[manifest.backupManifest], path.join(dataDirectory, BACKUP_MANIFEST_NAME));
  }
  await handOver([dataDirectory, ...places.map((place) => place.directory)], tools, context.signal);
  step.detail('comparing each file with its digest');
  await compareFiles(dataDirectory, tools, context.signal);
  if (places.length > 0) await rewriteTablespaceMap(dataDirectory, places);
  // The server would take it for a standby, and wait for ever.
  await rm(path.join(dataDirectory, 'standby.signal'), { force: true });
  step.done(`${formatNumberOf(manifest.totals.items, 'file')}, each as the server sent it`);
}

function refuseUnknownMapping({ tablespaces }: MomentRequest, manifest: BaseBackupManifest): void {
  const known = manifest.tablespaces.map(({ location }) => location);
  const stranger = [...tablespaces.keys()].find((location) => !known.includes(location));
  if (stranger === undefined) return;
  throw new BackupError('usage', `the base backup has no tablespace in ${JSON.stringify(stranger)}`, {
    detail: `It has ${known.length > 0 ? known.join(', ') : 'none'}.`,
  });
}

async function requireEmpty(directory: string): Promise<void> {
  // Its parents are for others too.
  await mkdir(path.dirname(directory), { recursive: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [first] = await readdir(directory);
  if (first === undefined) return;
  throw new BackupError('target-not-empty', `${directory} is not empty`, {
    detail: `It holds ${JSON.stringify(first)}.`,
    hint: 'Nothing is written over here: name another directory, or empty this one yourself.',
  });
}

async function requireSpace(directory: string, { contentBytes, wal }: BaseBackupManifest): Promise<void> {
  const neededBytes = contentBytes + LOG_SEGMENTS * wal.segmentBytes;
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= neededBytes) return;
  throw new BackupError('disk-full', `${directory} has not enough space for the server`, {
    detail: `It needs about ${formatBytes(neededBytes)}, ${formatBytes(bavail * bsize)} are free.`,
  });
}

async function extract(
  origin: ArchiveOrigin,
  object: StoredObject,
  directory: string,
  { tar }: RecoveryTools,
  onBytes: (sizeBytes: number) => void,
): Promise<void> {
  const consumer = startStage({
    name: 'tar',
    file: tar.program,
    args: ['--extract', '--file=-', `--directory=${directory}`, '--no-same-owner', '--preserve-permissions'],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdin: 'pipe',
    stdout: 'ignore',
    signal: origin.signal,
  });
  await feedVerified(origin, object, {
    consumer,
    reads: 'everything',
    onBytes,
    failure: (failed) =>
      new BackupError('restore-failed', `${failed.name} ${describeExit(failed)} while it wrote ${directory}`, {
        detail: failed.lastWords.trim() || undefined,
      }),
  });
}

async function writeApart(origin: ArchiveOrigin, object: StoredObject, file: string): Promise<void> {
  const archive = openArchive(origin, object);
  try {
    await pipeline(archive.bytes, createWriteStream(file, { mode: 0o600 }));
    await archive.ended();
  } finally {
    await archive.stop();
  }
}

/** The server's user must own it, and nobody else may read it. */
async function handOver(directories: readonly string[], { user }: RecoveryTools, signal: AbortSignal): Promise<void> {
  const failure = (said: string) =>
    new BackupError('restore-failed', 'the data directory cannot be handed over', { detail: said });
  for (const directory of directories) {
    if (user) {
      const args = ['-R', '-h', `${user.uid}:${user.gid}`, '--', directory];
      await runTool({ file: 'chown', args, signal, failure });
    }
    await runTool({ file: 'chmod', args: ['0700', '--', directory], signal, failure });
  }
}

/** Stock `pg_verifybackup`: every file by its SHA-256, none missing, none besides. */
async function compareFiles(
  directory: string,
  { pgVerifybackup, user }: RecoveryTools,
  signal: AbortSignal,
): Promise<void> {
  await runTool({
    file: pgVerifybackup,
    args: ['--no-parse-wal', '--quiet', directory],
    user,
    signal,
    failure: (said) =>
      new BackupError('comparison-failed', 'the restored files are not those that the server sent', {
        detail: said.slice(0, 4000),
        hint: 'Look whether the disk is sound; verify the base backup with --depth read; restore from another one.',
      }),
  });
}

/** At its start the server makes its links by it. */
async function rewriteTablespaceMap(
  dataDirectory: string,
  places: readonly { readonly oid: number; readonly directory: string }[],
): Promise<void> {
  const file = path.join(dataDirectory, 'tablespace_map');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const oids = lines.map((line) => Number(line.split(' ')[0]));
  const known = oids.every((oid) => places.some((place) => place.oid === oid));
  if (!known || oids.length !== places.length || places.some(({ directory }) => /[\n\r\\]/.test(directory))) {
    throw new BackupError('restore-failed', 'the tablespaces of the base backup cannot be put in their places', {
      detail: `tablespace_map holds ${lines.join(', ')}`,
    });
  }
  await writeFile(file, places.map(({ oid, directory }) => `${oid} ${directory}\n`).join(''));
}
