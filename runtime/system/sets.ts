/** Sets as they lie in the vault: written, listed, found, read. */
import { createHash } from 'node:crypto';
import {
  COMPONENTS,
  parsePointId,
  parseSetKey,
  pointId,
  pointPrefix,
  MANIFEST_NAME,
  SET_FORMAT,
  setKey,
  setsPrefix,
  type BackupSet,
  type PointAddress,
  type SetAddress,
  type SetMember,
} from '../../model';
import { readText } from '../catalog/read-text';
import { readOutcome } from '../catalog/verification-record';
import { BackupError, usageError } from '../errors';
import type { ObjectStore } from '../store/store';

/** Writes a set; conditionally, so that none is ever written over. */
export async function writeSet(store: ObjectStore, address: SetAddress, set: BackupSet): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(set, null, 1)}\n`);
  await store.put(setKey(address), body, { ifAbsent: true, contentType: 'application/json' });
}

export interface ListedSet extends SetAddress {
  /** When the store received it. */
  readonly storedAt: Date;
}

/** Every set of a source, the newest first, failed ones too. */
export async function listSets(store: ObjectStore, source: string): Promise<ListedSet[]> {
  const found: ListedSet[] = [];
  for await (const entry of store.list(setsPrefix(source))) {
    const address = entry.kind === 'object' ? parseSetKey(entry.key) : undefined;
    if (address && entry.kind === 'object') found.push({ ...address, storedAt: entry.lastModified });
  }
  return found.sort((a, b) => b.time.getTime() - a.time.getTime() || (pointId(a) < pointId(b) ? 1 : -1));
}

/** `point-missing` when it is not there, `manifest-invalid` when it is none. */
export async function readSet(store: ObjectStore, address: SetAddress): Promise<BackupSet> {
  const text = await readText(store, setKey(address));
  if (text === undefined) throw missing(store, address.source, pointId(address));
  const problem = setProblem(text, address);
  if (problem !== undefined) {
    throw new BackupError('manifest-invalid', `the set ${pointId(address)} is not valid`, { detail: problem });
  }
  return JSON.parse(text) as BackupSet;
}

/**
 * The set with this id, or the newest good one for `latest`: all of whose members are there, with the manifests they had, and
 * none of which failed its verification. One that is passed over is told through `onPassedOver`.
 */
export async function findSet(
  store: ObjectStore,
  source: string,
  wanted: string,
  onPassedOver: (set: string, reason: string) => void = () => undefined,
): Promise<BackupSet> {
  if (wanted !== 'latest' && !parsePointId(wanted)) {
    throw usageError(`"${wanted}" is no set`, 'Use "latest", or an id such as 20261120T021003Z-4k2m9x.');
  }
  for (const address of await listSets(store, source)) {
    if (wanted !== 'latest' && pointId(address) !== wanted) continue;
    const [set, problem] = await readGood(store, address);
    if (problem === undefined && set) return set;
    if (wanted !== 'latest') {
      throw new BackupError('manifest-invalid', `the set ${wanted} cannot be restored`, { detail: problem });
    }
    onPassedOver(pointId(address), problem ?? 'it cannot be read');
  }
  throw missing(store, source, wanted);
}

/** Where a member lies. */
export function memberAddress(set: Pick<BackupSet, 'source' | 'class'>, member: SetMember): PointAddress {
  const parsed = parsePointId(member.point ?? '');
  if (!parsed) throw new BackupError('manifest-invalid', `the set has no recovery point of ${member.component}`);
  return { source: set.source, component: member.component, class: set.class, ...parsed };
}

/** A set, and why it is none to restore; nothing but the reason where it cannot be read. */
export async function readGood(store: ObjectStore, address: SetAddress): Promise<[BackupSet?, string?]> {
  let set: BackupSet;
  try {
    set = await readSet(store, address);
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'manifest-invalid') throw error;
    return [undefined, error.detail ?? error.message];
  }
  if (set.outcome !== 'passed') return [set, `its run ended as ${JSON.stringify(set.outcome)}`];
  for (const member of set.members) {
    const problem = await memberProblem(store, set, member);
    if (problem !== undefined) return [set, `${member.component}: ${problem}`];
  }
  return [set];
}

/** A set is as good as its members are now. */
async function memberProblem(store: ObjectStore, set: BackupSet, member: SetMember): Promise<string | undefined> {
  const prefix = pointPrefix(memberAddress(set, member));
  const text = await readText(store, `${prefix}${MANIFEST_NAME}`);
  if (text === undefined) return `its recovery point ${member.point} is gone`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  if (sha256 !== member.manifestSha256) return `the manifest of ${member.point} is not the one it had`;
  return (await readOutcome(store, prefix, text)) === 'failed' ? 'its verification failed' : undefined;
}

function setProblem(text: string, address: SetAddress): string | undefined {
  let value: Partial<BackupSet> | null;
  try {
    value = JSON.parse(text) as Partial<BackupSet> | null;
  } catch (error) {
    return `it is not JSON (${(error as Error).message})`;
  }
  if (value?.format !== SET_FORMAT) return `its format is ${JSON.stringify(value?.format)}`;
  const place = { set: pointId(address), source: address.source, class: address.class };
  for (const [field, expected] of Object.entries(place)) {
    const found = value[field as keyof typeof place];
    if (found !== expected) return `its ${field} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`;
  }
  if (!Array.isArray(value.members) || value.members.length === 0) return 'it names no member';
  const broken = value.members.findIndex((member: Partial<SetMember> | null) => !isMember(member, value.outcome));
  if (broken !== -1) return `its member ${broken + 1} is not whole`;
  const isWhole =
    Array.isArray(value.references) &&
    Array.isArray(value.warnings) &&
    typeof value.outcome === 'string' &&
    Number.isFinite(value.totals?.storedBytes);
  return isWhole ? undefined : 'it is not whole';
}

/** Of a set that passed each member is a recovery point; of another it may have made none. */
function isMember(member: Partial<SetMember> | null, outcome: unknown): boolean {
  const { component, point, manifestSha256 } = member ?? {};
  if (!COMPONENTS.some((known) => known === component)) return false;
  if (point === null && outcome !== 'passed') return true;
  return typeof point === 'string' && parsePointId(point) !== undefined && typeof manifestSha256 === 'string';
}

function missing(store: ObjectStore, source: string, wanted: string): BackupError {
  const what = wanted === 'latest' ? `no good set of "${source}"` : `no set ${wanted} of "${source}"`;
  return new BackupError('point-missing', `there is ${what} in ${store.uri}`, {
    hint: `Make one: postgres-backup run --all --vault ${store.uri} --source ${source}`,
  });
}
