/**
 * Archives one file of the write-ahead log. It resolves only when the store has it durably; whoever is told so may delete the
 * file. What is archived is never written over: the same content again is a success (a crash after the store took it makes
 * PostgreSQL push again), other content under its name is a `wal-conflict`.
 */
import path from 'node:path';
import { parseWalFile, WAL_METADATA, walKey, type WalFile } from '../../model';
import { BackupError } from '../errors';
import type { WalContent } from './fetch-file';
import { pack } from './pack';
import type { PushContext, PushSubject } from './push-subject';
import { contentProblem, readSegmentHeader } from './segment-header';
import { settleConflict } from './settle-conflict';
import { giveBack, readWholeFile } from './whole-file';

export interface PushRequest {
  /** Its last part is the name that PostgreSQL gave it. */
  readonly path: string;
  readonly source: string;
  /** Of the cluster that the file must be of. */
  readonly systemIdentifier: string;
}

export interface PushedFile {
  readonly name: string;
  readonly key: string;
  readonly outcome: 'archived' | 'archived before';
  readonly content: WalContent;
}

/** A file that was read, checked and compressed, and is in no archive yet. */
export interface PreparedFile {
  readonly subject: PushSubject;
  /** Compressed. */
  readonly stored: Buffer;
}

/**
 * @throws `usage` for a name that PostgreSQL archives nothing under; `wal-damaged` for content that its name does not tell;
 * `wal-foreign` for another cluster's; `wal-conflict`; or what the store ends with.
 */
export async function pushWalFile(request: PushRequest, context: PushContext): Promise<PushedFile> {
  return archivePrepared(await prepareWalFile(request, context.signal), context);
}

/** All of a push that needs no store. */
export async function prepareWalFile(request: PushRequest, signal: AbortSignal): Promise<PreparedFile> {
  const { source, systemIdentifier } = request;
  const file = fileAt(request.path);
  const bytes = await readWholeFile(request.path);
  checkContent(file, bytes, request);
  const key = walKey(source, systemIdentifier, file);
  const { content, stored } = await pack(bytes, signal);
  giveBack(bytes);
  return { subject: { source, systemIdentifier, file, key, content }, stored };
}

export async function archivePrepared({ subject, stored }: PreparedFile, context: PushContext): Promise<PushedFile> {
  const outcome = await archiveContent(subject, stored, context);
  const { file, key, content } = subject;
  return { name: file.name, key, outcome, content };
}

/** Stores compressed content under its key, unless it is there already. */
export async function archiveContent(
  subject: PushSubject,
  stored: Buffer,
  context: PushContext,
): Promise<PushedFile['outcome']> {
  const { sha256, sizeBytes } = subject.content;
  try {
    await context.store.put(subject.key, stored, {
      ifAbsent: true,
      contentType: 'application/zstd',
      metadata: { [WAL_METADATA.sha256]: sha256, [WAL_METADATA.sizeBytes]: String(sizeBytes) },
      signal: context.signal,
    });
    return 'archived';
  } catch (refused) {
    await settleConflict(subject, refused, context);
    return 'archived before';
  }
}

function fileAt(filePath: string): WalFile {
  const file = parseWalFile(path.basename(filePath));
  if (file) return file;
  throw new BackupError('usage', `${JSON.stringify(filePath)} is no file that PostgreSQL archives`, {
    detail: 'It archives segments, .partial, .backup and .history files, under names that are their own.',
    hint: 'In archive_command, give %p as it is.',
  });
}

function checkContent(file: WalFile, bytes: Buffer, { path: filePath, systemIdentifier }: PushRequest): void {
  const problem = contentProblem(file, bytes.length, bytes);
  if (problem) {
    throw new BackupError('wal-damaged', `${JSON.stringify(filePath)} is not fit to be archived`, {
      detail: problem,
      hint: 'PostgreSQL will ask again. If it stays so, the disk of the server is to be looked at, and a base backup taken.',
    });
  }
  const found =
    file.kind === 'segment' || file.kind === 'partial' ? readSegmentHeader(bytes)?.systemIdentifier : undefined;
  if (found === undefined || found === systemIdentifier) return;
  throw new BackupError('wal-foreign', `${JSON.stringify(filePath)} is of another cluster`, {
    detail: `its header says ${found}; this cluster is ${systemIdentifier}`,
    hint: 'Somebody copied it here, or the data directory is not that of the server. Nothing was archived.',
  });
}
