/**
 * What is in a volume, as the index has it. A path is bytes, not text: it is held as a string with one character for each byte
 * (`latin1`), which keeps every name there can be, and sorts as the bytes do.
 */
export const ENTRY_TYPES = ['file', 'directory', 'symbolic link', 'hard link'] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

export interface FileEntry {
  /** Below the volume's directory, without a slash at either end; empty for that directory itself. */
  readonly path: string;
  /** A hard link is a further name of a file that comes before it. */
  readonly type: EntryType;
  /** Of a file's content, with its holes; 0 for all else. */
  readonly sizeBytes: number;
  /** Permissions, with set-user-id, set-group-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970 with nine decimals. */
  readonly mtime: string;
  /** When the file system last changed anything of it; only ever compared. */
  readonly ctime: string;
  readonly inode: string;
  /** Of a symbolic link: what it says. Of a hard link: the path of the file. */
  readonly linkTarget?: string;
  /** Of a file's content, hex: what `sha256sum` says of it. */
  readonly sha256?: string;
  /** Whose archive holds it: 0 is that of the index's own point, 1 the first of what it is built on. */
  readonly archive: number;
  /** It was changed so shortly before it was looked at that a later change need not show in its times. */
  readonly isYoung?: boolean;
}

/** The order of an index: a directory, then what is in it, then its neighbours; names by their bytes. */
export function comparePaths(a: string, b: string): number {
  const [first, second] = [sortKey(a), sortKey(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** No name holds the byte 0, so a slash sorts before all others. */
function sortKey(path: string): string {
  return path.replaceAll('/', '\0');
}

/** The path of the directory that holds it; nothing for the volume's own. */
export function parentOf(path: string): string | undefined {
  if (path === '') return undefined;
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** Says what is wrong with a path below a volume, or nothing: it may not lead out of it, by any spelling. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return undefined;
  if (path.includes('\0')) return 'it holds the byte 0';
  const parts = path.split('/');
  if (parts.includes('')) return path.startsWith('/') ? 'it is absolute' : 'it holds an empty name';
  return parts.some((part) => part === '..' || part === '.') ? 'it holds "." or ".."' : undefined;
}

export function pathBytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

export function pathFromBytes(bytes: Buffer): string {
  return bytes.toString('latin1');
}

/** Of a text, such as an argument. */
export function pathFromText(text: string): string {
  return pathFromBytes(Buffer.from(text, 'utf8'));
}

/** For people: as text where it is text, else with the bytes that are none as `\xff`. */
export function describePath(path: string): string {
  if (path === '') return '.';
  const text = textOf(path);
  if (text !== undefined) return text;
  return path.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

/** Nothing when the bytes are no UTF-8. */
export function textOf(path: string): string | undefined {
  const text = pathBytes(path).toString('utf8');
  return pathFromText(text) === path ? text : undefined;
}

/** `1795185887.744100841`, of nanoseconds. */
export function secondsOf(nanoseconds: bigint): string {
  const isBefore = nanoseconds < 0n;
  const digits = (isBefore ? -nanoseconds : nanoseconds).toString().padStart(10, '0');
  return `${isBefore ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** With nine decimals, of a number that has fewer. */
export function paddedSeconds(seconds: string): string {
  const [whole, decimals = ''] = seconds.split('.');
  return `${whole}.${decimals.padEnd(9, '0').slice(0, 9)}`;
}
