import type { DumpContent, DumpManifest, FailureCode, Outcome, RetentionClass, TableClass } from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import type { DumpPoint } from '../../catalog/recovery-point';
import type { ArchiveEntry } from '../../postgres/archive/archive-head';

/** What to dump and how. */
export interface DumpRequest {
  readonly source: string;
  readonly class: RetentionClass;
  /** The scheduler's time of firing: two runs with the same time make one recovery point, the later one is skipped. */
  readonly scheduledAt?: Date;
  /** Names, or `all` for every database that accepts connections; empty: the one the connection names. */
  readonly databases: readonly string[] | 'all';
  readonly content: DumpContent;
  /** Roles, memberships and tablespaces too. */
  readonly globals: boolean;
  /** Dumps that run at once under the one snapshot; as many can be restored at once. */
  readonly jobs: number;
  /** zstd level. */
  readonly compressionLevel: number;
  /** `pg_dump` patterns; such tables get archives of their own, restored first. */
  readonly criticalTables: readonly string[];
  /** `pg_dump` patterns; of such tables only the definition is kept. */
  readonly ephemeralTables: readonly string[];
  /** A database with fewer tables is refused as the wrong or an empty one. */
  readonly minimumTables: number;
  readonly lockTimeoutSeconds: number;
  /** `pg_dump` patterns; the rows of such tables are hashed in the snapshot, for a drill to compare. @default none */
  readonly contentHashTables?: readonly string[];
}

export type DumpResult = MadePoint<DumpManifest>;

export interface RestoreRequest {
  readonly point: DumpPoint;
  /** Which of the point's databases; absent: its only one. The connection says where it goes. */
  readonly database?: string;
  /**
   * `refuse` a target that holds anything, or `clean`: drop and create it anew. `as prepared`: whoever asks has made it just now,
   * and what is in it belongs there.
   */
  readonly existing: 'refuse' | 'clean' | 'as prepared';
  /** Create the target database when there is none. */
  readonly create: boolean;
  /** `schema.table`, or `table` for any schema; empty: everything. */
  readonly tables: readonly string[];
  readonly content: DumpContent;
  /** `restore` roles and memberships first, or `skip` them. */
  readonly roles: 'restore' | 'skip';
  /** Give every object to the connecting user and leave grants out (`--no-owner --no-privileges`). */
  readonly ownership: 'as dumped' | 'connecting user';
  readonly jobs: number;
  /** Which of the definitions are made. @default all that belong to the tables */
  readonly chooseDefinitions?: (entries: readonly ArchiveEntry[]) => readonly ArchiveEntry[];
  /** What is compared at the end; `nothing`: whoever asked compares, and more than that. @default row counts */
  readonly comparing?: 'row counts' | 'nothing';
  /** Where definitions are kept while it runs. @default the system's directory for temporary files */
  readonly scratchDirectory?: string;
}

export interface ComparedTable {
  readonly schema: string;
  readonly name: string;
  readonly class: TableClass;
  /** From the manifest. */
  readonly expectedRows: number;
  /** Counted in the target; `null` when it could not be counted. */
  readonly foundRows: number | null;
}

export interface RestoreReport {
  readonly outcome: Outcome;
  readonly point: string;
  readonly source: string;
  readonly database: string;
  /** `user@host:port/database`. */
  readonly target: string;
  readonly phases: readonly { readonly name: string; readonly durationMs: number; readonly summary: string }[];
  readonly tables: readonly ComparedTable[];
  readonly durationMs: number;
  readonly warnings: readonly string[];
}

export interface PreflightFinding {
  /** What was looked at: `server version`, `readable tables`, … */
  readonly check: string;
  readonly outcome: Outcome | 'warning';
  readonly finding: string;
  /** Of a check that failed or could not be carried out. */
  readonly code?: FailureCode;
  readonly hint?: string;
}

export interface CheckReport {
  readonly outcome: Outcome;
  readonly server: string;
  readonly databases: readonly { readonly name: string; readonly findings: readonly PreflightFinding[] }[];
}
