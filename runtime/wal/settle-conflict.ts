/**
 * What a push does when the store did not plainly take the file: the key exists, or nobody knows. The digest in the object's
 * metadata decides. It is asked for without the checksum, so that a role that can decrypt nothing may ask.
 */
import { EXIT, walConflictKey, WAL_CONFLICT_FORMAT, type WalConflict } from '../../model';
import { BackupError, toBackupError } from '../errors';
import { contentOf, type WalContent } from './fetch-file';
import type { PushContext, PushSubject } from './push-subject';

/**
 * Resolves when the archive holds the content that was to be stored; the answer to its storing may have been lost.
 *
 * @param refused what storing it ended with: thrown again when it was something else, or the key turns out to be free.
 * @throws `wal-conflict` when it holds other content, which is recorded in the archive; `upload-unconfirmed` (exit 3) when it
 * cannot be found out.
 */
export async function settleConflict(subject: PushSubject, refused: unknown, context: PushContext): Promise<void> {
  const error = toBackupError(refused);
  if (error.code !== 'store-conflict' && error.code !== 'upload-unconfirmed') throw refused;
  const found = await context.store.head(subject.key, { checksum: 'leave out' });
  if (!found) throw refused;
  const archived = contentOf(found.metadata);
  if (!archived) throw unconfirmed(subject, error);
  if (archived.sha256 === subject.content.sha256 && archived.sizeBytes === subject.content.sizeBytes) return;
  throw conflict(subject, archived, await record(subject, archived, context));
}

/** In the archive, because the host that pushes can tell nobody else: the audit finds it there. Gives why that failed, if it did. */
async function record(
  { source, systemIdentifier, file, content }: PushSubject,
  archived: WalContent,
  { store, now }: PushContext,
): Promise<string | undefined> {
  const conflict: WalConflict = {
    format: WAL_CONFLICT_FORMAT,
    file: file.name,
    systemIdentifier,
    refusedAt: now().toISOString(),
    archived,
    pushed: content,
  };
  try {
    const key = walConflictKey(source, systemIdentifier, file, content.sha256);
    await store.put(key, Buffer.from(`${JSON.stringify(conflict, null, 2)}\n`), {
      ifAbsent: true,
      contentType: 'application/json',
    });
    return undefined;
  } catch (thrown) {
    const { code, message } = toBackupError(thrown);
    // PostgreSQL tries again and again; one record is enough.
    return code === 'store-conflict' ? undefined : `It could not be recorded in the archive: ${message}`;
  }
}

function conflict({ key, content }: PushSubject, archived: WalContent, unrecorded: string | undefined): BackupError {
  const seen = `archived: SHA-256 ${archived.sha256}; here: ${content.sha256}`;
  return new BackupError('wal-conflict', `${JSON.stringify(key)} is archived with other content`, {
    detail: unrecorded === undefined ? seen : `${seen}\n${unrecorded}`,
    hint:
      'Two servers with one system identifier push into one archive: most likely a copy or a former primary is still running. ' +
      'Stop it. Nothing was written over.',
  });
}

function unconfirmed({ key }: PushSubject, cause: BackupError): BackupError {
  return new BackupError('upload-unconfirmed', `could not find out whether ${JSON.stringify(key)} is archived`, {
    detail: 'An object is there, but without a digest to compare with.',
    hint: 'It was not archived by postgres-backup, or was copied without its metadata.',
    exitCode: EXIT.unverified,
    cause,
  });
}
