/** The record of a push that was refused: the archive holds other content under the file's name. */
export const WAL_CONFLICT_FORMAT = 'postgres-backup/wal-conflict/1';

export interface WalConflict {
  readonly format: typeof WAL_CONFLICT_FORMAT;
  readonly file: string;
  readonly systemIdentifier: string;
  /** ISO 8601, by the clock of the host that pushed. */
  readonly refusedAt: string;
  readonly archived: WalConflictContent;
  readonly pushed: WalConflictContent;
}

export interface WalConflictContent {
  /** Of the uncompressed content, lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}
