import type { Outcome } from '../../../model';
import { BackupError, usageError } from '../../errors';
import { entryName, sameBytes, type OpenedEntry } from './envelope';
import { readEntries } from './read-envelope';
import type {
  ComparedEntry,
  ConfigurationContext,
  ConfigurationServices,
  ConfigurationValue,
  EntryState,
  EnvelopeKeys,
  RestoreConfigurationReport,
  RestoreConfigurationRequest,
} from './types';

/**
 * Compares what is backed up with what is there now, and writes back what is named, by name, where that is asked for; each is read
 * again then. Nothing is ever deleted.
 */
export async function restoreConfiguration(
  request: RestoreConfigurationRequest,
  context: ConfigurationContext,
  services: ConfigurationServices,
  keys: EnvelopeKeys,
): Promise<RestoreConfigurationReport> {
  const begun = performance.now();
  const { point, action } = request;
  const opened = chosenEntries(request, await readEntries(point.manifest, context, keys));
  const step = context.reporter.begin(action === 'apply' ? 'writing back' : 'comparing');
  const entries: ComparedEntry[] = [];
  for (const entry of opened) {
    context.signal.throwIfAborted();
    step.detail(entry.name);
    const before = await compareEntry(entry, request, services);
    const isToWrite = action === 'apply' && (before.state === 'new' || before.state === 'changed');
    entries.push(isToWrite ? await applyEntry(entry, before, request, services) : before);
  }
  if (request.names.length === 0) entries.push(...(await onlyInTarget(request, opened, services)));
  step.done();
  return {
    outcome: outcomeOf(entries),
    point: point.manifest.point,
    source: point.manifest.source,
    action,
    entries,
    durationMs: performance.now() - begun,
  };
}

function chosenEntries({ point, names, action }: RestoreConfigurationRequest, all: readonly OpenedEntry[]) {
  const unknown = names.find((name) => all.every((entry) => entry.name !== name));
  if (unknown !== undefined) {
    throw usageError(
      `there is no entry ${JSON.stringify(unknown)} in ${point.manifest.point}`,
      `It holds ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  const chosen = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  const text = action === 'apply' && chosen.find(({ value }) => value.kind === 'text');
  if (text) throw usageError(`${text.name} has no place to be written to`, 'Have it shown, with --show.');
  return chosen;
}

async function compareEntry(
  { name, value }: OpenedEntry,
  { values }: RestoreConfigurationRequest,
  services: ConfigurationServices,
): Promise<ComparedEntry> {
  const shown = (inTarget?: ConfigurationValue) =>
    values === 'show' ? { inBackup: textOf(value.value), ...(inTarget && { inTarget: textOf(inTarget.value) }) } : {};
  if (value.kind === 'text') return { name, state: 'not comparable', isApplied: false, ...shown() };
  try {
    const target = await readTarget(value, services);
    return { name, state: stateOf(value, target), isApplied: false, ...shown(target) };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return { name, state: 'could not be read', isApplied: false, detail: error.detail ?? error.message, ...shown() };
  }
}

function readTarget({ kind, name }: ConfigurationValue, services: ConfigurationServices) {
  return kind === 'parameter' ? services.readParameter(name) : services.readSecret(name);
}

function stateOf(value: ConfigurationValue, target: ConfigurationValue | undefined): EntryState {
  if (!target) return 'new';
  return target.type === value.type && sameBytes(target.value, value.value) ? 'same' : 'changed';
}

async function applyEntry(
  entry: OpenedEntry,
  before: ComparedEntry,
  { parameterKey }: RestoreConfigurationRequest,
  services: ConfigurationServices,
): Promise<ComparedEntry> {
  const { value } = entry;
  if (value.kind === 'secret' && before.state === 'new') {
    throw new BackupError('restore-failed', `there is no secret ${value.name} to be given its value`, {
      hint: 'Make it first, with the key and the policy it should have; only its value is backed up.',
    });
  }
  if (value.kind === 'parameter') await services.writeParameter(value, parameterKey);
  else await services.writeSecret(value);
  if (stateOf(value, await readTarget(value, services)) === 'same') return { ...before, isApplied: true };
  throw new BackupError(
    'comparison-failed',
    `${entry.name} was written, and is not as in the backup when it is read again`,
  );
}

/** Below the paths that were taken whole. */
async function onlyInTarget(
  { point, values }: RestoreConfigurationRequest,
  opened: readonly OpenedEntry[],
  services: ConfigurationServices,
): Promise<ComparedEntry[]> {
  const known = new Set(opened.map(({ name }) => name));
  const found = new Map<string, ComparedEntry>();
  for (const path of point.manifest.parameterPaths) {
    const below = await readBelow(path, services);
    if (!Array.isArray(below)) {
      found.set(path, below);
      continue;
    }
    for (const value of below) {
      const name = entryName(value);
      if (known.has(name)) continue;
      const shown = values === 'show' ? { inTarget: textOf(value.value) } : {};
      found.set(name, { name, state: 'only in target', isApplied: false, ...shown });
    }
  }
  return [...found.values()];
}

async function readBelow(path: string, services: ConfigurationServices): Promise<ConfigurationValue[] | ComparedEntry> {
  try {
    return await services.readPath(path);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const name = `parameter:${path} and below`;
    return { name, state: 'could not be read', isApplied: false, detail: error.detail ?? error.message };
  }
}

/** What was compared is not good or bad; but what could not be read was not compared. */
function outcomeOf(entries: readonly ComparedEntry[]): Outcome {
  return entries.some(({ state }) => state === 'could not be read') ? 'could not verify' : 'passed';
}

function textOf(value: Buffer): string {
  const text = value.toString('utf8');
  return Buffer.from(text, 'utf8').equals(value) ? text : `base64:${value.toString('base64')}`;
}
