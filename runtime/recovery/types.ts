import type { Outcome } from '../../model';
import type { RunContext } from '../context';

/** The moment to which a server is restored. */
export type MomentTarget =
  | { readonly kind: 'time'; readonly at: Date }
  | { readonly kind: 'lsn'; readonly lsn: bigint }
  /** As `pg_create_restore_point` made it. */
  | { readonly kind: 'name'; readonly name: string }
  /** As far as the archive reaches. */
  | { readonly kind: 'latest' };

export interface MomentRequest {
  readonly source: string;
  readonly target: MomentTarget;
  /** Made when it is not there; must be empty. */
  readonly dataDirectory: string;
  /** On which timeline the moment lies. @default the newest in the archive */
  readonly timeline?: number;
  /** Id of the base backup. @default the newest that ends before the moment */
  readonly base?: string;
  /** Where tablespaces are put instead of where they were: old directory to new. */
  readonly tablespaces: ReadonlyMap<string, string>;
  /** What is left behind: a server that can be written to, one that waits at the moment, or one that has not begun. */
  readonly end: 'promote' | 'pause' | 'no start';
  /** For `restore_command`: the program that this is, as a shell takes it. */
  readonly program: readonly string[];
  /** What reaches the vault: given to the server that is started, written nowhere. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long a segment may be on its way although later ones are archived. */
  readonly gapPatienceSeconds: number;
  /**
   * Whether the recovering server reads the settings that were backed up. `left out`: none of them, so that nothing they name is
   * loaded, run or connected to. For practice: what is left behind has no settings of its own any more.
   *
   * @default as backed up
   */
  readonly settings?: 'as backed up' | 'left out';
  /** Where the recovering server's socket and log lie. @default the system's directory for temporary files */
  readonly runParent?: string;
}

/** What a restore to a moment works with: the server is its own. */
export type MomentContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now'>;

/** Where recovery stopped. */
export interface ReachedMoment {
  readonly lsn: string;
  /** Of the last transaction before it, by the clock of the server that committed it; `null` when there is none. */
  readonly lastTransactionAt: string | null;
}

/** What shows that the moment was reached: the last transaction before it, as the archive has it. */
export interface CanaryFinding {
  readonly outcome: Outcome;
  readonly finding: string;
}

export interface MomentReport {
  readonly outcome: Outcome;
  readonly source: string;
  /** Id of the base backup. */
  readonly point: string;
  /** What was asked for, in words. */
  readonly target: string;
  readonly timeline: number;
  readonly dataDirectory: string;
  readonly end: 'promoted' | 'paused' | 'not started' | 'not promoted';
  /** `null` when it was not started. */
  readonly reached: ReachedMoment | null;
  readonly canary: CanaryFinding;
  readonly durationMs: number;
  readonly warnings: readonly string[];
}
