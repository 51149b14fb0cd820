/**
 * One run of several components, or of the full system as a set. What is dumped comes first; mirrors and files follow when the
 * dump has ended, so that whatever a row of the dump refers to was there before they looked.
 */
import {
  inRestoreOrder,
  pointId,
  SET_FORMAT,
  setOutcome,
  type BackupSet,
  type Component,
  type ObjectsManifest,
  type ReferenceCheck,
  type RetentionClass,
  type SetAddress,
  type SetMember,
} from '../../model';
import { readPoint } from '../catalog/catalog';
import { addressOf } from '../catalog/run-id';
import { readInventory } from '../components/objects/inventory/read-inventory';
import { toBackupError } from '../errors';
import { VERSION } from '../version';
import { followTask, type FollowContext } from './follow-task';
import { compareReferences, readReferences, type ReferenceQuery, type SpooledReferences } from './references';
import { memberAddress, writeSet } from './sets';

export interface SystemRunRequest {
  readonly components: readonly Component[];
  readonly class: RetentionClass;
  /** Names every recovery point of the run. Whole seconds. */
  readonly time: Date;
  /** `set`: these are all components of the source. */
  readonly record: 'set' | 'none';
  readonly referenceQueries: readonly ReferenceQuery[];
}

export interface SystemRunContext extends FollowContext {
  /** Asks for the keys that rows refer to. */
  readonly spool: (query: ReferenceQuery) => Promise<SpooledReferences>;
}

/** These refer to nothing, and rows refer to them. */
const FOLLOWERS: readonly Component[] = ['objects', 'files'];

/** Runs them and, for a set, writes it. Throws only for the signal, or when the set cannot be written. */
export async function runSystem(request: SystemRunRequest, context: SystemRunContext): Promise<BackupSet> {
  const startedAt = context.now();
  const spooled: Spooled[] = [];
  try {
    const first = request.components.filter((component) => !FOLLOWERS.includes(component));
    const members = await follow(first, request, context);
    // After the dump, before the mirrors: a row of now may refer to an object of now, which the mirrors are yet to see.
    for (const query of request.referenceQueries) spooled.push(await spoolOrNote(query, context));
    const second = request.components.filter((component) => FOLLOWERS.includes(component));
    members.push(...(await follow(second, request, context)));
    const references = await checkReferences(spooled, members, request, context);
    const set = compose(request, context, { startedAt, members: inRestoreOrder(members), references });
    if (request.record === 'set') await writeSet(context.store, addressOfSet(request, context), set);
    return set;
  } finally {
    for (const one of spooled) await one.keys?.remove();
  }
}

async function follow(
  components: readonly Component[],
  request: SystemRunRequest,
  context: FollowContext,
): Promise<SetMember[]> {
  const { class: retention, time } = request;
  return Promise.all(components.map((component) => followTask({ component, class: retention, time }, context)));
}

interface Spooled {
  readonly mirror: string;
  readonly keys?: SpooledReferences;
  readonly problem?: string;
}

async function spoolOrNote(query: ReferenceQuery, { spool, signal }: SystemRunContext): Promise<Spooled> {
  try {
    return { mirror: query.mirror, keys: await spool(query) };
  } catch (thrown) {
    signal.throwIfAborted();
    return { mirror: query.mirror, problem: described(thrown) };
  }
}

async function checkReferences(
  spooled: readonly Spooled[],
  members: readonly SetMember[],
  request: SystemRunRequest,
  context: SystemRunContext,
): Promise<ReferenceCheck[]> {
  const checks: ReferenceCheck[] = [];
  for (const one of spooled) {
    const step = context.reporter.begin(`references to ${one.mirror}`);
    const check = await checkMirror(one, members, request, context);
    checks.push(check);
    if (check.outcome === 'passed') step.done(`${check.references} keys, all there`);
    else step.failed(check.problem ?? `${check.missing} of ${check.references} are not in the inventory`);
  }
  return checks;
}

async function checkMirror(
  { mirror, keys, problem }: Spooled,
  members: readonly SetMember[],
  request: SystemRunRequest,
  { store, source, signal }: SystemRunContext,
): Promise<ReferenceCheck> {
  if (!keys) return notKnown(mirror, problem ?? 'the keys are not known');
  const member = members.find(({ component, point }) => component === 'objects' && point !== null);
  if (!member) return notKnown(mirror, 'there is no recovery point of objects to look into');
  try {
    const point = await readPoint(store, memberAddress({ source, class: request.class }, member));
    const { mirrors, objects } = point.manifest as ObjectsManifest;
    const record = mirrors.find(({ name }) => name === mirror);
    if (!record)
      return notKnown(mirror, `there is no mirror of that name, but ${mirrors.map(({ name }) => name).join(', ')}`);
    return await compareReferences(mirror, readReferences(keys), readInventory(store, record, objects, signal));
  } catch (thrown) {
    signal.throwIfAborted();
    return notKnown(mirror, described(thrown));
  }
}

function notKnown(mirror: string, problem: string): ReferenceCheck {
  return { mirror, outcome: 'could not verify', references: 0, missing: 0, examples: [], problem };
}

function described(thrown: unknown): string {
  const { message, detail } = toBackupError(thrown);
  return [message, detail].filter(Boolean).join(': ');
}

function compose(
  request: SystemRunRequest,
  context: FollowContext,
  found: Pick<BackupSet, 'members' | 'references'> & { readonly startedAt: Date },
): BackupSet {
  const { startedAt, members, references } = found;
  const finishedAt = context.now();
  return {
    format: SET_FORMAT,
    set: pointId(addressOfSet(request, context)),
    source: context.source,
    class: request.class,
    outcome: setOutcome(members, references),
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: finishedAt.getTime() - startedAt.getTime(),
    members,
    references,
    totals: { storedBytes: members.reduce((sum, { storedBytes }) => sum + storedBytes, 0) },
    warnings: [],
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
