/**
 * The inventory of a mirror: which version in the vault is which object of the source. Lines of JSON, sorted by key in order of
 * UTF-8 bytes, as object stores list. It begins with a line that says what it is.
 */
export const INVENTORY_FORMAT = 'postgres-backup/inventory/1';

/** The pieces of an inventory, as a policy names them: `uploads/inventory-000001.jsonl.zst`. */
export const INVENTORY_PIECES = 'inventory-*.jsonl.zst';

export interface InventoryEntry {
  /** At the source, below its prefix, byte for byte. */
  readonly key: string;
  /** Its name in the mirror's folder for long keys: S3 takes keys of 1,024 bytes, prefix and all. */
  readonly long?: string;
  readonly sizeBytes: number;
  /** The source's own, with its quotes, and when it was written there: by these a change is noticed. */
  readonly sourceEtag: string;
  /** ISO 8601. */
  readonly modified: string;
  /** At the source; absent for STANDARD. */
  readonly storageClass?: string;
  /** In the vault. */
  readonly versionId: string;
  /** Of that version, as the vault lists it. */
  readonly etag: string;
  /** Of the whole, lower-case hex; absent for an object in parts. */
  readonly sha256?: string;
  /** Of an object that was copied in parts. */
  readonly parts?: InventoryParts;
  /** `unknown`: of a copy by S3's own replication, which the store's lists tell no digest of. Then there is neither of the above. */
  readonly digest?: 'unknown';
  /** Tags are kept here, not at the vault's version: there, tags decide what is deleted. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface InventoryParts {
  /** Of each part but the last. */
  readonly sizeBytes: number;
  /** Lower-case hex, in order. */
  readonly sha256: readonly string[];
}

/** Where an object of a mirror lies in the vault. */
export function mirroredKey(prefix: string, entry: Pick<InventoryEntry, 'key' | 'long'>): string {
  return entry.long === undefined ? `${prefix}${entry.key}` : `${longKeysPrefix(prefix)}${entry.long}`;
}

/** Beside a mirror's own folder; no mirror's name has a dot. */
export function longKeysPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}.long/`;
}

export function inventoryHeader(mirror: string): string {
  return JSON.stringify({ format: INVENTORY_FORMAT, mirror });
}

/** Whether a line is the beginning of a mirror's inventory. */
export function isInventoryHeader(line: string, mirror: string): boolean {
  return line === inventoryHeader(mirror);
}

/** The order in which object stores list keys: that of their UTF-8 bytes. Of JavaScript's own order it differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of characters beyond U+FFFF come after all others. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Says what is wrong with what a line holds, or nothing. */
export function inventoryEntryProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object';
  const entry = value as Partial<Record<keyof InventoryEntry, unknown>>;
  // A folder's own marker has the empty key.
  if (typeof entry.key !== 'string') return `its key is ${JSON.stringify(entry.key)}`;
  const wrongText = (['sourceEtag', 'modified', 'versionId', 'etag'] as const).find(
    (name) => typeof entry[name] !== 'string' || entry[name] === '',
  );
  if (wrongText !== undefined) return `its ${wrongText} is ${JSON.stringify(entry[wrongText])}`;
  if (!Number.isSafeInteger(entry.sizeBytes) || (entry.sizeBytes as number) < 0) {
    return `its sizeBytes is ${JSON.stringify(entry.sizeBytes)}`;
  }
  return digestProblem(entry as InventoryEntry);
}

function digestProblem({ sha256, parts, sizeBytes, digest }: InventoryEntry): string | undefined {
  if (digest !== undefined) {
    return digest === 'unknown' && sha256 === undefined && parts === undefined
      ? undefined
      : `its digest is ${JSON.stringify(digest)}, beside others`;
  }
  if (sha256 !== undefined) return SHA256.test(sha256) ? undefined : `its sha256 is ${JSON.stringify(sha256)}`;
  if (parts === undefined) return 'it has no digest';
  const expected = parts.sizeBytes > 0 ? Math.ceil(sizeBytes / parts.sizeBytes) : -1;
  if (!Array.isArray(parts.sha256) || parts.sha256.length !== expected) {
    return `its parts do not make ${sizeBytes} bytes`;
  }
  return (parts.sha256 as readonly string[]).every((digest) => SHA256.test(digest))
    ? undefined
    : 'a digest of its parts is none';
}

const SHA256 = /^[0-9a-f]{64}$/;
