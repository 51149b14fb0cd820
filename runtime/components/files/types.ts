import type { FilesManifest, Outcome, RetentionClass } from '../../../model';
import type { MadePoint } from '../../catalog/make-point';
import type { RecoveryPoint } from '../../catalog/recovery-point';

export type FilesPoint = RecoveryPoint<FilesManifest>;

/** A directory that is backed up under a name. */
export interface VolumeSource {
  readonly name: string;
  readonly directory: string;
}

/** What to back up and how. */
export interface FilesRequest {
  readonly source: string;
  readonly class: RetentionClass;
  /** The scheduler's time of firing: two runs with the same time make one recovery point, the later one is skipped. */
  readonly scheduledAt?: Date;
  readonly volumes: readonly VolumeSource[];
  /** Whether these are all volumes of the source. @default some: what else the newest point has is named as lacking */
  readonly given?: 'everything' | 'some';
  /** Everything is stored again when the last time is longer ago; 0: every time, and built on nothing. */
  readonly fullEverySeconds: number;
  /** zstd level. */
  readonly compressionLevel: number;
  /** A volume with fewer files is refused: one that is not mounted is empty. */
  readonly minimumFiles: number;
}

export type FilesResult = MadePoint<FilesManifest>;

export interface RestoreFilesRequest {
  readonly point: FilesPoint;
  /** Made when it is not there. Of several volumes each goes into a directory of its name in it. */
  readonly directory: string;
  /** Names; empty: all of the point's. */
  readonly volumes: readonly string[];
  /** Below the volume: such a file, or a directory with all that is in it. Empty: everything. */
  readonly paths: readonly string[];
  /** Instead of paths: of each volume exactly these, with the directories on the way; as an index spells them. */
  readonly chosen?: ReadonlyMap<string, ReadonlySet<string>>;
  /** A directory that holds something: `refuse`, `overwrite` (what is not in the backup stays), or `clean` (nothing stays). */
  readonly existing: 'refuse' | 'overwrite' | 'clean';
}

export interface RestoredVolume {
  readonly name: string;
  readonly directory: string;
  /** Files, directories and links that were restored and compared. */
  readonly entries: number;
  readonly contentBytes: number;
  /** What is not as in the backup, with its path; at most {@link MOST_DIFFERENCES}. */
  readonly differences: readonly string[];
  readonly differing: number;
}

export const MOST_DIFFERENCES = 50;

export interface RestoreFilesReport {
  readonly outcome: Outcome;
  readonly point: string;
  readonly source: string;
  readonly volumes: readonly RestoredVolume[];
  readonly durationMs: number;
  readonly warnings: readonly string[];
}
