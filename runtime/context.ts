import type { Reporter } from './observe/reporter';
import type { ConnectionSource } from './postgres/connection';
import type { ObjectStore } from './store/store';

/** What every run is given: where things are, whom to tell, and when to stop. */
export interface RunContext {
  readonly store: ObjectStore;
  readonly server: ConnectionSource;
  readonly reporter: Reporter;
  /** Aborted at the deadline and on SIGTERM, with the BackupError to end with as its reason. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** How long the run may take, for those that find a trace of it. @default 12 h */
  readonly deadlineSeconds?: number;
}
