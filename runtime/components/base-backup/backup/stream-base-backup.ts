/** Without tablespaces a base backup is one archive, which goes from the server to the vault and touches no disk. */
import { FIRST_INCREMENTAL_MAJOR, type StoredObject } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatBytes } from '../../../observe/format';
import { requireSuccess, type Stage, type StageExit } from '../../../process/stage';
import { BACKUP_MANIFEST_NAME, readBackupManifest } from '../backup-manifest';
import type { BaseBackupRun, StoredBaseBackup } from './base-backup-run';
import { baseBackupFailure, startBaseBackup } from './base-backup-process';
import { openSink, passArchive } from './store-archive';
import { silence } from './until-silent';

/** @param since a file: the `backup_manifest` of the base backup since which changes are asked for; of nothing, everything is */
export async function streamBaseBackup(run: BaseBackupRun, since?: string): Promise<StoredBaseBackup> {
  const { archive, listed, exit } = await streamArchive(run, since);
  // By itself too: the next one is made against it, by a task that may read no archive.
  const canBeBuiltOn = run.server.facts.major >= FIRST_INCREMENTAL_MAJOR;
  const manifestObject = canBeBuiltOn ? await storeManifest(run, listed, exit) : undefined;
  return { archive, tablespaces: [], manifestObject, manifest: readBackupManifest(listed) };
}

async function streamArchive(run: BaseBackupRun, since: string | undefined) {
  const { context } = run;
  const step = context.reporter.begin('base backup', { detail: since === undefined ? 'streamed' : 'what changed' });
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const sink = openSink(run, 'base.tar', signal, (sizeBytes) => step.advance(sizeBytes));
  let stage: Stage | undefined;
  try {
    stage = await startBaseBackup(run, '-', signal, since);
    const passed = await passArchive(unlessSilent(stage, run, stop), sink);
    const exit = await stage.exited;
    requireSuccess([exit], baseBackupFailure, signal);
    const listed = passed.manifest ?? Buffer.alloc(0);
    const { contentBytes } = readBackupManifest(listed);
    const archive = await sink.complete([exit]);
    step.done(`${formatBytes(contentBytes)}, ${formatBytes(archive.sizeBytes)} stored`);
    return { archive, listed, exit };
  } catch (error) {
    step.failed('failed');
    stop.abort(error);
    throw await sink.giveUp(context.signal.aborted ? context.signal.reason : await blamed(stage, stop, error));
  }
}

async function storeManifest(run: BaseBackupRun, listed: Buffer, exit: StageExit): Promise<StoredObject> {
  const sink = openSink(run, BACKUP_MANIFEST_NAME, run.context.signal, () => undefined);
  try {
    await sink.write(listed);
    return await sink.complete([exit]);
  } catch (error) {
    throw await sink.giveUp(error);
  }
}

/** Ends a stream that stands still, once it has begun. */
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

/** A process that failed leaves a cut archive: it is to blame, not who read it. SIGTERM is what it gets from us. */
async function blamed(stage: Stage | undefined, stop: AbortController, error: unknown): Promise<unknown> {
  if (stop.signal.reason !== error) return stop.signal.reason;
  if (!stage || !(error instanceof BackupError) || error.code !== 'archive-damaged') return error;
  stage.stdout?.destroy();
  const exit = await stage.exited;
  const hasFailed = exit.signal === null ? exit.code !== 0 : exit.signal !== 'SIGTERM';
  return hasFailed ? baseBackupFailure(exit) : error;
}
