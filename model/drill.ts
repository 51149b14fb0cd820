import { sourcePrefix } from './layout';
import type { Outcome } from './outcome';

/** The record of a drill, stored in the vault. Kept for ever: it is what shows later that a backup could be restored. */
export const DRILL_FORMAT = 'postgres-backup/drill/1';
export const DRILL_NAME = 'drill.json';

/** What a drill holds against the manifest, in the order in which it is done. */
export const COMPARISONS = [
  'encoding and collation',
  'extensions',
  'row counts',
  'content',
  'definitions',
  'owners and privileges',
  'validity',
  'indexes',
  'sequences',
  'large objects',
] as const;

/** What a drill of another component than the dump compares besides. */
export const COMPONENT_COMPARISONS = [
  // A base backup and the log after it.
  'files',
  'log',
  'moment',
  'page checksums',
  'tables',
  // Mirrors, volumes, a configuration.
  'inventory',
  'objects',
  'index',
  'names',
  'entries',
] as const;
export type ComparisonName = (typeof COMPARISONS)[number] | (typeof COMPONENT_COMPARISONS)[number];

/** The components that can be drilled. */
export const DRILLED_COMPONENTS = ['dump', 'base-backup', 'objects', 'files', 'configuration'] as const;
export type DrilledComponent = (typeof DRILLED_COMPONENTS)[number];

/** How much is restored: some by lot, or everything. `monthly`: everything in the first drill of a month, else some. */
export const DRILL_EXTENTS = ['sample', 'full', 'monthly'] as const;
export type DrillExtent = (typeof DRILL_EXTENTS)[number];

export interface DrillComparison {
  readonly name: ComparisonName;
  readonly outcome: Outcome;
  /** How many things were compared. Nothing compared is never passed. */
  readonly compared: number;
  /** What is not as it should be; the first {@link MOST_FINDINGS}. */
  readonly findings: readonly string[];
}

/** Kept of one comparison. */
export const MOST_FINDINGS = 50;

export interface DrillPhase {
  /** `null`: of the whole drill. */
  readonly database: string | null;
  readonly name: string;
  readonly durationMs: number;
  readonly summary: string;
}

export interface DrilledDatabase {
  readonly name: string;
  readonly comparisons: readonly DrillComparison[];
  /** What is never made in a drill: it needs a superuser or reaches outside. */
  readonly leftOut: readonly string[];
}

/** What is restored that is no database: a mirror, a volume, a configuration, or what a whole server has in common. */
export interface DrilledPart {
  readonly name: string;
  readonly comparisons: readonly DrillComparison[];
  /** How many of how many were restored: objects, names, entries; absent where it is always everything. */
  readonly tried?: number;
  readonly of?: number;
}

/** The moment that a drill of a base backup restored to. */
export interface DrilledMoment {
  /** `random`, `latest`, or the time that was asked for. */
  readonly asked: string;
  /** Where that is: in words. */
  readonly target: string;
  /** Where recovery stood at its end; `null` when it did not come to that. */
  readonly reachedLsn: string | null;
  /** Of the last transaction before, by the clock of the server that committed it. */
  readonly lastTransactionAt: string | null;
}

export interface DrilledCheck {
  readonly name: string;
  readonly database: string | null;
  readonly expected: string;
  readonly outcome: Outcome;
  /** What it gave, as text; `null` when it gave nothing. */
  readonly found: string | null;
  /** Why it did not pass; empty when it did. */
  readonly finding: string;
}

export interface DrillIssue {
  readonly subject: string;
  readonly outcome: Exclude<Outcome, 'passed'>;
  readonly finding: string;
}

export interface DrilledPoint {
  readonly point: string;
  readonly class: string;
  /** When its backup began: what is in it is no newer than that. */
  readonly startedAt: string;
  readonly verification: Outcome | 'not verified';
  readonly manifestSha256: string;
  readonly storedBytes: number;
  /** Of a dump. */
  readonly tables?: number;
  readonly rows?: number;
  /** Of another component: objects, files, entries. */
  readonly items?: number;
}

