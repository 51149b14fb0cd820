/** Damages what is stored behind the server's back: the bytes change, the checksums kept beside them do not. For tests and demonstrations. */
import { open, truncate as truncateFile } from 'node:fs/promises';
import type { Bucket } from './storage/bucket';
import type { ObjectVersion, Segment } from './storage/records';
import type { Storage } from './storage/storage';

/** Which object: its newest version unless one is named. */
export interface DamageTarget {
  bucket: string;
  key: string;
  versionId?: string;
}

export class Damage {
  constructor(private readonly storage: Storage) {}

  /** Flips one bit (0 is the lowest) of the byte at `offset`. */
  async flipBit(target: DamageTarget, offset: number, bit = 0): Promise<void> {
    const { bucket, version } = this.find(target);
    const { segment, within } = locate(version, offset);
    const file = await open(bucket.bodies.path(segment.file), 'r+');
    try {
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, within);
      byte[0] ^= 1 << bit;
      await file.write(byte, 0, 1, within);
    } finally {
      await file.close();
    }
  }

  /** Loses everything from `sizeBytes` on. The server then knows the shorter size, and still the old checksums. */
  async truncate(target: DamageTarget, sizeBytes: number): Promise<void> {
    const { bucket, version } = this.find(target);
    if (sizeBytes >= version.sizeBytes) {
      throw new RangeError(`The object has ${version.sizeBytes} bytes: it cannot be cut to ${sizeBytes}.`);
    }
    const kept: Segment[] = [];
    let leftBytes = sizeBytes;
    for (const segment of version.segments) {
      if (leftBytes <= 0) break;
      const size = Math.min(segment.sizeBytes, leftBytes);
      if (size < segment.sizeBytes) await truncateFile(bucket.bodies.path(segment.file), size);
      kept.push({ ...segment, sizeBytes: size });
      leftBytes -= size;
    }
    await this.replace(target, { ...version, sizeBytes, segments: kept });
  }

  /** Exchanges two parts of a multipart object, numbered from 1. */
  async swapParts(target: DamageTarget, a: number, b: number): Promise<void> {
    const { version } = this.find(target);
    const segments = [...version.segments];
    if (!(a - 1 in segments) || !(b - 1 in segments)) throw new RangeError(`The object has ${segments.length} parts.`);
    [segments[a - 1], segments[b - 1]] = [segments[b - 1], segments[a - 1]];
    await this.replace(target, { ...version, segments });
  }

  /** Loses the object, with all its versions and without a delete marker. */
  async lose({ bucket, key }: DamageTarget): Promise<void> {
    const where = this.storage.get(bucket);
    await where.keyLocks.run(key, () => where.saveVersions(key, []));
  }

  private async replace(target: DamageTarget, changed: ObjectVersion): Promise<void> {
    const { bucket } = this.find(target);
    await bucket.keyLocks.run(target.key, async () => {
      const versions = bucket.versions(target.key);
      await bucket.saveVersions(
        target.key,
        versions.map((one) => (one.versionId === changed.versionId ? changed : one)),
      );
    });
  }

  private find({ bucket: name, key, versionId }: DamageTarget): { bucket: Bucket; version: ObjectVersion } {
    const bucket = this.storage.get(name);
    const versions = bucket.versions(key);
    const version = versionId === undefined ? versions.at(0) : versions.find((one) => one.versionId === versionId);
    if (version === undefined || version.deleteMarker)
      throw new Error(`There is no object "${key}" in "${name}" to damage.`);
    return { bucket, version };
  }
}

function locate({ segments, sizeBytes }: ObjectVersion, offset: number): { segment: Segment; within: number } {
  let within = offset;
  for (const segment of segments) {
    if (within >= 0 && within < segment.sizeBytes) return { segment, within };
    within -= segment.sizeBytes;
  }
  throw new RangeError(`Offset ${offset} lies outside the object's ${sizeBytes} bytes.`);
}
