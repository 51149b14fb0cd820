/** What a runbook is made of: what lies in the vault, and what the stack left there. */
import { runbookFactsProblem, runbookKeys, type Component, type RunbookFacts } from '../../model';
import { findPoint } from '../catalog/catalog';
import { readText } from '../catalog/read-text';
import { BackupError } from '../errors';
import { readStatus } from '../observe/status/read-status';
import type { SourceStatus } from '../observe/status/source-status';
import { findSet } from './sets';
import type { ObjectStore } from '../store/store';

export interface RunbookSubject {
  readonly status: SourceStatus;
  /** Of the recovery point of objects that would be restored, of the set or else the newest: where each mirror is from. */
  readonly mirrors: readonly { readonly name: string; readonly from: string; readonly endpoint: string | null }[];
  /** Names in the newest dump. */
  readonly databases: readonly string[];
  /** Absent where the stack left none: before the first daily report, or without a stack. */
  readonly facts?: RunbookFacts;
}

/** @param facts where they are known already; else they are read from the vault */
export async function gatherRunbook(
  store: ObjectStore,
  source: string,
  now: Date,
  facts?: RunbookFacts,
): Promise<RunbookSubject> {
  const status = await readStatus(store, source, now);
  const has = (name: Component) => status.components.some(({ component, newest }) => component === name && newest);
  const ofSet = status.sets?.newestGood ? (await findSet(store, source, status.sets.newestGood.set)).members : [];
  const wanted = (name: Component) => ofSet.find(({ component }) => component === name)?.point ?? 'latest';
  return {
    status,
    mirrors: has('objects') ? await mirrorsOf(store, source, wanted('objects')) : [],
    databases: has('dump') ? await databasesOf(store, source, wanted('dump')) : [],
    facts: facts ?? (await readFacts(store, source)),
  };
}

async function mirrorsOf(store: ObjectStore, source: string, wanted: string): Promise<RunbookSubject['mirrors']> {
  const { manifest } = await findPoint(store, source, 'objects', wanted);
  return manifest.mirrors.map(({ name, from, endpoint }) => ({ name, from, endpoint }));
}

async function databasesOf(store: ObjectStore, source: string, wanted: string): Promise<string[]> {
  const { manifest } = await findPoint(store, source, 'dump', wanted);
  return manifest.databases.map(({ name }) => name);
}

/** Asked of a listing: a read of what is not there may be a denial. */
async function readFacts(store: ObjectStore, source: string): Promise<RunbookFacts | undefined> {
  const key = runbookKeys(source).facts;
  for await (const entry of store.list(key)) {
    if (entry.kind !== 'object' || entry.key !== key) continue;
    return parseRunbookFacts((await readText(store, key)) ?? '', `${store.uri}/${key}`);
  }
  return undefined;
}

/** `configuration-invalid`, with where it was found, when it is none. */
export function parseRunbookFacts(text: string, where: string): RunbookFacts {
  const value = parseJson(text);
  const problem = value === undefined ? 'they are not JSON' : runbookFactsProblem(value);
  if (problem === undefined) return value as RunbookFacts;
  throw new BackupError('configuration-invalid', `the facts for the runbook in ${where} are not usable`, {
    detail: problem,
    hint: 'The stack writes them daily: deploy it again, or restore by docs/recovery.md.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Told by the caller, with where it was found.
    return undefined;
  }
}
