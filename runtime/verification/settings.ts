import { ENVIRONMENT, sourceNameProblem, type Component } from '../../model';
import { readComponents } from '../component-list';
import { usageError } from '../errors';
import { parseVaultUri, type VaultLocation } from '../store/vault-uri';
import { DEFAULT_EXPECTATIONS, type Expectations } from './expectations';

/** What the verifying function is told through its environment. */
export interface VerifierSettings {
  readonly vaultUri: string;
  readonly vault: VaultLocation;
  readonly source: string;
  readonly components: readonly Component[];
  readonly expectations: Expectations;
}

/** Throws a usage error that names the variable: a function that guesses would verify the wrong thing, or nothing. */
export function readSettings(env: NodeJS.ProcessEnv): VerifierSettings {
  const vaultUri = required(env, ENVIRONMENT.vault);
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) throw wrong(ENVIRONMENT.source, source, problem);
  return {
    vaultUri,
    vault: parseVaultUri(vaultUri),
    source,
    components: readComponents(env),
    expectations: {
      minimumTables: wholeNumber(env, ENVIRONMENT.minimumTables) ?? DEFAULT_EXPECTATIONS.minimumTables,
      minimumRows: wholeNumber(env, ENVIRONMENT.minimumRows) ?? DEFAULT_EXPECTATIONS.minimumRows,
      encryptionKey: optional(env, ENVIRONMENT.encryptionKey),
      lockSeconds: wholeNumber(env, ENVIRONMENT.lockDuration),
    },
  };
}

function required(env: NodeJS.ProcessEnv, variable: string): string {
  const value = optional(env, variable);
  if (value === undefined) throw usageError(`environment variable ${variable} is not set`);
  return value;
}

function optional(env: NodeJS.ProcessEnv, variable: string): string | undefined {
  return env[variable] || undefined;
}

function wholeNumber(env: NodeJS.ProcessEnv, variable: string): number | undefined {
  const value = optional(env, variable);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw wrong(variable, value, 'give a whole number from 0');
  return Number(value);
}

function wrong(variable: string, value: string, hint: string) {
  return usageError(`environment variable ${variable} is ${JSON.stringify(value)}`, hint);
}
