import { COMPONENTS, ENVIRONMENT, FUNCTION_ENVIRONMENT, sourceNameProblem } from '../../model';
import { BackupError } from '../errors';
import { parsePolicy } from './parse-policy';
import type { RetentionRequest } from './types';

/** What the function is told through its environment. */
export interface RetentionSettings extends RetentionRequest {
  readonly vaultUri: string;
}

/** Throws `configuration-invalid`, with the variable's name: a function that guesses would end the wrong thing. */
export function readRetentionSettings(env: NodeJS.ProcessEnv): RetentionSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) throw wrong(ENVIRONMENT.source, source, `As a source's name, ${problem}.`);
  const name = required(env, FUNCTION_ENVIRONMENT.component);
  const component = COMPONENTS.find((known) => known === name);
  if (!component) throw wrong(FUNCTION_ENVIRONMENT.component, name, `Give one of: ${COMPONENTS.join(', ')}.`);
  const vaultUri = required(env, ENVIRONMENT.vault);
  return { vaultUri, source, component, policy: parsePolicy(required(env, ENVIRONMENT.retention)) };
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
