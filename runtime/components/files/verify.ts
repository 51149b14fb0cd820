import type { FilesManifest, FilesVolume, StoredObject, VerifyDepth } from '../../../model';
import { BackupError } from '../../errors';
import { findZstd } from '../../postgres/zstd';
import type { VerificationContext, VerificationReport } from '../component';
import { openArchive, type ArchiveOrigin } from '../dump/verified-archive';
import { verifyStored, type Finding } from '../stored-object';
import { verifyEach } from '../verify-each';
import { verifyBytes } from '../verify-items';
import { describePath, type FileEntry } from './entry';
import { agrees } from './index/agrees';
import { isDeletion } from './index/index-line';
import { readEntries, readIndex } from './index/read-index';
import { olderArchive } from './older-archive';
import { readTar } from './tar/read-tar';
import { damaged } from './tar/tar-head';
import type { FilesPoint } from './types';

/**
 * Holds a recovery point of files against its manifest, without restoring it. Read: the archive is taken apart, and the content of
 * each file in it held against the index. Of what it is built on, each archive must be there as it was then.
 */
export async function verifyFiles(
  point: FilesPoint,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const { manifest } = point;
  const objects = manifest.volumes.flatMap((volume) => parts(manifest, volume));
  return verifyEach({ point, depth, objects }, context, async (onBytes) => {
    const zstd = depth === 'read' ? await findZstd() : undefined;
    return async (part) => {
      const { store, signal } = context;
      const own = zstd
        ? await verifyRead({ store, zstd, signal }, manifest, part, context, onBytes)
        : await verifyStored(store, part.object);
      return own.outcome === 'passed' && part.kind === 'archive' ? verifyOlder(own, part, manifest, context) : own;
    };
  });
}

interface Part {
  readonly kind: 'archive' | 'stored index' | 'kept index';
  readonly object: StoredObject;
  readonly volume: FilesVolume;
}

function parts({ objects }: FilesManifest, volume: FilesVolume): Part[] {
  const { archive, storedIndex, keptIndex } = volume;
  return [
    { kind: 'archive', object: objects[archive], volume },
    { kind: 'stored index', object: objects[storedIndex], volume },
    ...(keptIndex === null ? [] : [{ kind: 'kept index' as const, object: objects[keptIndex], volume }]),
  ];
}

async function verifyRead(
  origin: ArchiveOrigin,
  manifest: FilesManifest,
  { kind, object, volume }: Part,
  context: VerificationContext,
  onBytes: (sizeBytes: number) => void,
): Promise<Finding> {
  const bytes = await verifyBytes(object, context, onBytes);
  if (bytes.outcome !== 'passed' || kind === 'kept index') return bytes;
  return unlessDamaged(async () => {
    if (kind === 'archive') {
      const entries = await compareArchive(origin, object, manifest.objects[volume.storedIndex]);
      return { outcome: 'passed', finding: `every byte read; ${entries} entries as in the index` };
    }
    const entries = await countEntries(readEntries(origin, manifest, volume));
    const expected = volume.counts.stored + volume.counts.unchanged;
    return entries === expected
      ? { outcome: 'passed', finding: `every byte read; ${entries} entries` }
      : { outcome: 'failed', finding: `it names ${entries} entries, ${expected} were counted` };
  });
}

/** Entry by entry, with the digest of each file's content. */
async function compareArchive(origin: ArchiveOrigin, object: StoredObject, index: StoredObject): Promise<number> {
  const archive = openArchive(origin, object);
  const lines = readIndex(origin, index);
  let entries = 0;
  try {
    for await (const event of readTar(archive.bytes)) {
      if (event.kind !== 'end' || event.head.type === 'other') continue;
      const { value: line } = (await lines.next()) as IteratorResult<FileEntry, undefined>;
      const isSame = line && !isDeletion(line) && agrees(event.head, line) && line.sha256 === event.sha256;
      if (!isSame) throw damaged(`${describePath(event.head.path)} is not in it as the index has it`);
      entries += 1;
    }
    await archive.ended();
    if (!(await lines.next()).done) throw damaged('the index names more than is in it');
    return entries;
  } finally {
    await archive.stop();
    await lines.return(undefined);
  }
}

async function countEntries(entries: AsyncIterable<FileEntry>): Promise<number> {
  let count = 0;
  for await (const { path } of entries) count += path === undefined ? 0 : 1;
  return count;
}

/** Of what it is built on nothing is read: each has a verification of its own. */
async function verifyOlder(
  own: Finding,
  { volume }: Part,
  { source }: FilesManifest,
  { store, signal }: VerificationContext,
): Promise<Finding> {
  for (const older of volume.builtOn) {
    signal.throwIfAborted();
    const found = await unlessDamaged(async () =>
      verifyStored(store, await olderArchive(store, source, volume.name, older)),
    );
    if (found.outcome !== 'passed') return { ...found, finding: `built on ${older.point}: ${found.finding}` };
  }
  return own;
}

async function unlessDamaged(work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    return { outcome: 'failed', finding: [error.message, error.detail].filter(Boolean).join(': ') };
  }
}

const DAMAGE: ReadonlySet<string> = new Set([
  'object-missing',
  'object-damaged',
  'archive-damaged',
  'point-missing',
  'manifest-invalid',
]);
