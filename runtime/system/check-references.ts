/** Whether what rows refer to is in a set: the keys are asked for before the mirrors begin, and held against their inventory after. */
import {
  OLDEST_LISTING_HOURS,
  type MirrorRecord,
  type ObjectsManifest,
  type ReferenceCheck,
  type RetentionClass,
  type SetMember,
} from '../../model';
import { readPoint } from '../catalog/catalog';
import { readInventory } from '../components/objects/inventory/read-inventory';
import { toBackupError } from '../errors';
import type { FollowContext } from './follow-task';
import { compareReferences, readReferences, type ReferenceQuery, type SpooledReferences } from './references';
import { memberAddress } from './sets';

export interface ReferenceContext extends FollowContext {
  /** Asks for the keys that rows refer to. */
  readonly spool: (query: ReferenceQuery) => Promise<SpooledReferences>;
}

/** The keys of one query, or why they are not known. */
export interface Spooled {
  readonly mirror: string;
  readonly keys?: SpooledReferences;
  readonly problem?: string;
}

/** Throws for the signal alone. */
export async function spoolOrNote(query: ReferenceQuery, { spool, signal }: ReferenceContext): Promise<Spooled> {
  try {
    return { mirror: query.mirror, keys: await spool(query) };
  } catch (thrown) {
    signal.throwIfAborted();
    return { mirror: query.mirror, problem: described(thrown) };
  }
}

export async function checkReferences(
  spooled: readonly Spooled[],
  members: readonly SetMember[],
  retention: RetentionClass,
  context: FollowContext,
): Promise<ReferenceCheck[]> {
  const checks: ReferenceCheck[] = [];
  for (const one of spooled) {
    const step = context.reporter.begin(`references to ${one.mirror}`);
    const check = await checkMirror(one, members, retention, context);
    checks.push(check);
    if (check.outcome === 'passed') step.done(`${check.references} keys, all there`);
    else step.failed(check.problem ?? `${check.missing} of ${check.references} are not in the inventory`);
  }
  return checks;
}

async function checkMirror(
  { mirror, keys, problem }: Spooled,
  members: readonly SetMember[],
  retention: RetentionClass,
  { store, source, signal }: FollowContext,
): Promise<ReferenceCheck> {
  if (!keys) return notKnown(mirror, problem ?? 'the keys are not known');
  const member = members.find(({ component, point }) => component === 'objects' && point !== null);
  if (!member) return notKnown(mirror, 'there is no recovery point of objects to look into');
  try {
    const point = await readPoint(store, memberAddress({ source, class: retention }, member));
    const { mirrors, objects } = point.manifest as ObjectsManifest;
    const record = mirrors.find(({ name }) => name === mirror);
    if (!record)
      return notKnown(mirror, `there is no mirror of that name, but ${mirrors.map(({ name }) => name).join(', ')}`);
    const inventory = readInventory(store, record, objects, signal);
    return judgeByList(record, await compareReferences(mirror, readReferences(keys), inventory));
  } catch (thrown) {
    signal.throwIfAborted();
    return notKnown(mirror, described(thrown));
  }
}

/** A list of S3 is older than the rows: what it lacks may be lost, or may have been written since. */
function judgeByList({ replica }: MirrorRecord, check: ReferenceCheck): ReferenceCheck {
  if (!replica || check.outcome !== 'failed') return check;
  const problem =
    `${check.missing} of ${check.references} keys are not in the list of ${check.mirror} that S3 began at ` +
    `${replica.listedAt}: they are lost, or were written since. Let the query leave out rows of the last ` +
    `${OLDEST_LISTING_HOURS} hours`;
  return { ...check, outcome: 'could not verify', problem };
}

function notKnown(mirror: string, problem: string): ReferenceCheck {
  return { mirror, outcome: 'could not verify', references: 0, missing: 0, examples: [], problem };
}

function described(thrown: unknown): string {
  const { message, detail } = toBackupError(thrown);
  return [message, detail].filter(Boolean).join(': ');
}
