import {
  componentDrillsPrefix,
  drilledComponentOf,
  projectRestoreMs,
  type Drill,
  type DrilledComponent,
  type Outcome,
} from '../../../model';
import { readDrill } from '../../drill/records';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';

/**
 * How the drills of a component stand. One that passed with an old point, which somebody asked for, is not among them: it says
 * nothing of what a restore would take today, and must quiet no alarm. One that did not pass is bad news of whatever point.
 */
export interface DrillStatus {
  readonly newest: DatedDrill;
  /** `null` when none of the newest passed. */
  readonly newestPassed: DatedDrill | null;
}

export interface DatedDrill {
  readonly drill: string;
  readonly outcome: Outcome;
  /** When it began, and never later than the store received its record. */
  readonly begunAt: Date;
  /** What did not pass first, or why its record cannot be read; empty when all passed. */
  readonly reason: string;
  readonly point: string | null;
  readonly restoreMs: number | null;
  /** With as much data as the newest recovery point holds. */
  readonly projectedRestoreMs: number | null;
  readonly objectiveSeconds: number | null;
}

/** So many drills in a row that did not pass, or were of old points, are all that need be known. */
const MOST_READ = 50;

/** Reads the newest drill and the newest that passed; nothing when there was none that counts. */
export async function readDrillStatus(
  store: ObjectStore,
  source: string,
  newestBytes: number | undefined,
  component: DrilledComponent = 'dump',
): Promise<DrillStatus | undefined> {
  const records = await listRecords(store, source, component);
  let newest: DatedDrill | undefined;
  for (const record of records.slice(0, MOST_READ)) {
    const drill = await describeRecord(store, record, newestBytes);
    if (drill === 'of an old point') continue;
    newest ??= drill;
    if (drill.outcome === 'passed') return { newest, newestPassed: drill };
  }
  return newest && { newest, newestPassed: null };
}

interface ListedRecord {
  readonly key: string;
  readonly receivedAt: Date;
}

/** The newest first, by the time that names them. */
async function listRecords(store: ObjectStore, source: string, component: DrilledComponent): Promise<ListedRecord[]> {
  const records: ListedRecord[] = [];
  for await (const entry of store.list(componentDrillsPrefix(source, component))) {
    if (entry.kind !== 'object' || drilledComponentOf(source, entry.key) !== component) continue;
    records.push({ key: entry.key, receivedAt: entry.lastModified });
  }
  return records.sort((a, b) => (a.key < b.key ? 1 : -1));
}

async function describeRecord(
  store: ObjectStore,
  { key, receivedAt }: ListedRecord,
  newestBytes: number | undefined,
): Promise<DatedDrill | 'of an old point'> {
  try {
    const { drill } = await readDrill(store, key);
    if (drill.outcome === 'passed' && drill.insteadOf !== undefined) return 'of an old point';
    return describeDrill(drill, receivedAt, newestBytes);
  } catch (error) {
    if (!(error instanceof BackupError) || !ABOUT_THE_RECORD.includes(error.code)) throw error;
    const unknown = { point: null, restoreMs: null, projectedRestoreMs: null, objectiveSeconds: null };
    const id = key.split('/').at(-2) ?? key;
    return { drill: id, outcome: 'could not verify', begunAt: receivedAt, reason: error.message, ...unknown };
  }
}

/** Of one record alone. Everything else, such as a store that denies, says nothing of the drills. */
const ABOUT_THE_RECORD: readonly string[] = ['manifest-invalid', 'object-missing'];

function describeDrill(drill: Drill, receivedAt: Date, newestBytes: number | undefined): DatedDrill {
  const startedAt = new Date(drill.startedAt);
  const [issue] = drill.issues;
  return {
    drill: drill.drill,
    outcome: drill.outcome,
    begunAt: startedAt < receivedAt ? startedAt : receivedAt,
    reason: issue ? `${issue.subject}: ${issue.finding}` : '',
    point: drill.point?.point ?? null,
    restoreMs: drill.restoreMs,
    projectedRestoreMs: projectRestoreMs(drill, newestBytes ?? 0),
    objectiveSeconds: drill.recoveryTimeObjectiveSeconds,
  };
}
