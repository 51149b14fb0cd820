/** The log that a base backup needs must be in the archive, or it restores nothing. Asked by listings: no right to read is needed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseLsn, segmentsNeeded, type BaseBackupManifest } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatNumberOf } from '../../../observe/format';
import { WalArchive } from '../../../wal/archive';
import { beat } from '../../../wal/heartbeat';
import type { BaseBackupRun } from './base-backup-run';

const POLL_MS = 1_000;

/** Of a server that archives since a moment ago: `archive_timeout` ends its first segment, and a receiver's first part comes sooner. */
const FIRST_LOG_SECONDS = 120;

/**
 * Refuses, before anything is read, a server of which nothing is archived. A receiver's part of a segment is enough: the base backup
 * ends that segment itself.
 */
export async function requireArchive({ request, context, server }: BaseBackupRun): Promise<void> {
  const archive = new WalArchive(context.store, request.source);
  const isBegun = () => hasLog(archive, server.systemIdentifier);
  if (await isBegun()) return;
  const step = context.reporter.begin('its archive', { detail: 'waiting for the first of its log' });
  // A server with nothing to do writes nothing that could be archived; a standby never does.
  const warnings = server.facts.standby ? [] : (await beat(context)).warnings;
  const seconds = Math.min(FIRST_LOG_SECONDS, request.walTimeoutSeconds);
  if (await comesTrue(isBegun, seconds, context.signal)) return step.done('begun');
  step.failed('nothing is archived');
  throw new BackupError('wal-missing', `no WAL of this server is archived in ${context.store.uri}`, {
    detail: [
      `Its system identifier is ${server.systemIdentifier}. Without its log a base backup restores nothing.`,
      ...warnings,
    ].join('\n'),
    hint: 'Set archive_command and archive_timeout as the guide of point-in-time recovery has it, or start a receiver; see that `postgres-backup wal-check` finds it.',
  });
}

/** @throws BackupError `wal-missing` when it does not come in the time that was given. */
export async function awaitArchivedWal(run: BaseBackupRun, wal: BaseBackupManifest['wal']): Promise<void> {
  const { request, context } = run;
  const archive = new WalArchive(context.store, request.source);
  const needed = { from: parseLsn(wal.startLsn) ?? 0n, to: parseLsn(wal.stopLsn) ?? 0n };
  const names = segmentsNeeded(wal.timeline, [], needed, wal.segmentBytes);
  const step = context.reporter.begin('its log', { detail: 'waiting until it is archived' });
  let missing = names;
  const isWhole = async () => (missing = await missingOf(archive, wal, names)).length === 0;
  if (await comesTrue(isWhole, request.walTimeoutSeconds, context.signal)) {
    return step.done(`${formatNumberOf(names.length, 'segment')} archived`);
  }
  step.failed('not archived');
  throw notArchived(missing, request.walTimeoutSeconds);
}

async function hasLog(archive: WalArchive, systemIdentifier: string): Promise<boolean> {
  for await (const { file } of archive.files(systemIdentifier)) if (file.kind === 'segment') return true;
  return (await archive.partials(systemIdentifier)).length > 0;
}

async function comesTrue(isSo: () => Promise<boolean>, seconds: number, signal: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    if (await isSo()) return true;
    if (waitedMs >= seconds * 1000) return false;
    await sleep(POLL_MS, undefined, { signal });
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
