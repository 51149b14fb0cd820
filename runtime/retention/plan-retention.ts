import {
  decideLeftover,
  decideRetention,
  EXPIRY_TAG,
  lacksOf,
  MANIFEST_NAME,
  pointId,
  type RetainablePoint,
  type RetentionPolicy,
} from '../../model';
import { readPoint } from '../catalog/catalog';
import { surveyRuns, type SurveyedRun } from '../catalog/survey';
import { BackupError } from '../errors';
import { runBounded } from '../process/bounded';
import type { ObjectStore, ObjectTags } from '../store/store';
import { heldBySets, planSets } from './plan-sets';
import type { PlannedRun, RetentionContext, RetentionPlan, RetentionRequest } from './types';

/** A manifest may be some 20 MB, and is held while it is read. */
const READ_AT_ONCE = 4;

/**
 * Decides about every run of a component, from what lies in the store alone. Nothing is changed.
 *
 * A point whose manifest is marked is none any more: it counts for nothing, and its end is gone on with.
 */
export async function planRetention(request: RetentionRequest, context: RetentionContext): Promise<RetentionPlan> {
  const { source, component, policy, policyOfSets = policy } = request;
  const held = heldBySets(await planSets(source, policyOfSets, context), component);
  const runs = await surveyRuns(context.store, source, component);
  const seen = await runBounded(
    runs,
    READ_AT_ONCE,
    (run) => look(run, context),
    () => undefined,
  );
  const now = context.now();
  const decisions = decidePoints(seen, held, policy, now);
  return { source, component, runs: seen.map((run) => planned(run, decisions, now)) };
}

/** A run with what only reading tells. */
interface SeenRun {
  readonly run: SurveyedRun;
  /** `bereft`: somebody took the manifest of a point away; what is left may be all there is of it. */
  readonly state: 'recovery point' | 'ending' | 'bereft' | 'leftover';
  readonly verification: RetainablePoint['verification'];
  /** Ids of points that it cannot be restored without. */
  readonly dependsOn?: readonly string[];
}

async function look(run: SurveyedRun, { store, signal }: RetentionContext): Promise<SeenRun> {
  signal.throwIfAborted();
  if (!run.manifestAt) return { run, state: await stateWithoutManifest(run, store), verification: 'not verified' };
  const isMarked = hasMark(await store.tags(`${run.prefix}${MANIFEST_NAME}`, null));
  if (isMarked) return { run, state: 'ending', verification: 'not verified' };
  return { run, state: 'recovery point', ...(await whatItSays(run, store)) };
}

/** A delete marker hides a manifest: laid by the vault over one that was marked, or by somebody over one that was not. */
async function stateWithoutManifest(run: SurveyedRun, store: ObjectStore): Promise<SeenRun['state']> {
  const key = `${run.prefix}${MANIFEST_NAME}`;
  let state: SeenRun['state'] = 'leftover';
  for await (const version of store.versions(key)) {
    if (version.key !== key) continue;
    if (!hasMark(await store.tags(key, version.versionId))) return 'bereft';
    state = 'ending';
  }
  return state;
}

function hasMark(tags: ObjectTags): boolean {
  return tags[EXPIRY_TAG.key] === EXPIRY_TAG.value;
}

/** What cannot be read cannot be restored, and needs nothing; a store that does not answer ends the plan. */
async function whatItSays(
  run: SurveyedRun,
  store: ObjectStore,
): Promise<Pick<RetainablePoint, 'verification' | 'dependsOn'>> {
  try {
    const { verification, manifest } = await readPoint(store, run.address);
    // What it lacks is nowhere but there.
    const lacked = lacksOf(manifest).map(({ point }) => point);
    const dependsOn = manifest.component === 'dump' ? [] : [...manifest.dependsOn, ...lacked];
    return { verification: verification ?? 'not verified', dependsOn };
  } catch (thrown) {
    const ofThePoint = ['manifest-invalid', 'object-missing', 'object-damaged', 'point-missing'];
    if (thrown instanceof BackupError && ofThePoint.includes(thrown.code)) return { verification: 'failed' };
    throw thrown;
  }
}

type Decisions = ReadonlyMap<SeenRun, Pick<PlannedRun, 'action' | 'reason'>>;

function decidePoints(
  seen: readonly SeenRun[],
  held: ReadonlyMap<string, string>,
  policy: RetentionPolicy,
  now: Date,
): Decisions {
  const points = seen.filter(({ state }) => state === 'recovery point');
  const decisions = decideRetention(
    points.map((point) => ({
      ...retainable(point),
      dependsOn: point.dependsOn,
      heldBy: held.get(pointId(point.run.address)),
    })),
    policy,
    now,
  );
  return new Map(points.map((point, index) => [point, decisions[index]]));
}

function retainable({ run, verification }: SeenRun): RetainablePoint {
  return {
    point: pointId(run.address),
    class: run.address.class,
    storedAt: run.manifestAt ?? run.newestAt,
    verification,
  };
}

function planned(seen: SeenRun, decisions: Decisions, now: Date): PlannedRun {
  const { run, state } = seen;
  const { action, reason } = decisions.get(seen) ?? withoutPoint(seen, now);
  return {
    ...retainable(seen),
    prefix: run.prefix,
    kind: state === 'leftover' ? 'leftover' : 'recovery point',
    action,
    reason,
  };
}

function withoutPoint({ run, state }: SeenRun, now: Date): Pick<PlannedRun, 'action' | 'reason'> {
  if (state === 'ending') return { action: 'ending', reason: 'marked before; the vault deletes it' };
  if (state === 'bereft')
    return { action: 'keep', reason: 'its manifest was deleted, though nothing ended it: look who did' };
  return decideLeftover(run, now);
}
