/** The log that a base backup needs must be in the archive, or it restores nothing. Asked by listings: no right to read is needed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseLsn, segmentsNeeded, type BaseBackupManifest } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatNumberOf } from '../../../observe/format';
import { WalArchive } from '../../../wal/archive';
import type { BaseBackupRun } from './base-backup-run';

const POLL_MS = 1_000;

/** Refuses, before anything is read, a server of which nothing is archived. */
export async function requireArchive({ request, context, server }: BaseBackupRun): Promise<void> {
  const archive = new WalArchive(context.store, request.source);
  for await (const { file } of archive.files(server.systemIdentifier)) if (file.kind === 'segment') return;
  throw new BackupError('wal-missing', `no WAL of this server is archived in ${context.store.uri}`, {
    detail: `Its system identifier is ${server.systemIdentifier}. Without its log a base backup restores nothing.`,
    hint:
      'Set archive_command as the guide of point-in-time recovery has it, end a segment with SELECT pg_switch_wal(), and see ' +
      'that `postgres-backup wal-check` finds it.',
  });
}

/** @throws BackupError `wal-missing` when it does not come in the time that was given. */
export async function awaitArchivedWal(run: BaseBackupRun, wal: BaseBackupManifest['wal']): Promise<void> {
  const { request, context } = run;
  const archive = new WalArchive(context.store, request.source);
  const needed = { from: parseLsn(wal.startLsn) ?? 0n, to: parseLsn(wal.stopLsn) ?? 0n };
  const names = segmentsNeeded(wal.timeline, [], needed, wal.segmentBytes);
  const step = context.reporter.begin('its log', { detail: 'waiting until it is archived' });
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const missing = await missingOf(archive, wal, names);
    if (missing.length === 0) return step.done(`${formatNumberOf(names.length, 'segment')} archived`);
    if (waitedMs >= request.walTimeoutSeconds * 1000) {
      step.failed('not archived');
      throw notArchived(missing, request.walTimeoutSeconds);
    }
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

async function missingOf(
  archive: WalArchive,
  { systemIdentifier, timeline }: BaseBackupManifest['wal'],
  names: readonly string[],
): Promise<string[]> {
  const missing = new Set(names);
  const last = names[names.length - 1];
  for await (const { file } of archive.files(systemIdentifier, timeline, names[0])) {
    missing.delete(file.name);
    // A backup's label lies between a segment and the next, before its own segment.
    if (missing.size === 0 || (file.segment !== undefined && file.segment > last)) break;
  }
  return [...missing];
}

function notArchived(missing: readonly string[], seconds: number): BackupError {
  return new BackupError('wal-missing', `the log that the base backup needs is not archived after ${seconds} s`, {
    detail: `${formatNumberOf(missing.length, 'segment')} missing, the first is ${missing[0]}`,
    hint: 'Look whether archive_command fails: pg_stat_archiver tells. No recovery point was made; --wal-timeout says how long to wait.',
  });
}
