/**
 * What S3 does once a day with a bucket whose lifecycle asks for it: older versions go, current ones get a delete marker on top,
 * uploads that nobody finished are given up, storage classes change. What is locked stays.
 */
import { deleteMarker, newVersionId } from '../operations/versions';
import type { Bucket } from '../storage/bucket';
import type { ObjectVersion } from '../storage/records';
import { appliesTo, lifecycleRules, type LifecycleRule } from './rules';

const DAY_MS = 86_400_000;

/** What was done, as a line each: `expired <key>`, `deleted <key> <version>`, … */
export async function applyLifecycle(bucket: Bucket, now: Date): Promise<string[]> {
  const rules = lifecycleRules(bucket);
  const done: string[] = [];
  for (const key of [...bucket.keys]) {
    await bucket.keyLocks.run(key, async () => {
      const before = bucket.versions(key);
      const after = rules.reduce((versions, rule) => applyTo(versions, { rule, key, bucket, now, done }), [...before]);
      if (after.length !== before.length || after.some((one, index) => one !== before[index])) {
        await bucket.saveVersions(key, after);
      }
    });
  }
  for (const rule of rules) await giveUpUploads(bucket, rule, now, done);
  return done;
}

interface Application {
  readonly rule: LifecycleRule;
  readonly key: string;
  readonly bucket: Bucket;
  readonly now: Date;
  readonly done: string[];
}

/** Versions newest first, before and after. */
function applyTo(versions: ObjectVersion[], application: Application): ObjectVersion[] {
  const { rule, key, bucket, now, done } = application;
  let left = versions.filter((version, index) => {
    const isDue = isNoncurrentOver(rule, versions[index - 1], now) && appliesTo(rule, key, version);
    if (!isDue || isLocked(version, now)) return true;
    done.push(`deleted ${key} ${version.versionId}`);
    return false;
  });
  const [current] = left;
  if (current === undefined) return left;
  if (current.deleteMarker) {
    if (!rule.expiredDeleteMarker || left.length > 1 || !key.startsWith(rule.prefix)) return left;
    done.push(`removed the delete marker of ${key}`);
    return [];
  }
  if (!appliesTo(rule, key, current)) return left;
  if (isOver(current.lastModified, rule.expirationDays, now)) {
    done.push(`expired ${key}`);
    if (bucket.record.versioning === 'Enabled') {
      return [deleteMarker(newVersionId(bucket), now.toISOString()), ...left];
    }
    return left.slice(1);
  }
  const [moved] = rule.transitions.filter(({ days }) => isOver(current.lastModified, days, now)).slice(-1);
  if (moved !== undefined && moved.storageClass !== current.storageClass) {
    done.push(`moved ${key} to ${moved.storageClass}`);
    left = [{ ...current, storageClass: moved.storageClass }, ...left.slice(1)];
  }
  return left;
}

/** A version is not current any more since the one above it was written. */
function isNoncurrentOver(rule: LifecycleRule, above: ObjectVersion | undefined, now: Date): boolean {
  return above !== undefined && isOver(above.lastModified, rule.noncurrentDays, now);
}

/** S3 counts whole days and rounds up to the next midnight in UTC. */
function isOver(since: string, days: number | undefined, now: Date): boolean {
  if (days === undefined) return false;
  const dueMs = new Date(since).getTime() + days * DAY_MS;
  return now.getTime() >= Math.ceil(dueMs / DAY_MS) * DAY_MS;
}

function isLocked({ legalHold, retention }: ObjectVersion, now: Date): boolean {
  return legalHold === true || (retention !== undefined && new Date(retention.retainUntil) > now);
}

async function giveUpUploads(bucket: Bucket, rule: LifecycleRule, now: Date, done: string[]): Promise<void> {
  for (const { record, parts } of bucket.uploads.list()) {
    if (!record.key.startsWith(rule.prefix) || !isOver(record.initiated, rule.abortUploadDays, now)) continue;
    await bucket.uploadLocks.run(record.uploadId, async () => {
      await bucket.uploads.remove(record.uploadId);
      await bucket.bodies.remove([...parts.values()].map(({ file }) => file));
    });
    done.push(`gave up the upload of ${record.key}`);
  }
}
