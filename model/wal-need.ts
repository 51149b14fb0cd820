/** What a base backup needs of the log, as its manifest says it in the field `wal`: without it, it is no recovery point. */
export interface WalNeed {
  readonly systemIdentifier: string;
  /** On which it was begun and ended. */
  readonly timeline: number;
  /** As PostgreSQL writes positions: the log is needed from here … */
  readonly startLsn: string;
  /** … to here at least; from here on every moment can be reached that the archive reaches. */
  readonly stopLsn: string;
}

/** A base backup's need, with whose it is. */
export interface BaseBackupNeed extends WalNeed {
  /** Id of the recovery point. */
  readonly point: string;
}
