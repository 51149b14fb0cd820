import type { RunContext } from '../../../context';
import type { PostgresTools } from '../../../postgres/tools';
import type { Zstd } from '../../../postgres/zstd';
import type { DumpRequest } from '../types';

/** Everything the steps of one backup share. */
export interface BackupRun {
  readonly request: DumpRequest;
  readonly context: RunContext;
  /** Of the recovery point that is being made; ends with a slash. */
  readonly prefix: string;
  readonly tools: PostgresTools;
  readonly zstd: Zstd;
  readonly warnings: string[];
  /** Told of each snapshot as soon as it is taken. */
  readonly onSnapshot: (database: string, takenAt: Date) => Promise<void>;
}
