/** All buckets below one directory. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { s3Error } from '../errors';
import { Bucket, BUCKET_FILE } from './bucket';
import { readRecord } from './record-file';
import type { BucketRecord } from './records';

export class Storage {
  readonly #buckets = new Map<string, Bucket>();

  private constructor(
    private readonly directory: string,
    private readonly durability: { durable: boolean },
  ) {}

  static async open(directory: string, durability: { durable: boolean }): Promise<Storage> {
    const storage = new Storage(join(directory, 'buckets'), durability);
    await mkdir(storage.directory, { recursive: true });
    for (const name of await readdir(storage.directory)) await storage.loadBucket(name);
    return storage;
  }

  /** In the order of their names. */
  list(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw s3Error('NoSuchBucket', undefined, { BucketName: name });
    return bucket;
  }

  async create(record: BucketRecord): Promise<Bucket> {
    assertBucketName(record.name);
    if (this.#buckets.has(record.name)) {
      throw s3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: record.name });
    }
    const bucket = new Bucket(record, join(this.directory, record.name), this.durability);
    this.#buckets.set(record.name, bucket);
    await bucket.saveSettings();
    await bucket.load();
    return bucket;
  }

  async remove(bucket: Bucket): Promise<void> {
    if (bucket.keys.size > 0) throw s3Error('BucketNotEmpty', undefined, { BucketName: bucket.record.name });
    this.#buckets.delete(bucket.record.name);
    await rm(join(this.directory, bucket.record.name), { recursive: true, force: true });
  }

  private async loadBucket(name: string): Promise<void> {
    const directory = join(this.directory, name);
    if (!(await readdir(directory)).includes(BUCKET_FILE)) {
      await rm(directory, { recursive: true }); // a creation that a crash interrupted
      return;
    }
    const bucket = new Bucket(await readRecord<BucketRecord>(join(directory, BUCKET_FILE)), directory, this.durability);
    await bucket.load();
    this.#buckets.set(name, bucket);
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html. Also what makes a name safe as a folder. */
function assertBucketName(name: string): void {
  const shape = /^[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]$/;
  const address = /^\d+\.\d+\.\d+\.\d+$/;
  if (!shape.test(name) || name.includes('..') || address.test(name) || name.startsWith('xn--')) {
    throw s3Error('InvalidBucketName', undefined, { BucketName: name });
  }
}
