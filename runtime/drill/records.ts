import {
  componentDrillsPrefix,
  DRILL_FORMAT,
  drilledComponentOf,
  drillKey,
  drillsPrefix,
  type Drill,
  type DrilledComponent,
} from '../../model';
import { readText } from '../catalog/read-text';
import { sha256Of } from '../catalog/verification-record';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';

/**
 * The records of a source's drills. Each names the one before it of its component with its digest, so that none is changed or
 * taken away unseen. One chain for each component: drills of several may end at the same time.
 */
export interface StoredDrill {
  readonly key: string;
  /** Of the record's bytes, hex. */
  readonly sha256: string;
  readonly drill: Drill;
}

/** Keys of the records of one component's drills, the oldest first. */
export async function listDrillKeys(
  store: ObjectStore,
  source: string,
  component: DrilledComponent = 'dump',
): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of store.list(componentDrillsPrefix(source, component))) {
    if (entry.kind === 'object' && drilledComponentOf(source, entry.key) === component) keys.push(entry.key);
  }
  return keys.sort();
}

/** Keys of the records of all drills, by component, each the oldest first. */
export async function listAllDrillKeys(
  store: ObjectStore,
  source: string,
): Promise<Map<DrilledComponent, readonly string[]>> {
  const found = new Map<DrilledComponent, string[]>();
  for await (const entry of store.list(drillsPrefix(source))) {
    const component = entry.kind === 'object' ? drilledComponentOf(source, entry.key) : undefined;
    if (component === undefined || entry.kind !== 'object') continue;
    found.set(component, [...(found.get(component) ?? []), entry.key]);
  }
  for (const keys of found.values()) keys.sort();
  return found;
}

/** `manifest-invalid` for what is no record of a drill. */
export async function readDrill(store: ObjectStore, key: string): Promise<StoredDrill> {
  const text = await readText(store, key);
  if (text === undefined) throw new BackupError('object-missing', `there is no ${key} in ${store.uri}`);
  return { key, sha256: sha256Of(text), drill: parse(text, key) };
}

/** Nothing for what is no record, after it was told why. */
export async function readDrillIfOne(
  store: ObjectStore,
  key: string,
  onNoRecord: (reason: string) => void = () => undefined,
): Promise<StoredDrill | undefined> {
  try {
    return await readDrill(store, key);
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'manifest-invalid') throw error;
    onNoRecord(error.message);
    return undefined;
  }
}

/**
 * Key and digest of the record that was written last, for the next of the component to name. Drills that overlap end in another
 * order than they began, so it is the one that none names yet, not the one with the latest name.
 */
export async function lastRecord(
  store: ObjectStore,
  source: string,
  component: DrilledComponent = 'dump',
): Promise<Drill['previous']> {
  const keys = (await listDrillKeys(store, source, component)).slice(-MOST_OVERLAPPING);
  const records: StoredDrill[] = [];
  for (const key of keys) {
    // What is no record is none to be named: `evidence` tells of it.
    const record = await readDrillIfOne(store, key);
    if (record) records.push(record);
  }
  const last = unnamed(records).at(-1);
  return last ? { key: last.key, sha256: last.sha256 } : null;
}

/** So many drills may have begun after one and ended before it. */
const MOST_OVERLAPPING = 16;

/** Writes the record, never over another. Gives its key. */
export async function writeDrill(store: ObjectStore, drill: Drill): Promise<string> {
  const key = drillKey(drill.source, drill.drill, drill.component);
  const body = Buffer.from(`${JSON.stringify(drill, null, 1)}\n`);
  await store.put(key, body, { ifAbsent: true, contentType: 'application/json' });
  return key;
}

/** What is wrong with the chain of these records, the oldest first; empty when every record that is named is there, unchanged. */
export function chainProblems(records: readonly StoredDrill[]): string[] {
  const known = new Map(records.map(({ key, sha256 }) => [key, sha256]));
  const problems = records.flatMap(({ drill, key }) => {
    const { previous } = drill;
    if (previous === null) return [];
    const sha256 = known.get(previous.key);
    if (sha256 === undefined) return [`${previous.key} is gone: ${key} names it`];
    return sha256 === previous.sha256 ? [] : [`${previous.key} was changed since ${key} was written`];
  });
  // The last is named by the next drill.
  const loose = unnamed(records).slice(0, -1);
  return [
    ...problems,
    ...loose.map(
      ({ key }) => `${key} is named by none after it: it was put there later, or written in the same moment as another`,
    ),
  ];
}

function unnamed(records: readonly StoredDrill[]): StoredDrill[] {
  const named = new Set(records.flatMap(({ drill }) => drill.previous?.key ?? []));
  return records.filter(({ key }) => !named.has(key));
}

const TEXTS = ['drill', 'outcome', 'startedAt', 'finishedAt'] as const;
const LISTS = ['phases', 'databases', 'checks', 'issues'] as const;

function parse(text: string, key: string): Drill {
  const value = parseJson(text);
  const isRecord =
    value?.format === DRILL_FORMAT &&
    TEXTS.every((name) => typeof value[name] === 'string') &&
    LISTS.every((name) => Array.isArray(value[name]));
  if (!isRecord) throw new BackupError('manifest-invalid', `${key} is no record of a drill`);
  return value as Drill;
}

function parseJson(text: string): Partial<Drill> | undefined {
  try {
    return (JSON.parse(text) as Partial<Drill> | null) ?? undefined;
  } catch {
    return undefined; // Not JSON is no record: the caller says so.
  }
}
