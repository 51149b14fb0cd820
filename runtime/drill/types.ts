import type { Drill, DrilledComponent, DrillExtent, DumpedDatabase, SqlCheck } from '../../model';
import type { DumpPoint } from '../catalog/recovery-point';
import type { EnvelopeKeys } from '../components/configuration/types';
import type { RunContext } from '../context';
import type { ArchiveEntry } from '../postgres/archive/archive-head';
import type { SqlSession } from '../postgres/session';
import type { MomentRequest } from '../recovery/types';
import type { Bucket } from '../store/bucket';
import type { DrillPhases } from './phases';
import type { DrillServer } from './server';

/** What to drill and what is expected of it. */
export interface DrillRequest {
  readonly source: string;
  /** @default dump */
  readonly component?: DrilledComponent;
  /** An id, or `latest`: the newest verified one. */
  readonly point: string;
  readonly checks: readonly SqlCheck[];
  /** Tables restored at once. */
  readonly jobs: number;
  /** Extensions that may be made besides those that are known to do no harm. */
  readonly allowedExtensions: readonly string[];
  /** How long a restore may take. @default - not stated */
  readonly recoveryTimeObjectiveSeconds?: number;
  /** Where the server's files lie. @default the system's directory for temporary files */
  readonly scratchParent?: string;
  readonly where: Drill['where'];
  /** Of objects, files: how much is restored. @default sample */
  readonly extent?: DrillExtent;
  /** Of objects, files: how many of each mirror or volume a sample has. @default 100, or one in a hundred where that is more */
  readonly sampleItems?: number;
  /** What lots are drawn by. @default by the clock */
  readonly seed?: number;
  /** Of a base backup: the moment to restore to. @default random */
  readonly moment?: 'random' | 'latest' | Date;
  /** Of a base backup: what its server reads the archived log with. */
  readonly logReader?: Pick<MomentRequest, 'program' | 'environment'>;
  /** Of objects: the vault, as a bucket. */
  readonly vault?: Bucket;
  /** Of objects whose data is a replica: opens its bucket. */
  readonly openReplica?: (uri: string) => Promise<Bucket>;
  /** Of a configuration: what opens the envelope. @default those of KMS */
  readonly keys?: EnvelopeKeys;
}

/** A drill needs no server: it starts its own. */
export type DrillContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'>;

/** One database of a drill, with all that its steps share. */
export interface OneDatabase {
  readonly request: DrillRequest;
  readonly context: DrillContext;
  readonly server: DrillServer;
  readonly point: DumpPoint;
  readonly dumped: DumpedDatabase;
  readonly checks: readonly SqlCheck[];
  /** Whether there are roles to restore owners and grants with. */
  readonly ownership: 'as dumped' | 'connecting user';
  readonly directory: string;
  readonly phases: DrillPhases;
}

/** A database that was restored, with what is needed to hold it against its manifest. */
export interface RestoredDatabase {
  readonly point: DumpPoint;
  readonly dumped: DumpedDatabase;
  /** As an ordinary role that may read everything. */
  readonly session: SqlSession;
  /** Of the archive of definitions; empty where there is none. */
  readonly entries: readonly ArchiveEntry[];
  /** Whether owners and grants came back. */
  readonly ownership: OneDatabase['ownership'];
  /** Definitions that were not made. */
  readonly leftOut: readonly ArchiveEntry[];
  /** The schema of amcheck's functions; absent where the server has none. */
  readonly amcheckSchema?: string;
  /** Why the database could not be made with the collation of the source. */
  readonly collationProblem?: string;
  readonly signal: AbortSignal;
}
