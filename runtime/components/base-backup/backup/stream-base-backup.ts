/** Without tablespaces a base backup is one archive, which goes from the server to the vault and touches no disk. */
import { BackupError } from '../../../errors';
import { formatBytes } from '../../../observe/format';
import { requireSuccess, type Stage } from '../../../process/stage';
import { readBackupManifest } from '../backup-manifest';
import type { BaseBackupRun, StoredBaseBackup } from './base-backup-run';
import { baseBackupFailure, startBaseBackup } from './base-backup-process';
import { openSink, passArchive } from './store-archive';

export async function streamBaseBackup(run: BaseBackupRun): Promise<StoredBaseBackup> {
  const { context } = run;
  const step = context.reporter.begin('base backup', { detail: 'streamed' });
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const sink = openSink(run, 'base.tar', signal, (sizeBytes) => step.advance(sizeBytes));
  let stage: Stage | undefined;
  try {
    stage = await startBaseBackup(run, '-', signal);
    const passed = await passArchive(unlessSilent(stage, run, stop), sink);
    const exit = await stage.exited;
    requireSuccess([exit], baseBackupFailure, signal);
    const manifest = readBackupManifest(passed.manifest ?? Buffer.alloc(0));
    const archive = await sink.complete([exit]);
    step.done(`${formatBytes(manifest.contentBytes)}, ${formatBytes(archive.sizeBytes)} stored`);
    return { archive, tablespaces: [], manifest };
  } catch (error) {
    step.failed('failed');
    stop.abort(error);
    throw await sink.giveUp(context.signal.aborted ? context.signal.reason : await blamed(stage, stop, error));
  }
}

/**
 * At its end the server waits until the log is archived, for ever if need be: it is not waited for longer than was said. What
 * comes before the first byte is the server's checkpoint, which may take its time.
 */
async function* unlessSilent(stage: Stage, { request }: BaseBackupRun, stop: AbortController): AsyncGenerator<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => stop.abort(silence(request.walTimeoutSeconds));
  try {
    for await (const chunk of stage.stdout as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(giveUp, request.walTimeoutSeconds * 1000);
    }
    await stage.exited;
  } finally {
    clearTimeout(timer);
  }
}

function silence(seconds: number): BackupError {
  return new BackupError('wal-missing', `the server did not end the base backup within ${seconds} s`, {
    detail: 'At its end it waits until its log is archived.',
    hint: 'Look whether archive_command fails: the server’s log and pg_stat_archiver tell. --wal-timeout says how long to wait.',
  });
}

/** A process that failed leaves a cut archive: it is to blame, not who read it. SIGTERM is what it gets from us. */
async function blamed(stage: Stage | undefined, stop: AbortController, error: unknown): Promise<unknown> {
  if (stop.signal.reason !== error) return stop.signal.reason;
  if (!stage || !(error instanceof BackupError) || error.code !== 'archive-damaged') return error;
  stage.stdout?.destroy();
  const exit = await stage.exited;
  const hasFailed = exit.signal === null ? exit.code !== 0 : exit.signal !== 'SIGTERM';
  return hasFailed ? baseBackupFailure(exit) : error;
}
