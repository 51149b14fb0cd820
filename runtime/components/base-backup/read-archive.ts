/** Reads what is stored of a base backup: file by file, or as it is. */
import { createHash, type Hash } from 'node:crypto';
import type { StoredObject } from '../../../model';
import { BackupError } from '../../errors';
import { openArchive, type ArchiveOrigin } from '../dump/verified-archive';
import { KeptManifest } from './backup/store-archive';
import { BACKUP_MANIFEST_NAME, MAXIMUM_MANIFEST_BYTES, type ManifestFile } from './backup-manifest';
import { PostgresTar, type TarFile } from './tar/postgres-tar';

/** The digest of each file of an archive, by its path in it. */
export async function readContent(origin: ArchiveOrigin, object: StoredObject, onBytes: (sizeBytes: number) => void) {
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

/** A `backup_manifest` that is stored by itself. */
export async function readWhole(
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

export function damaged(detail: string): BackupError {
  return new BackupError('archive-damaged', 'the base backup is not as the server sent it', { detail });
}
