import { COMPONENTS, FUNCTION_ENVIRONMENT, type Component } from '../model';
import { BackupError } from './errors';

/** The components that a function is for: a JSON list. Throws `configuration-invalid`: one that is left out would go unseen. */
export function readComponents(env: NodeJS.ProcessEnv): readonly Component[] {
  const variable = FUNCTION_ENVIRONMENT.components;
  const text = env[variable];
  if (text === undefined || text === '') {
    throw new BackupError('configuration-invalid', `environment variable ${variable} is not set`, {
      hint: 'The construct that deploys this function sets it; deploy again.',
    });
  }
  const names = parseList(text);
  const unknown = names?.find((name) => !(COMPONENTS as readonly unknown[]).includes(name));
  if (!names?.length || unknown !== undefined || new Set(names).size !== names.length) {
    throw new BackupError('configuration-invalid', `${variable} is ${JSON.stringify(text)}`, {
      hint: `Give a JSON list of different ones of: ${COMPONENTS.join(', ')}.`,
    });
  }
  return names as Component[];
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) ? value : undefined;
  } catch {
    // Not JSON: the caller says so.
    return undefined;
  }
}
