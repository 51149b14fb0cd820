/**
 * One run of several components, or of the full system as a set. The dump comes first; mirrors and files follow as soon as it has
 * its snapshot, so that whatever a row of it refers to was there before they looked, and as little as can be was deleted since.
 */
import {
  inRestoreOrder,
  pointId,
  SET_FORMAT,
  setOutcome,
  type BackupSet,
  type Component,
  type RetentionClass,
  type SetAddress,
  type SetMember,
} from '../../model';
import { addressOf } from '../catalog/run-id';
import { VERSION } from '../version';
import { checkReferences, spoolOrNote, type ReferenceContext, type Spooled } from './check-references';
import { awaitSnapshot, snapshotProblem, snapshotsOf } from './dump-snapshot';
import { followTask, type FollowContext } from './follow-task';
import type { ReferenceQuery } from './references';
import type { StartRequest } from './task';
import { writeSet } from './sets';

export interface SystemRunRequest {
  readonly components: readonly Component[];
  readonly class: RetentionClass;
  /** Names every recovery point of the run. Whole seconds. */
  readonly time: Date;
  /** `set`: these are all components of the source. */
  readonly record: 'set' | 'none';
  readonly referenceQueries: readonly ReferenceQuery[];
}

export type SystemRunContext = ReferenceContext;

/** These refer to nothing, and rows refer to them. */
const FOLLOWERS: readonly Component[] = ['objects', 'files'];

/** Runs them and, for a set, writes it. Throws only for the signal, or when the set cannot be written. */
export async function runSystem(request: SystemRunRequest, surroundings: SystemRunContext): Promise<BackupSet> {
  const startedAt = surroundings.now();
  const context = { ...surroundings, begunAt: startedAt };
  const spooled: Spooled[] = [];
  try {
    const waits = ofKind('followers', request).length > 0 && request.components.includes('dump');
    const before = waits ? await snapshotsOf(ofDump(request), context) : [];
    const leading = follow(ofKind('leaders', request), request, context);
    const atTheirBegin = waits ? await awaitSnapshot(ofDump(request), leading, context) : [];
    // Where there was none to be seen, what leads has ended.
    if (atTheirBegin.length === 0) await leading;
    // Before the mirrors begin: a row of now may refer to an object of now, which they are yet to see.
    for (const query of request.referenceQueries) spooled.push(await spoolOrNote(query, context));
    const following = follow(ofKind('followers', request), request, context);
    const members = inRestoreOrder((await Promise.all([leading, following])).flat());
    const references = await checkReferences(spooled, members, request.class, context);
    const dump = members.find(({ component }) => component === 'dump');
    const problem = await snapshotProblem(
      { before, atTheirBegin },
      dump,
      { source: context.source, class: request.class },
      context,
    );
    const warnings = problem === undefined ? [] : [problem];
    const set = compose(request, context, { startedAt, members, references, warnings });
    if (request.record === 'set') await writeSet(context.store, addressOfSet(request, context), set);
    return set;
  } finally {
    for (const one of spooled) await one.keys?.remove();
  }
}

function ofKind(kind: 'leaders' | 'followers', { components }: SystemRunRequest): Component[] {
  return components.filter((component) => FOLLOWERS.includes(component) === (kind === 'followers'));
}

async function follow(
  components: readonly Component[],
  { class: retention, time }: SystemRunRequest,
  context: FollowContext,
): Promise<SetMember[]> {
  return Promise.all(components.map((component) => followTask({ component, class: retention, time }, context)));
}

function ofDump({ class: retention, time }: SystemRunRequest): StartRequest {
  return { component: 'dump', class: retention, time };
}

function compose(
  request: SystemRunRequest,
  context: FollowContext,
  found: Pick<BackupSet, 'members' | 'references' | 'warnings'> & { readonly startedAt: Date },
): BackupSet {
  const { startedAt, members, references, warnings } = found;
  const finishedAt = context.now();
  const outcome = setOutcome(members, references);
  return {
    format: SET_FORMAT,
    set: pointId(addressOfSet(request, context)),
    source: context.source,
    class: request.class,
    // A warning here is that the members may not belong together: no set to restore.
    outcome: outcome === 'passed' && warnings.length > 0 ? 'could not verify' : outcome,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: finishedAt.getTime() - startedAt.getTime(),
    members,
    references,
    totals: { storedBytes: members.reduce((sum, { storedBytes }) => sum + storedBytes, 0) },
    warnings,
    tool: { name: 'postgres-backup', version: VERSION },
  };
}

/** Of the same run the same: the name that a dump of it has. */
export function addressOfSet(
  { class: retention, time }: Pick<SystemRunRequest, 'class' | 'time'>,
  { source }: Pick<FollowContext, 'source'>,
): SetAddress {
  const { run } = addressOf({ source, component: 'dump', class: retention, scheduledAt: time, startedAt: time });
  return { source, class: retention, time, run };
}
