import { GetObjectTaggingCommand, PutObjectTaggingCommand, type S3Client } from '@aws-sdk/client-s3';
import { BackupError } from '../errors';
import { storeError, type Attempt } from './s3-errors';
import type { ObjectTags } from './store';

/** One version of an object, as requests name it. */
export interface VersionAddress {
  readonly Bucket: string;
  readonly Key: string;
  readonly versionId: string | null;
}

export async function readTags(client: S3Client, version: VersionAddress, attempt: Attempt): Promise<ObjectTags> {
  const answer = await client.send(new GetObjectTaggingCommand(requestFor(version))).catch((error: unknown) => {
    throw storeError(error, attempt);
  });
  // No tags are an empty list; no list is no answer, and must not look like "not marked".
  if (!answer.TagSet) {
    throw new BackupError(
      'store-failed',
      `could not read the tags of ${JSON.stringify(attempt.key)} in ${attempt.uri}`,
      {
        detail: 'The answer holds no list of tags.',
      },
    );
  }
  return Object.fromEntries(answer.TagSet.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/**
 * Adds to the tags of a version. S3 can only replace the whole set, so what is there is read first, and is sent again: a
 * role that may set one tag only is denied where there are others. A set that already says so is left alone.
 */
export async function writeTags(
  client: S3Client,
  version: VersionAddress,
  tags: ObjectTags,
  attempt: Attempt,
): Promise<void> {
  const present = await readTags(client, version, attempt);
  if (Object.entries(tags).every(([key, value]) => present[key] === value)) return;
  const TagSet = Object.entries({ ...present, ...tags }).map(([Key, Value]) => ({ Key, Value }));
  await client
    .send(new PutObjectTaggingCommand({ ...requestFor(version), Tagging: { TagSet } }))
    .catch((error: unknown) => {
      throw refusal(
        storeError(error, attempt),
        Object.keys(present).filter((key) => !(key in tags)),
      );
    });
}

/** What else is tagged explains a denial that otherwise looks like a broken role. */
function refusal(error: BackupError, others: readonly string[]): BackupError {
  if (error.code !== 'store-denied' || others.length === 0) return error;
  return new BackupError(error.code, error.message, {
    detail: error.detail,
    hint: `It has other tags (${others.join(', ')}), which a role that may set one tag only cannot leave as they are. Remove them, or let the role set them too.`,
    cause: error,
  });
}

function requestFor({ Bucket, Key, versionId }: VersionAddress) {
  return { Bucket, Key, VersionId: versionId ?? undefined };
}
