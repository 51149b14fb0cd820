/** Only what changed since another base backup, where the server can send that; everything where it cannot. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BaseBackupLink } from '../../../../model';
import { openArchive } from '../../dump/verified-archive';
import { BACKUP_MANIFEST_NAME } from '../backup-manifest';
import { lacksChanges } from './base-backup-process';
import type { BaseBackupRun, Predecessor, StoredBaseBackup } from './base-backup-run';
import { choosePredecessor } from './choose-predecessor';
import { spoolBaseBackup } from './spool-base-backup';
import { streamBaseBackup } from './stream-base-backup';

export interface SentBaseBackup extends StoredBaseBackup {
  /** Empty when everything was sent. */
  readonly builtOn: readonly BaseBackupLink[];
}

export async function sendBaseBackup(run: BaseBackupRun): Promise<SentBaseBackup> {
  const told = run.warnings.length;
  const predecessor = await choosePredecessor(run);
  for (const warning of run.warnings.slice(told)) run.context.reporter.warn(warning);
  if (predecessor) {
    const sent = await sendChanges(run, predecessor);
    if (sent) return { ...sent, builtOn: predecessor.links };
  }
  const isApart = run.server.tablespaces.length > 0;
  return { ...(await (isApart ? spoolBaseBackup(run) : streamBaseBackup(run))), builtOn: [] };
}

/** Nothing when the server says that it cannot: it has forgotten what changed, say. */
async function sendChanges(run: BaseBackupRun, predecessor: Predecessor): Promise<StoredBaseBackup | undefined> {
  const directory = await mkdtemp(path.join(run.request.scratchDirectory, 'postgres-backup-since-'));
  try {
    const file = path.join(directory, BACKUP_MANIFEST_NAME);
    await fetchManifest(run, predecessor, file);
    return await streamBaseBackup(run, file);
  } catch (error) {
    if (!lacksChanges(error)) throw error;
    const [{ point }] = predecessor.links.slice(-1);
    const warning = `stored in full, as the server cannot send what changed since ${point}: ${error.detail}`;
    run.warnings.push(warning);
    run.context.reporter.warn(warning);
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fetchManifest(
  { context, zstd }: BaseBackupRun,
  { backupManifest }: Predecessor,
  file: string,
): Promise<void> {
  const origin = { store: context.store, zstd, signal: context.signal };
  const archive = openArchive(origin, backupManifest);
  try {
    await pipeline(archive.bytes, createWriteStream(file, { mode: 0o600 }));
    await archive.ended();
  } finally {
    await archive.stop();
  }
}
