import { tmpdir } from 'node:os';
import {
  OLDEST_LISTING_HOURS,
  type InventoryEntry,
  type ObjectsManifest,
  type Outcome,
  type RetentionClass,
} from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import type { Bucket, RequestCounts } from '../../store/bucket';
import type { RunContext } from '../../context';

/** What a run of mirrors works with: it needs no server. */
export type MirrorContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now' | 'deadlineSeconds'>;

export interface MirrorsRequest {
  readonly source: string;
  readonly class: RetentionClass;
  /** The scheduler's time of firing: two runs with the same time make one recovery point, the later one is skipped. */
  readonly scheduledAt?: Date;
  readonly mirrors: readonly MirrorRequest[];
  /** Whether these are all mirrors of the source. @default some: what else the newest point has is named as lacking */
  readonly given?: 'everything' | 'some';
  /** Where mirrored objects are written: the vault, as a bucket. */
  readonly vault: Bucket;
  readonly settings: MirrorSettings;
}

/** One mirror: what is copied, and under which name. */
export interface MirrorRequest {
  readonly name: string;
  readonly from: Bucket;
  /** Of a store other than AWS. */
  readonly endpoint: string | null;
  /** The vault's store can read the source by itself. Otherwise every byte passes through here. */
  readonly way: 'by the store' | 'through here';
  /** Prefixes, below the source's own; empty: everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly tags: 'keep' | 'leave out';
  /** `continuous`: a function copies between the runs, too, and keeps a journal of it. */
  readonly between?: 'continuous';
  /** With the lists of S3 Inventory, of `from`, which is then a replica. */
  readonly listings?: Bucket;
}

export interface MirrorSettings {
  /** Objects on their way at once. */
  readonly concurrency: number;
  /** Bytes a second that pass through here; absent: no limit. */
  readonly bandwidthBytesPerSecond?: number;
  /** What becomes of a run after which more than half of the objects or bytes of the last one are gone. */
  readonly loss: 'refuse' | 'accept';
  /** Share of objects or bytes, 0 to 1. */
  readonly lossLimit: number;
  /** Objects larger than this are copied in parts of this size. */
  readonly partBytes: number;
  /** What the store copies in one request. */
  readonly wholeCopyBytes: number;
  /** Lines of one piece of the inventory. */
  readonly segmentEntries: number;
  /** A piece is stored at the latest after so many copies: what a run that is killed has to copy again. */
  readonly segmentCopies: number;
  /** A list of S3 Inventory that is older is none. */
  readonly oldestListingHours: number;
  /** Where lists of S3 Inventory are sorted. */
  readonly scratchDirectory: string;
}

const MIB = 1024 * 1024;

export const DEFAULT_MIRROR_SETTINGS: MirrorSettings = {
  concurrency: 64,
  loss: 'refuse',
  lossLimit: 0.5,
  partBytes: 8 * MIB,
  // S3 copies up to 5 GiB at once; in parts it is faster from some hundred megabytes on.
  wholeCopyBytes: 1024 * MIB,
  segmentEntries: 100_000,
  segmentCopies: 10_000,
  oldestListingHours: OLDEST_LISTING_HOURS,
  scratchDirectory: tmpdir(),
};

export type MirrorsResult = MadePoint<ObjectsManifest> & {
  /** What the store was asked for; of a run that was skipped, nothing. */
  readonly requests: RequestCounts;
};

export interface ObjectsRestoreRequest {
  readonly point: RecoveryPoint<ObjectsManifest>;
  /** Which of the point's mirrors; absent: its only one. */
  readonly mirror?: string;
  readonly vault: Bucket;
  /** Opens the bucket of a mirror whose data is a replica. Without it, such a mirror is not restored. */
  readonly openReplica?: (uri: string) => Promise<Bucket>;
  readonly to: Bucket;
  /** One store holds both, and copies by itself. Otherwise every byte passes through here. */
  readonly way: 'by the store' | 'through here';
  /** Only keys that begin so; empty: all. */
  readonly below: string;
  /** Only those that it takes; told of each in order of the keys. @default all */
  readonly takes?: (entry: InventoryEntry) => boolean;
  /** What becomes of other content under the same key. */
  readonly existing: 'refuse' | 'overwrite';
  readonly settings: Pick<MirrorSettings, 'concurrency' | 'partBytes' | 'wholeCopyBytes'>;
}

export interface ObjectsRestoreReport {
  /** `failed` when anything that was asked for is not at the target. */
  readonly outcome: Outcome;
  readonly point: string;
  readonly source: string;
  readonly mirror: string;
  readonly target: string;
  readonly restored: number;
  readonly restoredBytes: number;
  /** Were there already. */
  readonly same: number;
  /** Other content was there and was left. */
  readonly different: number;
  /** Not in the vault any more as they were mirrored. */
  readonly damaged: number;
  /** Objects of the source that the mirror could not copy: they are not in the recovery point. */
  readonly missing: number;
  /** Of the restored: in exactly the version and with the ETag that was listed, but no digest is known of them. */
  readonly uncompared: number;
  /** The first of those that were not put back. */
  readonly findings: readonly { readonly key: string; readonly finding: string }[];
  readonly durationMs: number;
}
