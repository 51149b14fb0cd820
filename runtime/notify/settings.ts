/** Where the notifying function posts to, from its environment. */
import { DESTINATION_KINDS, FUNCTION_ENVIRONMENT, type Destination } from '../../model';
import { BackupError } from '../errors';

/** Throws `configuration-invalid`: a function that posts nowhere would look like one that has nothing to tell. */
export function readDestinations(env: NodeJS.ProcessEnv): Destination[] {
  const text = env[FUNCTION_ENVIRONMENT.destinations] ?? '';
  const list = parseList(text);
  if (!list || list.length === 0) throw invalid(text);
  return list.map((one) => readDestination(one, text));
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    // Told by the caller, with the variable's name.
    return undefined;
  }
}

function readDestination(value: unknown, text: string): Destination {
  if (typeof value !== 'object' || value === null) throw invalid(text);
  const { kind, secret } = value as { kind?: unknown; secret?: unknown };
  const known = DESTINATION_KINDS.find((one) => one === kind);
  if (!known || typeof secret !== 'string' || secret === '') throw invalid(text);
  return { kind: known, secret };
}

function invalid(text: string): BackupError {
  return new BackupError('configuration-invalid', `${FUNCTION_ENVIRONMENT.destinations} is ${JSON.stringify(text)}`, {
    hint:
      `It is a JSON list such as [{"kind":"slack","secret":"arn:…"}], with a kind of ${DESTINATION_KINDS.join(', ')}. ` +
      'The construct that deploys this function sets it; deploy again.',
  });
}
