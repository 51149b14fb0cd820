/** One line of an index: JSON, readable by a person. What is no UTF-8 is told as base64, in a field of another name. */
import { BackupError } from '../../../errors';
import { ENTRY_TYPES, pathBytes, pathFromBytes, pathFromText, pathProblem, textOf, type FileEntry } from '../entry';

/** It was there at the point that this one is built on. */
export interface Deletion {
  readonly deleted: string;
}

export type IndexLine = FileEntry | Deletion;

export function isDeletion(line: IndexLine): line is Deletion {
  return 'deleted' in line;
}

/** The path that a line is about. */
export function pathOfLine(line: IndexLine): string {
  return isDeletion(line) ? line.deleted : line.path;
}

export function formatIndexLine(line: IndexLine): string {
  if (isDeletion(line)) return `${JSON.stringify(named('deleted', line.deleted))}\n`;
  const { path, linkTarget, type, sizeBytes, mode, ...rest } = line;
  const document = {
    ...named('path', path),
    type,
    ...(type === 'file' && { sizeBytes }),
    mode: mode.toString(8).padStart(4, '0'),
    ...rest,
    ...(linkTarget !== undefined && named('linkTarget', linkTarget)),
  };
  return `${JSON.stringify(document)}\n`;
}

/** Refuses what is not whole, and every path that would lead out of the volume. */
export function parseIndexLine(text: string): IndexLine {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw notALine(text, (error as Error).message);
  }
  const line = lineOf(document as Record<string, unknown>);
  const problem = typeof line === 'string' ? line : pathProblem(pathOfLine(line));
  if (problem !== undefined) throw notALine(text, problem);
  return line as IndexLine;
}

function lineOf(document: Readonly<Record<string, unknown>>): IndexLine | string {
  if (typeof document !== 'object' || document === null) return 'it is no object';
  const deleted = readNamed(document, 'deleted');
  if (deleted !== undefined) return { deleted };
  const path = readNamed(document, 'path');
  const { type, sizeBytes = 0, mode, uid, gid, mtime, ctime, inode, sha256, archive, isYoung } = document;
  const linkTarget = readNamed(document, 'linkTarget');
  const isWhole =
    path !== undefined &&
    ENTRY_TYPES.some((known) => known === type) &&
    [sizeBytes, uid, gid, archive].every((value) => Number.isSafeInteger(value) && (value as number) >= 0) &&
    typeof mode === 'string' &&
    /^[0-7]{4}$/.test(mode) &&
    [mtime, ctime].every((value) => typeof value === 'string' && /^-?\d+\.\d{9}$/.test(value)) &&
    typeof inode === 'string' &&
    (type === 'file') === (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)) &&
    (type === 'symbolic link' || type === 'hard link') === (linkTarget !== undefined);
  if (!isWhole) return 'something is missing in it, or of the wrong kind';
  const problem = type === 'hard link' ? pathProblem(linkTarget as string) : undefined;
  if (problem !== undefined) return `as for what it links to, ${problem}`;
  const entry = { path, type, sizeBytes, mode: parseInt(mode, 8), uid, gid, mtime, ctime, inode, archive };
  return {
    ...entry,
    ...(linkTarget !== undefined && { linkTarget }),
    ...(sha256 !== undefined && { sha256 }),
    ...(isYoung === true && { isYoung }),
  } as FileEntry;
}

function named(field: string, path: string): Record<string, string> {
  const text = textOf(path);
  return text === undefined ? { [`${field}Bytes`]: pathBytes(path).toString('base64') } : { [field]: text };
}

function readNamed(document: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const text = document[field];
  if (typeof text === 'string') return pathFromText(text);
  const base64 = document[`${field}Bytes`];
  return typeof base64 === 'string' ? pathFromBytes(Buffer.from(base64, 'base64')) : undefined;
}

function notALine(text: string, detail: string): BackupError {
  return new BackupError(
    'archive-damaged',
    `an index holds a line that is none: ${JSON.stringify(text.slice(0, 200))}`,
    {
      detail,
    },
  );
}
