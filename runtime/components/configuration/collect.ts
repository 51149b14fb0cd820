import { readFile } from 'node:fs/promises';
import { BackupError } from '../../errors';
import { entryName } from './envelope';
import type { ConfigurationRequest, ConfigurationServices, ConfigurationValue, FoundValue } from './types';

/** A secret has 64 KiB at most, a parameter 8: a text this long was meant for something else. */
const MAXIMUM_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * Reads everything that is named, each once: also what is named twice, as by its name and by the path above it. What is not there
 * is a failure: nobody would miss it before they need it. So are two of one name, of other regions or accounts: entries are known
 * by name, and the one would be in the other's place.
 */
export async function collectValues(
  { parameters, parameterPaths, secrets, texts }: ConfigurationRequest,
  services: ConfigurationServices,
  signal: AbortSignal,
): Promise<ConfigurationValue[]> {
  const found = new Map<string, Collected>();
  const add = ({ arn, ...value }: FoundValue) => collect(found, { value, origin: arn });
  for (const name of parameters) {
    signal.throwIfAborted();
    add((await services.readParameter(name)) ?? missing(`parameter ${name}`));
  }
  for (const path of parameterPaths) {
    signal.throwIfAborted();
    const below = await services.readPath(path);
    if (below.length === 0) missing(`parameter below ${path}`);
    below.forEach(add);
  }
  for (const id of secrets) {
    signal.throwIfAborted();
    add((await services.readSecret(id)) ?? missing(`secret ${id} with a value`));
  }
  for (const { name, file } of texts) collect(found, { value: await readText(name, file), origin: file });
  const values = [...found.values()].map(({ value }) => value);
  return values.sort((a, b) => (entryName(a) < entryName(b) ? -1 : 1));
}

interface Collected {
  readonly value: ConfigurationValue;
  /** ARN, or file. */
  readonly origin: string;
}

function collect(found: Map<string, Collected>, one: Collected): void {
  const name = entryName(one.value);
  const other = found.get(name);
  if (other && other.origin !== one.origin) {
    throw new BackupError('configuration-invalid', `there are two of ${name}: ${other.origin} and ${one.origin}`, {
      hint: 'Back one of them up under another source, with a backup of its own.',
    });
  }
  found.set(name, one);
}

async function readText(name: string, file: string): Promise<ConfigurationValue> {
  const value = await readFile(file).catch((error: Error) => {
    throw new BackupError('file-unreadable', `cannot read the text ${name} from ${file}`, { detail: error.message });
  });
  if (value.length > MAXIMUM_TEXT_BYTES) {
    throw new BackupError('file-unreadable', `the text ${name} in ${file} has ${value.length} bytes`, {
      hint: `At most ${MAXIMUM_TEXT_BYTES} are taken: back it up as a file.`,
    });
  }
  return { kind: 'text', name, type: 'text', version: null, value };
}

function missing(what: string): never {
  throw new BackupError('secret-unreadable', `there is no ${what}`, {
    hint: 'Take it out of what is backed up, or mend its name.',
  });
}
