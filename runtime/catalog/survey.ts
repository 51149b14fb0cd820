import {
  FAILURE_NAME,
  MANIFEST_NAME,
  STARTED_NAME,
  VERIFICATION_NAME,
  attemptName,
  attemptOf,
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
  /**
   * When the store received each, by its own clock; absent where there is none. Of several attempts, the begin of the first
   * that left no word of failing: the manifest, if there is one, is of none before it.
   */
  readonly startedAt?: Date;
  /** Numbers of the attempts that left a record of their begin, the newest first. */
  readonly attempts: readonly number[];
  /** There is a manifest: a recovery point. */
  readonly manifestAt?: Date;
  readonly failedAt?: Date;
  /** Name of the newest record of a failure. */
  readonly failureName?: string;
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
  const runs = new Map<string, ListedRun>();
  let run: ListedRun | undefined;
  for await (const entry of store.list(below)) {
    if (entry.kind !== 'object') continue;
    // Keys come in order, those of one folder together: a name is taken apart once.
    if (!run || !entry.key.startsWith(run.prefix)) {
      const address = parsePointPrefix(entry.key);
      if (!address) continue;
      const prefix = pointPrefix(address);
      run = runs.get(prefix) ?? listedRun(address, prefix, entry.lastModified);
      runs.set(prefix, run);
    }
    if (!(run.newestAt >= entry.lastModified)) run.newestAt = entry.lastModified;
    note(run, entry.key.slice(run.prefix.length), entry.lastModified);
  }
  return [...runs.values()]
    .map(surveyed)
    .sort(
      (a, b) =>
        b.address.time.getTime() - a.address.time.getTime() || (pointId(a.address) < pointId(b.address) ? 1 : -1),
    );
}

/** What a listing tells, before it is known how the attempts went. */
interface ListedRun {
  readonly address: PointAddress;
  readonly prefix: string;
  newestAt: Date;
  manifestAt?: Date;
  verifiedAt?: Date;
  /** By the number of the attempt. */
  readonly started: Map<number, Date>;
  readonly failed: Map<number, Date>;
}

function listedRun(address: PointAddress, prefix: string, newestAt: Date): ListedRun {
  return { address, prefix, newestAt, started: new Map(), failed: new Map() };
}

function note(run: ListedRun, name: string, at: Date): void {
  if (name === MANIFEST_NAME) run.manifestAt = at;
  else if (name === VERIFICATION_NAME) run.verifiedAt = at;
  else {
    const started = attemptOf(name, STARTED_NAME);
    const failed = attemptOf(name, FAILURE_NAME);
    if (started !== undefined) run.started.set(started, at);
    if (failed !== undefined) run.failed.set(failed, at);
  }
}

function surveyed({ started, failed, ...run }: ListedRun): SurveyedRun {
  const attempts = [...started.keys()].sort((a, b) => a - b);
  const attempt = attempts.find((number) => !failed.has(number)) ?? attempts.at(-1);
  const lastFailed = [...failed.keys()].sort((a, b) => a - b).at(-1);
  return {
    ...run,
    attempts: attempts.toReversed(),
    ...(attempt !== undefined && { startedAt: started.get(attempt) }),
    ...(lastFailed !== undefined && {
      failedAt: failed.get(lastFailed),
      failureName: attemptName(FAILURE_NAME, lastFailed),
    }),
  };
}
