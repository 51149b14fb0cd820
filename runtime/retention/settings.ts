import { ENVIRONMENT, FUNCTION_ENVIRONMENT, sourceNameProblem, type RetentionPolicy } from '../../model';
import { readComponents } from '../component-list';
import { BackupError } from '../errors';
import { parsePolicy } from './parse-policy';
import type { RetentionRequest } from './types';

/** What the function is told through its environment. */
export interface RetentionSettings {
  readonly vaultUri: string;
  /** One for each component. */
  readonly requests: readonly RetentionRequest[];
}

/** Throws `configuration-invalid`, with the variable's name: a function that guesses would end the wrong thing. */
export function readRetentionSettings(env: NodeJS.ProcessEnv): RetentionSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) throw wrong(ENVIRONMENT.source, source, `As a source's name, ${problem}.`);
  const vaultUri = required(env, ENVIRONMENT.vault);
  const components = readComponents(env);
  const policy = parsePolicy(required(env, ENVIRONMENT.retention));
  const own = ownPolicies(env, components);
  return {
    vaultUri,
    requests: components.map((component) => ({
      source,
      component,
      policy: own.get(component) ?? policy,
      policyOfSets: policy,
    })),
  };
}

function ownPolicies(env: NodeJS.ProcessEnv, components: readonly string[]): ReadonlyMap<string, RetentionPolicy> {
  const variable = FUNCTION_ENVIRONMENT.retentionOf;
  const text = env[variable];
  if (text === undefined || text === '') return new Map();
  const entries = entriesOf(text);
  if (!entries) throw wrong(variable, text, 'Give a JSON object of policies by component.');
  const stranger = entries.find(([component]) => !components.includes(component));
  if (stranger)
    throw wrong(variable, text, `The function is not for ${stranger[0]}, but for ${components.join(', ')}.`);
  return new Map(entries.map(([component, policy]) => [component, parsePolicy(JSON.stringify(policy))]));
}

function entriesOf(text: string): [string, unknown][] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  } catch {
    // Not JSON: the caller says so.
    return undefined;
  }
}

function required(env: NodeJS.ProcessEnv, variable: string): string {
  const value = env[variable];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${variable} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}

function wrong(variable: string, value: string, hint: string): BackupError {
  return new BackupError('configuration-invalid', `${variable} is ${JSON.stringify(value)}`, { hint });
}
