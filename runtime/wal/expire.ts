/**
 * Ends the log that no kept base backup needs any more: marks every version of its files with the tag by which the vault's
 * lifecycle deletes. Which those are, `walToExpire` decides; here it is only carried out, for one cluster after the other.
 */
import { EXPIRY_TAG, parseLsn, partialsToExpire, walSystemPrefix, walToExpire, type BaseBackupNeed } from '../../model';
import { BackupError } from '../errors';
import { logLine } from '../observe/log-line';
import { metricLine } from '../observe/metrics';
import { runBounded } from '../process/bounded';
import type { ObjectStore } from '../store/store';
import { WalArchive, type ArchivedFile } from './archive';
import { readBaseBackupNeeds } from './base-backup-needs';

export interface ExpireContext {
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
}

/** Versions marked at once. */
const MARKED_AT_ONCE = 16;

/** Gives how many files ended. What is marked stays marked when it fails half-way; to repeat is safe. */
export async function expireWal(store: ObjectStore, source: string, context: ExpireContext): Promise<number> {
  const { write, now } = context;
  try {
    const archive = new WalArchive(store, source);
    const needs = readable(await readBaseBackupNeeds(store, source));
    let ended = 0;
    for (const systemIdentifier of await archive.systems()) {
      const own = needs.filter((need) => need.systemIdentifier === systemIdentifier);
      ended += await expireOne(archive, systemIdentifier, own, context);
    }
    write(
      metricLine(now(), {
        source,
        component: 'wal',
        values: { retentionSucceeded: 1, retentionFailed: 0, walExpired: ended },
      }),
    );
    return ended;
  } catch (thrown) {
    write(metricLine(now(), { source, component: 'wal', values: { retentionSucceeded: 0, retentionFailed: 1 } }));
    throw thrown;
  }
}

/** One that does not say what it needs may need anything. */
function readable(needs: readonly BaseBackupNeed[]): readonly BaseBackupNeed[] {
  const silent = needs.find(({ systemIdentifier, startLsn }) => systemIdentifier === '' || startLsn === '');
  if (!silent) return needs;
  throw new BackupError('manifest-invalid', `base backup ${silent.point} does not say which part of the log it needs`, {
    hint: 'Nothing of the log was marked. `postgres-backup verify` tells what is wrong with the recovery point.',
  });
}

async function expireOne(
  archive: WalArchive,
  systemIdentifier: string,
  needs: readonly BaseBackupNeed[],
  { signal, now, write }: ExpireContext,
): Promise<number> {
  const segmentBytes = await archive.segmentBytes(systemIdentifier);
  if (segmentBytes === undefined) return 0;
  const files: ArchivedFile[] = [];
  for await (const file of archive.files(systemIdentifier)) files.push(file);
  const ending = walToExpire(needs, files, segmentBytes, now());
  const whole = new Set(files.map(({ file }) => file.name));
  const partials = partialsToExpire(
    await archive.partials(systemIdentifier),
    whole,
    passed(needs, segmentBytes),
    now(),
  );
  if (ending.length + partials.length === 0) return 0;
  await mark(archive, systemIdentifier, new Set([...ending, ...partials].map(({ key }) => key)), signal);
  const names = [...ending.map(({ file }) => file.name), ...partials.map(({ segment }) => segment)];
  const [first, last] = [names[0], names[names.length - 1]];
  write(logLine(now(), { level: 'info', event: 'wal-expired', systemIdentifier, files: names.length, first, last }));
  return names.length;
}

/** What no kept base backup needs. While none is kept, everything is. */
function passed(needs: readonly BaseBackupNeed[], segmentBytes: number) {
  const starts = needs.flatMap(({ startLsn }) => parseLsn(startLsn) ?? []);
  return starts.length === 0 ? undefined : { from: starts.reduce((a, b) => (a < b ? a : b)), segmentBytes };
}

async function mark(
  { store, source }: WalArchive,
  systemIdentifier: string,
  keys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  let batch: { key: string; versionId: string }[] = [];
  const flush = async (): Promise<void> => {
    const versions = batch;
    batch = [];
    await runBounded(
      versions,
      MARKED_AT_ONCE,
      ({ key, versionId }) => {
        signal.throwIfAborted();
        return store.tag(key, versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
      },
      () => undefined,
    );
  };
  for await (const { key, versionId } of store.versions(walSystemPrefix(source, systemIdentifier))) {
    if (keys.has(key)) batch.push({ key, versionId });
    if (batch.length >= BATCH) await flush();
  }
  await flush();
}

/** As many as a listing gives at once. */
const BATCH = 1_000;