export interface Drill {
  readonly format: typeof DRILL_FORMAT;
  /** `20261120T041500Z-4k2m9x`. */
  readonly drill: string;
  readonly source: string;
  readonly component: DrilledComponent;
  readonly outcome: Outcome;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  /** `null` when none was found to be drilled. */
  readonly point: DrilledPoint | null;
  /**
   * The recovery point that it would have taken by itself, where an older one was asked for: it proves that one, and says nothing
   * of today's backups. Absent otherwise.
   */
  readonly insteadOf?: string;
  /** Of PostgreSQL, at the source and at the drill; of the tool. `null` when it did not come to that. */
  readonly versions: { readonly source: string | null; readonly drill: string | null; readonly tool: string };
  /** Where and by whom: machine, operating system's user, and the task where there is one. */
  readonly where: { readonly host: string; readonly user: string; readonly task: string | null };
  readonly phases: readonly DrillPhase[];
  /** What a restore took: every phase that a restore in earnest has too, and nothing else. `null` when it did not get to its end. */
  readonly restoreMs: number | null;
  /** How long a restore may take, as stated; `null` when nothing is. */
  readonly recoveryTimeObjectiveSeconds: number | null;
  readonly databases: readonly DrilledDatabase[];
  /** Absent in a drill of a dump. */
  readonly parts?: readonly DrilledPart[];
  /** Whether everything was restored; absent where it always is. */
  readonly extent?: Exclude<DrillExtent, 'monthly'>;
  /** What the lots were drawn by: the same seed draws the same again. Absent where none were drawn. */
  readonly seed?: number;
  /** Of a base backup. */
  readonly moment?: DrilledMoment;
  readonly checks: readonly DrilledCheck[];
  /** Everything that did not pass, in one list; empty when all did. */
  readonly issues: readonly DrillIssue[];
  /** What stopped it; `null` when it got to its end. */
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly detail: string | null;
    /** What to do about it. */
    readonly hint?: string;
  } | null;
  readonly warnings: readonly string[];
  /** The record before this one, of the same component, with the SHA-256 of its bytes; `null` for the first. So none can be changed or taken away unseen. */
  readonly previous: { readonly key: string; readonly sha256: string } | null;
}

/** Everything that a drill compared, of whatever component. */
export function comparisonsOf({ databases, parts = [] }: Pick<Drill, 'databases' | 'parts'>): DrillComparison[] {
  return [...databases, ...parts].flatMap(({ comparisons }) => comparisons);
}

/** Below it lie the records of all drills of a source. */
export function drillsPrefix(source: string): string {
  return `${sourcePrefix(source)}drills/`;
}

/** Below it lie the records of one component's drills, and for the dump, which was there first, those of all. */
export function componentDrillsPrefix(source: string, component: DrilledComponent): string {
  return component === 'dump' ? drillsPrefix(source) : `${drillsPrefix(source)}${component}/`;
}

/** The component whose drill's record a key is, or nothing. */
export function drilledComponentOf(source: string, key: string): DrilledComponent | undefined {
  const prefix = drillsPrefix(source);
  if (!key.startsWith(prefix) || !key.endsWith(`/${DRILL_NAME}`)) return undefined;
  const [first] = key.slice(prefix.length).split('/');
  return /^\d{4}$/.test(first) ? 'dump' : DRILLED_COMPONENTS.find((component) => component === first);
}

/** Key of a drill's record; `id` as `pointId` makes it. */
export function drillKey(source: string, id: string, component: DrilledComponent = 'dump'): string {
  const prefix = componentDrillsPrefix(source, component);
  return `${prefix}${id.slice(0, 4)}/${id.slice(4, 6)}/${id.slice(6, 8)}/${id}/${DRILL_NAME}`;
}

/** The worst of all: failed before could not verify before passed. Of nothing, nothing is proven. */
export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('failed')) return 'failed';
  return outcomes.length === 0 || outcomes.includes('could not verify') ? 'could not verify' : 'passed';
}

/** Phases that take as long as there is data; the others take as long as there are objects. */
const GROWING_PHASES: readonly string[] = [
  'data',
  'indexes, constraints',
  'base backup',
  'writing to disk',
  'files',
  'objects',
];

/** What a drill measured, as far as a projection needs it. */
export type MeasuredDrill = Pick<Drill, 'phases' | 'restoreMs' | 'point'>;

/**
 * How long a restore would take with as much data as there is now, in milliseconds: what grows with the data grows with the size
 * of the recovery point, the rest stays. Never less than was measured. `null` when nothing was measured.
 */
export function projectRestoreMs({ phases, restoreMs, point }: MeasuredDrill, newestBytes: number): number | null {
  if (restoreMs === null || point === null) return null;
  const growingMs = phases
    .filter(({ name }) => GROWING_PHASES.includes(name))
    .reduce((sum, { durationMs }) => sum + durationMs, 0);
  const growth = point.storedBytes > 0 ? Math.max(1, newestBytes / point.storedBytes) : 1;
  return Math.round(restoreMs + growingMs * (growth - 1));
}
