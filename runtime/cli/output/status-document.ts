import { pointId, type LackedPart, type RetentionClass } from '../../../model';
import { ageSeconds, type ObjectiveResult } from '../../observe/status/evaluate';
import type { DatedDrill, DrillStatus } from '../../observe/status/drill-status';
import type { DatedSet } from '../../observe/status/set-status';
import type { ComponentStatus, DatedPoint, SourceStatus } from '../../observe/status/source-status';

/** `--json` of `status`. */
export interface StatusDocument {
  readonly format: 'postgres-backup/status/1';
  readonly outcome: 'passed' | 'objective missed';
  readonly source: string;
  readonly vault: string;
  readonly at: string;
  readonly components: readonly ComponentDocument[];
  readonly sets: {
    readonly newest: SetDocument;
    readonly newestGood: SetDocument | null;
    readonly kept: number;
  } | null;
  readonly drills: { readonly newest: DrillDocument; readonly newestPassed: DrillDocument | null } | null;
  readonly objectives: readonly ObjectiveResult[];
}

type SetDocument = Omit<DatedSet, 'begunAt'> & { readonly begunAt: string; readonly ageSeconds: number };
type DrillDocument = Omit<DatedDrill, 'begunAt'> & { readonly begunAt: string; readonly ageSeconds: number };

interface ComponentDocument {
  readonly component: string;
  readonly newest:
    | (PointDocument & {
        readonly verification: string;
        readonly serverVersion: string | null;
        readonly storedBytes: number;
        readonly items: number;
        readonly durationMs: number;
        readonly lacks: readonly LackedPart[];
      })
    | null;
  readonly newestVerified: PointDocument | null;
  readonly oldest: PointDocument | null;
  readonly kept: Readonly<Partial<Record<RetentionClass, number>>>;
  readonly notGood: readonly { readonly point: string; readonly outcome: string; readonly reason: string }[];
  readonly failedRuns: readonly {
    readonly point: string;
    readonly class: string;
    readonly failedAt: string;
    readonly code: string;
    readonly message: string;
  }[];
  /** Of another component than the dump; `null` when there was none yet. */
  readonly drills?: StatusDocument['drills'];
}

interface PointDocument {
  readonly point: string;
  readonly class: RetentionClass;
  readonly begunAt: string;
  readonly ageSeconds: number;
}

export function statusDocument(status: SourceStatus, results: readonly ObjectiveResult[]): StatusDocument {
  return {
    format: 'postgres-backup/status/1',
    outcome: results.every(({ met }) => met) ? 'passed' : 'objective missed',
    source: status.source,
    vault: status.vault,
    at: status.at.toISOString(),
    components: status.components.map((component) => componentDocument(component, status.at)),
    sets: setsDocument(status),
    drills: drillsDocument(status.drills, status.at),
    objectives: results,
  };
}

function setsDocument({ sets, at }: SourceStatus): StatusDocument['sets'] {
  const document = (set: DatedSet): SetDocument => ({
    ...set,
    begunAt: set.begunAt.toISOString(),
    ageSeconds: ageSeconds(set, at),
  });
  if (!sets) return null;
  const { newest, newestGood, kept } = sets;
  return { newest: document(newest), newestGood: newestGood && document(newestGood), kept };
}

function drillsDocument(drills: DrillStatus | undefined, at: Date): StatusDocument['drills'] {
  const document = (drill: DatedDrill): DrillDocument => ({
    ...drill,
    begunAt: drill.begunAt.toISOString(),
    ageSeconds: ageSeconds(drill, at),
  });
  if (!drills) return null;
  return { newest: document(drills.newest), newestPassed: drills.newestPassed && document(drills.newestPassed) };
}

function componentDocument(status: ComponentStatus, at: Date): ComponentDocument {
  const { component, newest, newestVerified, oldest, kept, notGood, failedRuns } = status;
  return {
    component,
    newest: newest && { ...pointDocument(newest, at), ...figuresOf(newest) },
    newestVerified: newestVerified && pointDocument(newestVerified, at),
    oldest: oldest && pointDocument(oldest, at),
    kept,
    notGood: notGood.map(({ address, outcome, reason }) => ({ point: pointId(address), outcome, reason })),
    failedRuns: failedRuns.map(({ address, failedAt, code, message }) => ({
      point: pointId(address),
      class: address.class,
      failedAt: failedAt.toISOString(),
      code,
      message,
    })),
    ...(component !== 'dump' && { drills: drillsDocument(status.drills, at) }),
  };
}

function figuresOf({
  verification,
  serverVersion,
  storedBytes,
  items,
  durationMs,
  lacks,
}: NonNullable<ComponentStatus['newest']>) {
  return { verification, serverVersion, storedBytes, items, durationMs, lacks };
}

function pointDocument(point: DatedPoint, at: Date): PointDocument {
  return {
    point: pointId(point.address),
    class: point.address.class,
    begunAt: point.begunAt.toISOString(),
    ageSeconds: ageSeconds(point, at),
  };
}
