import {
  FAILURE_NAME,
  MANIFEST_NAME,
  STARTED_NAME,
  VERIFICATION_NAME,
  componentPrefix,
  parsePointPrefix,
  pointId,
  pointPrefix,
  type Component,
  type PointAddress,
} from '../../model';
import type { ObjectStore } from '../store/store';

/** What lies in the folder of one run, as a listing shows it: nothing is opened, and no job log is believed. */
export interface SurveyedRun {
  readonly address: PointAddress;
  /** Key of the folder, with a slash at the end. */
  readonly prefix: string;
  /** When the store received each, by its own clock; absent where there is none. */
  readonly startedAt?: Date;
  /** There is a manifest: a recovery point. */
  readonly manifestAt?: Date;
  readonly failedAt?: Date;
  readonly verifiedAt?: Date;
  /** When the store received the newest thing in the folder, whatever it is. */
  readonly newestAt: Date;
}

/** Every run of a component that left anything in the vault, the newest first: by one listing of its prefix. */
export async function surveyRuns(store: ObjectStore, source: string, component: Component): Promise<SurveyedRun[]> {
  return surveyBelow(store, componentPrefix(source, component));
}

/** One run; nothing when there is nothing of it. */
export async function surveyRun(store: ObjectStore, address: PointAddress): Promise<SurveyedRun | undefined> {
  const [run] = await surveyBelow(store, pointPrefix(address));
  return run;
}

async function surveyBelow(store: ObjectStore, below: string): Promise<SurveyedRun[]> {
  const runs = new Map<string, Mutable<SurveyedRun>>();
  let run: Mutable<SurveyedRun> | undefined;
  for await (const entry of store.list(below)) {
    if (entry.kind !== 'object') continue;
    // Keys come in order, those of one folder together: a name is taken apart once.
    if (!run || !entry.key.startsWith(run.prefix)) {
      const address = parsePointPrefix(entry.key);
      if (!address) continue;
      const prefix = pointPrefix(address);
      run = runs.get(prefix) ?? { address, prefix, newestAt: entry.lastModified };
      runs.set(prefix, run);
    }
    if (!(run.newestAt >= entry.lastModified)) run.newestAt = entry.lastModified;
    const field = RECORDS[entry.key.slice(run.prefix.length)];
    if (field) run[field] = entry.lastModified;
  }
  return [...runs.values()].sort(
    (a, b) => b.address.time.getTime() - a.address.time.getTime() || (pointId(a.address) < pointId(b.address) ? 1 : -1),
  );
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const RECORDS: Readonly<Record<string, 'startedAt' | 'manifestAt' | 'failedAt' | 'verifiedAt'>> = {
  [STARTED_NAME]: 'startedAt',
  [MANIFEST_NAME]: 'manifestAt',
  [FAILURE_NAME]: 'failedAt',
  [VERIFICATION_NAME]: 'verifiedAt',
};
