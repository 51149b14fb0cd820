import { ENVIRONMENT, sourceNameProblem, type Component } from '../../../model';
import { readComponents } from '../../component-list';
import { BackupError, toBackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import { logLine } from '../log-line';
import { metricLine } from '../metrics';
import { isUsable } from './key-state';
import { measureStatus } from './measure-status';
import { readStatus } from './read-status';

/** What a function's environment must say. */
export interface FreshnessSettings {
  readonly vaultUri: string;
  readonly source: string;
  /** What must be there: one that never ran is old, not absent. */
  readonly components: readonly Component[];
  /** ARN of the key that encrypts the vault. */
  readonly encryptionKey?: string;
}

export interface FreshnessContext {
  readonly store: ObjectStore;
  readonly source: string;
  readonly components: readonly Component[];
  readonly now: () => Date;
  /** Takes a line as it is: CloudWatch reads metrics from nothing else. */
  readonly write: (line: string) => void;
  /** The state of the vault's key, in the words of AWS KMS; not given where it has none. */
  readonly keyState?: () => Promise<string>;
}

/** Throws `configuration-invalid`, with the variable's name. */
export function readFreshnessSettings(env: NodeJS.ProcessEnv): FreshnessSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) {
    throw new BackupError('configuration-invalid', `${ENVIRONMENT.source} is ${JSON.stringify(source)}`, {
      hint: `As a source's name, ${problem}.`,
    });
  }
  const encryptionKey = env[ENVIRONMENT.encryptionKey] || undefined;
  return { vaultUri: required(env, ENVIRONMENT.vault), source, components: readComponents(env), encryptionKey };
}

/**
 * Publishes how the backups stand as metrics. When it cannot find out, it throws and publishes nothing: alarms on these
 * metrics take silence for bad news. The key is looked at first, and by itself: without it nothing else can be read.
 */
export async function publishFreshness(context: FreshnessContext): Promise<void> {
  const keyError = await publishKeyState(context);
  const { store, source, components, now, write } = context;
  const status = await readStatus(store, source, now(), components);
  // All of them, or none: a line that cannot be made is found before the first is written.
  const lines = measureStatus(status).map((measurement) => metricLine(status.at, measurement));
  for (const line of lines) write(line);
  if (keyError) throw keyError;
}

/** Gives what kept it from finding out, for when the rest is published. */
async function publishKeyState({ source, now, write, keyState }: FreshnessContext): Promise<BackupError | undefined> {
  if (!keyState) return undefined;
  try {
    const state = await keyState();
    const usable = isUsable(state);
    if (!usable) write(logLine(now(), { level: 'error', event: 'key-not-usable', source, state }));
    // The key is of the vault, not of a component; a dump is what is always there.
    write(metricLine(now(), { source, component: 'dump', values: { keyUsable: usable ? 1 : 0 } }));
    return undefined;
  } catch (thrown) {
    const error = toBackupError(thrown);
    const { code, message, detail, hint } = error;
    write(logLine(now(), { level: 'error', event: 'key-not-known', source, code, message, detail, hint }));
    return error;
  }
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}
