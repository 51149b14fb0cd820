/** Sends what `pg_basebackup` gives through zstd into the vault, and looks at it as it passes. */
import { BackupError } from '../../../errors';
import { CompressedSink } from '../../files/backup/compressed-sink';
import { BACKUP_MANIFEST_NAME, MAXIMUM_MANIFEST_BYTES } from '../backup-manifest';
import { PostgresTar, type TarFile } from '../tar/postgres-tar';
import type { BaseBackupRun } from './base-backup-run';

export function openSink(run: BaseBackupRun, name: string, signal: AbortSignal, onBytes: (sizeBytes: number) => void) {
  const { context, prefix, zstd, request } = run;
  const { compressionLevel } = request;
  return new CompressedSink({
    store: context.store,
    key: `${prefix}${name}.zst`,
    zstd,
    compressionLevel,
    signal,
    onBytes,
  });
}

export interface PassedArchive {
  /** `backup_manifest`, where the archive holds it. */
  readonly manifest?: Buffer;
}

/** Writes a tar archive into a sink. @throws BackupError `archive-damaged` when it is not one from beginning to end. */
export async function passArchive(bytes: AsyncIterable<Buffer>, sink: CompressedSink): Promise<PassedArchive> {
  const kept = new KeptManifest();
  const tar = new PostgresTar(kept);
  for await (const chunk of bytes) {
    tar.push(chunk);
    await sink.write(chunk);
  }
  tar.finish();
  return { manifest: kept.found };
}

/** Keeps the content of one file of the archive. */
export class KeptManifest {
  /** `backup_manifest`, once it has passed. */
  found: Buffer | undefined;
  private chunks: Buffer[] | undefined;

  begin({ path, sizeBytes }: TarFile): void {
    this.chunks = path === BACKUP_MANIFEST_NAME ? [] : undefined;
    if (this.chunks && sizeBytes > MAXIMUM_MANIFEST_BYTES) {
      throw new BackupError('archive-damaged', `a ${BACKUP_MANIFEST_NAME} of ${sizeBytes} bytes is not read`);
    }
  }

  content(bytes: Buffer): void {
    this.chunks?.push(Buffer.from(bytes));
  }

  end(): void {
    if (this.chunks) this.found = Buffer.concat(this.chunks);
    this.chunks = undefined;
  }
}
