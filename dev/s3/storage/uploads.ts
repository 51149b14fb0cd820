/** Multipart uploads in progress: a folder each, with a record of the upload and one of each part. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8 } from './key-order';
import { readRecord, TEMPORARY_SUFFIX, writeRecord } from './record-file';
import type { PartRecord, UploadRecord } from './records';

export interface Upload {
  record: UploadRecord;
  parts: Map<number, PartRecord>;
}

const UPLOAD_FILE = 'upload.json';

export class Uploads {
  readonly #uploads = new Map<string, Upload>();

  constructor(
    private readonly directory: string,
    private readonly durability: { durable: boolean },
  ) {}

  async load(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    for (const uploadId of await readdir(this.directory)) {
      const names = await readdir(join(this.directory, uploadId));
      if (!names.includes(UPLOAD_FILE)) await rm(join(this.directory, uploadId), { recursive: true });
      else await this.loadOne(uploadId, names);
    }
  }

  async create(record: Omit<UploadRecord, 'uploadId'>): Promise<UploadRecord> {
    const upload = { ...record, uploadId: randomBytes(24).toString('base64url') };
    await writeRecord(this.path(upload.uploadId, UPLOAD_FILE), upload, this.durability);
    this.#uploads.set(upload.uploadId, { record: upload, parts: new Map() });
    return upload;
  }

  get(uploadId: string): Upload | undefined {
    return this.#uploads.get(uploadId);
  }

  /** By key, then by time, as S3 lists them. */
  list(): Upload[] {
    return [...this.#uploads.values()].sort(
      ({ record: a }, { record: b }) =>
        compareUtf8(a.key, b.key) || compareUtf8(a.initiated, b.initiated) || compareUtf8(a.uploadId, b.uploadId),
    );
  }

  /** Keeps a part and answers with the file of the one it replaces. */
  async putPart(upload: Upload, part: PartRecord): Promise<string | undefined> {
    await writeRecord(this.path(upload.record.uploadId, `${part.partNumber}.json`), part, this.durability);
    const replaced = upload.parts.get(part.partNumber)?.file;
    upload.parts.set(part.partNumber, part);
    return replaced;
  }

  async remove(uploadId: string): Promise<void> {
    this.#uploads.delete(uploadId);
    await rm(join(this.directory, uploadId), { recursive: true, force: true });
  }

  private async loadOne(uploadId: string, names: string[]): Promise<void> {
    const record = await readRecord<UploadRecord>(this.path(uploadId, UPLOAD_FILE));
    const parts = new Map<number, PartRecord>();
    for (const name of names) {
      if (name === UPLOAD_FILE || name.endsWith(TEMPORARY_SUFFIX)) continue;
      const part = await readRecord<PartRecord>(this.path(uploadId, name));
      parts.set(part.partNumber, part);
    }
    this.#uploads.set(uploadId, { record, parts });
  }

  private path(uploadId: string, name: string): string {
    return join(this.directory, uploadId, name);
  }
}
