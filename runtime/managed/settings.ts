/** What the environment of the watching function says: which database, and what was promised of its window. */
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, MANAGED_KINDS, sourceNameProblem, type ManagedPromise } from '../../model';
import { BackupError } from '../errors';

export interface ManagedSettings {
  readonly source: string;
  readonly promise: ManagedPromise;
}

/** Throws `configuration-invalid`, with the variable's name. */
export function readManagedSettings(env: NodeJS.ProcessEnv): ManagedSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) throw invalid(ENVIRONMENT.source, source, `As a source's name, ${problem}.`);
  const text = required(env, FUNCTION_ENVIRONMENT.managedWindow);
  const promise = parsed(text);
  if (!isPromise(promise)) {
    const hint = 'It is a JSON object of kind, identifier, retentionDays, encrypted and deletionProtection.';
    throw invalid(FUNCTION_ENVIRONMENT.managedWindow, text, hint);
  }
  return { source, promise };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A promise that is only half there would let something go unwatched. */
function isPromise(value: unknown): value is ManagedPromise {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, identifier, retentionDays, encrypted, deletionProtection } = value as Record<string, unknown>;
  return (
    MANAGED_KINDS.some((known) => known === kind) &&
    typeof identifier === 'string' &&
    identifier !== '' &&
    Number.isInteger(retentionDays) &&
    Number(retentionDays) > 0 &&
    typeof encrypted === 'boolean' &&
    typeof deletionProtection === 'boolean'
  );
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}

function invalid(name: string, value: string, hint: string): BackupError {
  return new BackupError('configuration-invalid', `${name} is ${JSON.stringify(value)}`, { hint });
}
