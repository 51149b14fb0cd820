/** One bucket: its settings, its keys with their versions, its uploads. The records are held in memory as well, the bytes never. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bodies } from './bodies';
import { OrderedKeys } from './key-order';
import { Locks } from './locks';
import { readRecord, TEMPORARY_SUFFIX, writeRecord } from './record-file';
import type { BucketRecord, KeyRecord, ObjectVersion } from './records';
import { Uploads } from './uploads';

export const BUCKET_FILE = 'bucket.json';

export class Bucket {
  readonly bodies: Bodies;
  readonly uploads: Uploads;
  readonly keys = new OrderedKeys();
  /** By key: held while its versions are compared and changed. */
  readonly keyLocks = new Locks();
  /** By upload id: held while an upload gets a part or ends. */
  readonly uploadLocks = new Locks();
  readonly #settingsLock = new Locks();
  readonly #records = new Map<string, KeyRecord>();

  constructor(
    readonly record: BucketRecord,
    private readonly directory: string,
    private readonly durability: { durable: boolean },
  ) {
    this.bodies = new Bodies(join(directory, 'bodies'), durability);
    this.uploads = new Uploads(join(directory, 'uploads'), durability);
  }

  /** Reads what is stored and sweeps what a crash left. */
  async load(): Promise<void> {
    await this.uploads.load();
    await this.loadKeys();
    this.keys.load(this.#records.keys());
    await this.bodies.sweep(this.filesInUse());
  }

  /** One at a time, so that the newest settings are the last to be written. */
  async saveSettings(): Promise<void> {
    const path = join(this.directory, BUCKET_FILE);
    await this.#settingsLock.run('', () => writeRecord(path, this.record, this.durability));
  }

  /** All versions of a key, newest first; none when there is no such key. */
  versions(key: string): readonly ObjectVersion[] {
    return this.#records.get(key)?.versions ?? [];
  }

  /** Replaces the versions of a key: the one moment at which a write becomes visible. Frees the files no version names any more. */
  async saveVersions(key: string, versions: ObjectVersion[]): Promise<void> {
    const path = this.recordPath(key);
    if (versions.length > 0) await writeRecord(path, { key, versions } satisfies KeyRecord, this.durability);
    else await rm(path, { force: true });
    const before = filesOf(this.versions(key));
    this.remember(key, versions);
    const after = new Set(filesOf(versions));
    await this.bodies.remove(before.filter((file) => !after.has(file)));
  }

  private remember(key: string, versions: ObjectVersion[]): void {
    if (versions.length === 0) {
      this.#records.delete(key);
      this.keys.remove(key);
    } else {
      this.#records.set(key, { key, versions });
      this.keys.add(key);
    }
  }

  private async loadKeys(): Promise<void> {
    const directory = join(this.directory, 'keys');
    await mkdir(directory, { recursive: true });
    for (const folder of await readdir(directory)) {
      for (const file of await readdir(join(directory, folder))) {
        const path = join(directory, folder, file);
        if (file.endsWith(TEMPORARY_SUFFIX)) await rm(path);
        else {
          const record = await readRecord<KeyRecord>(path);
          this.#records.set(record.key, record);
        }
      }
    }
  }

  private filesInUse(): Set<string> {
    const used = new Set<string>();
    for (const { versions } of this.#records.values()) for (const file of filesOf(versions)) used.add(file);
    for (const { parts } of this.uploads.list()) for (const { file } of parts.values()) used.add(file);
    return used;
  }

  /** A key can hold anything, so it never becomes a path: its digest does. */
  private recordPath(key: string): string {
    const digest = createHash('sha256').update(key, 'utf8').digest('hex');
    return join(this.directory, 'keys', digest.slice(0, 2), `${digest}.json`);
  }
}

function filesOf(versions: readonly ObjectVersion[]): string[] {
  return versions.flatMap((version) => version.segments.map((segment) => segment.file));
}
