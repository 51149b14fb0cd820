/** Writes what is stored of a base backup into a directory, hands it to the server's user, and proves each file of it. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { StoredObject } from '../../model';
import { feedVerified, openArchive, type ArchiveOrigin } from '../components/dump/verified-archive';
import { BackupError } from '../errors';
import { describeExit, startStage } from '../process/stage';
import type { RecoveryTools } from './recovery-tools';
import { runTool } from './run-tool';

export async function extract(
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

export async function writeApart(origin: ArchiveOrigin, object: StoredObject, file: string): Promise<void> {
  const archive = openArchive(origin, object);
  try {
    await pipeline(archive.bytes, createWriteStream(file, { mode: 0o600 }));
    await archive.ended();
  } finally {
    await archive.stop();
  }
}

/** The server's user must own it, and nobody else may read it. */
export async function handOver(
  directories: readonly string[],
  { user }: RecoveryTools,
  signal: AbortSignal,
): Promise<void> {
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
export async function compareFiles(
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
