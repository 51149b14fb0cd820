import { createHash, type Hash } from 'node:crypto';
import { formatLsn, parseLsn, type BaseBackupManifest, type StoredObject, type VerifyDepth } from '../../../model';
import { BackupError } from '../../errors';
import { findZstd } from '../../postgres/zstd';
import type { VerificationContext, VerificationReport } from '../component';
import { openArchive, type ArchiveOrigin } from '../dump/verified-archive';
import { verifyStored, type Finding } from '../stored-object';
import { verifyEach } from '../verify-each';
import { KeptManifest } from './backup/store-archive';
import {
  BACKUP_MANIFEST_NAME,
  MAXIMUM_MANIFEST_BYTES,
  readBackupManifest,
  type BackupManifest,
  type ManifestFile,
} from './backup-manifest';
import { PostgresTar, type TarFile } from './tar/postgres-tar';
import type { BaseBackupPoint } from './types';

/**
 * Holds a base backup against its manifest, without restoring it. Read: the archives are taken apart, and the content of each file
 * held against PostgreSQL's own `backup_manifest`: nothing may be missing, be there besides, or differ.
 */
export async function verifyBaseBackup(
  point: BaseBackupPoint,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const objects = partsOf(point.manifest);
  return verifyEach({ point, depth, objects }, context, async (onBytes) => {
    if (depth === 'stored') return ({ object }) => verifyStored(context.store, object);
    const origin = { store: context.store, zstd: await findZstd(), signal: context.signal };
    return (part) => unlessDamaged(() => verifyRead(origin, point.manifest, part, onBytes));
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
  const listed = readBackupManifest(apart ? await readWhole(origin, apart) : (content.manifest ?? Buffer.alloc(0)));
  requireAgreement(manifest, listed);
  return compare(content.files, filesBelow(prefix, listed));
}

/** The digest of each file of an archive, by its path in it. */
async function readContent(origin: ArchiveOrigin, object: StoredObject, onBytes: (sizeBytes: number) => void) {
  const digests = new Digests();
  const tar = new PostgresTar(digests);
  const archive = openArchive(origin, object, onBytes);
  try {
    for await (const chunk of archive.bytes) tar.push(chunk);
    await archive.ended();
    tar.finish();
    return { files: digests.files, manifest: digests.manifest.found };
  } finally {
    await archive.stop();
  }
}

class Digests {
  readonly files = new Map<string, ManifestFile>();
  readonly manifest = new KeptManifest();
  private hash: Hash | undefined;

  begin(file: TarFile): void {
    if (this.files.has(file.path)) throw damaged(`the archive holds ${JSON.stringify(file.path)} twice`);
    this.hash = createHash('sha256');
    this.manifest.begin(file);
  }

  content(bytes: Buffer): void {
    this.hash?.update(bytes);
    this.manifest.content(bytes);
  }

  end({ path, type, sizeBytes }: TarFile): void {
    if (type === 'file') this.files.set(path, { sizeBytes, sha256: this.hash?.digest('hex') ?? '' });
    this.manifest.end();
  }
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

async function readWhole(
  origin: ArchiveOrigin,
  object: StoredObject,
  onBytes?: (sizeBytes: number) => void,
): Promise<Buffer> {
  const archive = openArchive(origin, object, onBytes);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of archive.bytes) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAXIMUM_MANIFEST_BYTES) throw damaged(`${BACKUP_MANIFEST_NAME} is larger than can be`);
      chunks.push(chunk);
    }
    await archive.ended();
    return Buffer.concat(chunks);
  } finally {
    await archive.stop();
  }
}

async function unlessDamaged(work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    return { outcome: 'failed', finding: [error.message, error.detail].filter(Boolean).join(': ') };
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged', 'archive-damaged']);

function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'the base backup is not as the server sent it', { detail });
}
