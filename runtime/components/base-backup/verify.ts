import { formatLsn, parseLsn, type BaseBackupManifest, type StoredObject, type VerifyDepth } from '../../../model';
import { BackupError } from '../../errors';
import { findZstd } from '../../postgres/zstd';
import type { VerificationContext, VerificationReport } from '../component';
import type { ArchiveOrigin } from '../dump/verified-archive';
import { verifyStored, type Finding } from '../stored-object';
import { verifyEach } from '../verify-each';
import { BACKUP_MANIFEST_NAME, readBackupManifest, type BackupManifest, type ManifestFile } from './backup-manifest';
import { damaged, readContent, readWhole } from './read-archive';
import { readLinks } from './links';
import type { BaseBackupPoint } from './types';

/**
 * Holds a base backup against its manifest, without restoring it. Read: the archives are taken apart, and the content of each file
 * held against PostgreSQL's own `backup_manifest`: nothing may be missing, be there besides, or differ. Of what it is built on, each
 * archive must be there as it was then.
 */
export async function verifyBaseBackup(
  point: BaseBackupPoint,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const objects = partsOf(point.manifest);
  return verifyEach({ point, depth, objects }, context, async (onBytes) => {
    const zstd = depth === 'read' ? await findZstd() : undefined;
    return async (part) => {
      const { store, signal } = context;
      const own = await (zstd
        ? unlessDamaged(() => verifyRead({ store, zstd, signal }, point.manifest, part, onBytes))
        : verifyStored(store, part.object));
      return own.outcome === 'passed' && part.prefix === '' ? verifyLinks(own, point.manifest, context) : own;
    };
  });
}

/** Nothing of them is read: each has a verification of its own. */
async function verifyLinks(
  own: Finding,
  manifest: BaseBackupManifest,
  { store, signal }: VerificationContext,
): Promise<Finding> {
  return unlessDamaged(async () => {
    for (const { manifest: link } of await readLinks(store, manifest)) {
      signal.throwIfAborted();
      const found = await verifyStored(store, link.objects[link.archive]);
      if (found.outcome !== 'passed') return { ...found, finding: `built on ${link.point}: ${found.finding}` };
    }
    return own;
  });
}

interface Part {
  /** Of its files in `backup_manifest`; nothing for that itself. */
  readonly prefix: string | undefined;
  readonly object: StoredObject;
}

function partsOf({ objects, archive, tablespaces, backupManifest }: BaseBackupManifest): Part[] {
  return [
    { prefix: '', object: objects[archive] },
    ...tablespaces.map((one) => ({ prefix: `${TABLESPACES}${one.oid}/`, object: objects[one.archive] })),
    ...(backupManifest === null ? [] : [{ prefix: undefined, object: objects[backupManifest] }]),
  ];
}

const TABLESPACES = 'pg_tblspc/';

async function verifyRead(
  origin: ArchiveOrigin,
  manifest: BaseBackupManifest,
  { prefix, object }: Part,
  onBytes: (sizeBytes: number) => void,
): Promise<Finding> {
  if (prefix === undefined) {
    requireAgreement(manifest, readBackupManifest(await readWhole(origin, object, onBytes)));
    return { outcome: 'passed', finding: 'every byte read; as the manifest has it' };
  }
  const content = await readContent(origin, object, onBytes);
  const apart = manifest.backupManifest === null ? undefined : manifest.objects[manifest.backupManifest];
  const listing = apart ? await readWhole(origin, apart) : (content.manifest ?? Buffer.alloc(0));
  if (content.manifest && !content.manifest.equals(listing)) throw damaged(`there are two of ${BACKUP_MANIFEST_NAME}`);
  const listed = readBackupManifest(listing);
  requireAgreement(manifest, listed);
  return compare(content.files, filesBelow(prefix, listed));
}

function filesBelow(prefix: string, { files }: BackupManifest): Map<string, ManifestFile> {
  const isHere = (path: string) => (prefix === '' ? !path.startsWith(TABLESPACES) : path.startsWith(prefix));
  return new Map([...files].filter(([path]) => isHere(path)).map(([path, file]) => [path.slice(prefix.length), file]));
}

function compare(found: ReadonlyMap<string, ManifestFile>, expected: ReadonlyMap<string, ManifestFile>): Finding {
  for (const [path, { sizeBytes, sha256 }] of expected) {
    const file = found.get(path);
    if (!file) throw damaged(`${JSON.stringify(path)} is missing`);
    if (file.sizeBytes !== sizeBytes || file.sha256 !== sha256) throw damaged(`${JSON.stringify(path)} differs`);
  }
  for (const path of found.keys()) {
    if (!expected.has(path) && path !== BACKUP_MANIFEST_NAME) throw damaged(`${JSON.stringify(path)} is there besides`);
  }
  return { outcome: 'passed', finding: `every byte read; ${expected.size} files as the server sent them` };
}

/** What our manifest says of the server's must be what that says. */
function requireAgreement({ wal, totals, contentBytes }: BaseBackupManifest, listed: BackupManifest): void {
  const same =
    wal.timeline === listed.wal.timeline &&
    parseLsn(wal.startLsn) === parseLsn(listed.wal.startLsn) &&
    parseLsn(wal.stopLsn) === parseLsn(listed.wal.stopLsn) &&
    totals.items === listed.files.size &&
    contentBytes === listed.contentBytes;
  if (same) return;
  const end = formatLsn(parseLsn(listed.wal.stopLsn) ?? 0n);
  throw damaged(`it holds ${listed.files.size} files and needs the log to ${end}, the manifest says otherwise`);
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
