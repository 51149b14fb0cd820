/**
 * With tablespaces a base backup is several archives, which `pg_basebackup` writes into a directory and nowhere else: they lie on a
 * disk on their way. Nobody else may read that.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatBytes, formatNumberOf } from '../../../observe/format';
import { requireSuccess, type StageExit } from '../../../process/stage';
import { BACKUP_MANIFEST_NAME, readBackupManifest } from '../backup-manifest';
import type { BaseBackupRun, StoredBaseBackup } from './base-backup-run';
import { baseBackupFailure, startBaseBackup } from './base-backup-process';
import { readSizeBytes } from './server';
import { openSink, passArchive } from './store-archive';
import { silence, untilSilent } from './until-silent';

export async function spoolBaseBackup(run: BaseBackupRun): Promise<StoredBaseBackup> {
  await requireSpace(run);
  const directory = await mkdtemp(path.join(run.request.scratchDirectory, 'postgres-backup-base-'));
  try {
    const exit = await receive(run, directory);
    const manifest = readBackupManifest(await readFile(path.join(directory, BACKUP_MANIFEST_NAME)));
    const archive = await store(run, directory, 'base.tar', exit);
    const tablespaces: StoredObject[] = [];
    for (const { oid } of run.server.tablespaces) {
      tablespaces.push(await store(run, directory, `${oid}.tar`, exit));
    }
    return { archive, tablespaces, manifestObject: await store(run, directory, BACKUP_MANIFEST_NAME, exit), manifest };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What is written besides the files themselves: headers of the archives, the manifest, what is changed meanwhile. */
const MARGIN = 1.05;
const MARGIN_BYTES = 64 * 1024 * 1024;

async function requireSpace({ request, context }: BaseBackupRun): Promise<void> {
  const neededBytes = (await readSizeBytes(context)) * MARGIN + MARGIN_BYTES;
  const { bavail, bsize } = await statfs(request.scratchDirectory);
  if (bavail * bsize >= neededBytes) return;
  throw new BackupError('disk-full', `${request.scratchDirectory} has not enough space for the base backup`, {
    detail: `It needs about ${formatBytes(neededBytes)}, ${formatBytes(bavail * bsize)} are free.`,
    hint: 'A server with tablespaces needs a disk on the way: name one with --scratch-directory, or give the task more.',
  });
}

async function receive(run: BaseBackupRun, directory: string): Promise<StageExit> {
  const { context, server } = run;
  const step = context.reporter.begin('base backup', {
    detail: formatNumberOf(server.tablespaces.length, 'tablespace'),
  });
  const stop = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  try {
    const stage = await startBaseBackup(run, directory, signal);
    const { walTimeoutSeconds } = run.request;
    untilSilent(directory, walTimeoutSeconds, AbortSignal.any([signal, over.signal])).then(
      () => stop.abort(silence(walTimeoutSeconds)),
      // It ended before.
      () => undefined,
    );
    const exit = await stage.exited;
    requireSuccess([exit], baseBackupFailure, signal);
    step.done('received');
    return exit;
  } catch (error) {
    step.failed('failed');
    throw error;
  } finally {
    over.abort();
  }
}

async function store(run: BaseBackupRun, directory: string, name: string, exit: StageExit): Promise<StoredObject> {
  const step = run.context.reporter.begin(`storing ${name}`);
  const sink = openSink(run, name, run.context.signal, (sizeBytes) => step.advance(sizeBytes));
  try {
    const bytes: AsyncIterable<Buffer> = createReadStream(path.join(directory, name));
    if (name === BACKUP_MANIFEST_NAME) for await (const chunk of bytes) await sink.write(chunk);
    else await passArchive(bytes, sink);
    const stored = await sink.complete([exit]);
    step.done(formatBytes(stored.sizeBytes));
    return stored;
  } catch (error) {
    step.failed('failed');
    throw await sink.giveUp(error);
  }
}
