/** PostgreSQL's own `backup_manifest`: each file with its SHA-256, the log that is needed, and a digest of itself. */
import { createHash } from 'node:crypto';
import { BackupError } from '../../errors';
import { listOf, orAbsent, positive, record, text, count, type Check } from '../../catalog/shapes/checks';

export const BACKUP_MANIFEST_NAME = 'backup_manifest';

/** A line a file: so much is enough for millions of them. */
export const MAXIMUM_MANIFEST_BYTES = 512 * 1024 * 1024;

export interface BackupManifest {
  /** By path in the data directory; those of a tablespace begin with `pg_tblspc/<oid>/`. */
  readonly files: ReadonlyMap<string, ManifestFile>;
  readonly wal: { readonly timeline: number; readonly startLsn: string; readonly stopLsn: string };
  readonly contentBytes: number;
}

export interface ManifestFile {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

interface Document {
  readonly Files: readonly {
    readonly Path?: string;
    /** Of a path that is no UTF-8: hex. */
    readonly 'Encoded-Path'?: string;
    readonly Size: number;
    readonly 'Checksum-Algorithm'?: string;
    readonly Checksum?: string;
  }[];
  readonly 'WAL-Ranges': readonly {
    readonly Timeline: number;
    readonly 'Start-LSN': string;
    readonly 'End-LSN': string;
  }[];
}

const SHAPE: Check = record({
  Files: listOf(
    record({
      Path: orAbsent(text),
      'Encoded-Path': orAbsent(text),
      Size: count,
      'Checksum-Algorithm': orAbsent(text),
      Checksum: orAbsent(text),
    }),
  ),
  'WAL-Ranges': listOf(record({ Timeline: positive, 'Start-LSN': text, 'End-LSN': text })),
});

/** @throws BackupError `archive-damaged` for what is none, is not whole, or has files without SHA-256. */
export function readBackupManifest(bytes: Buffer): BackupManifest {
  requireOwnDigest(bytes);
  const document = parse(bytes);
  const files = new Map<string, ManifestFile>();
  for (const file of document.Files) {
    const path = file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString('utf8');
    const { Checksum: sha256 = '', 'Checksum-Algorithm': algorithm } = file;
    if (path === '' || algorithm !== 'SHA256' || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw damaged(`${JSON.stringify(path)} has no SHA-256`);
    }
    if (files.has(path)) throw damaged(`it names ${JSON.stringify(path)} twice`);
    files.set(path, { sizeBytes: file.Size, sha256 });
  }
  const ranges = document['WAL-Ranges'];
  // A standby that follows a fail-over while it is backed up would have several: PostgreSQL refuses that itself.
  if (ranges.length !== 1) throw damaged(`it needs ${ranges.length} ranges of the log, not one`);
  const [{ Timeline: timeline, 'Start-LSN': startLsn, 'End-LSN': stopLsn }] = ranges;
  const contentBytes = [...files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { files, wal: { timeline, startLsn, stopLsn }, contentBytes };
}

/** The last line holds the digest of all before it. */
function requireOwnDigest(bytes: Buffer): void {
  const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  const stated = /^"Manifest-Checksum": "([0-9a-f]{64})"\}\s*$/.exec(bytes.toString('utf8', lastLine))?.[1];
  const found = createHash('sha256').update(bytes.subarray(0, lastLine)).digest('hex');
  if (stated !== found) throw damaged(`its SHA-256 is ${found}, it says ${stated ?? 'nothing of it'}`);
}

function parse(bytes: Buffer): Document {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`);
  }
  const problem = SHAPE(document, '');
  if (problem !== undefined) throw damaged(problem);
  return document as Document;
}

function damaged(detail: string): BackupError {
  return new BackupError(
    'archive-damaged',
    `the ${BACKUP_MANIFEST_NAME} of a base backup is not as PostgreSQL writes it`,
    {
      detail,
    },
  );
}
