import { manifestObjects, parsePointPrefix, pointId } from '../../model';
import type { DumpedDatabase, Manifest, StoredObject } from '../../model';
import { BackupError } from '../errors';
import { manifestProblem } from './manifest-shape';

/**
 * Reads a manifest and refuses whatever is not one, is not whole, or is not this recovery point's: a manifest copied from
 * elsewhere, one whose objects lie in another place, one that does not add up. `manifest-invalid`, with the reason.
 */
export function readManifest(text: string, prefix: string): Manifest {
  const manifest = parse(text, prefix);
  const problem =
    placeProblem(manifest, prefix) ??
    objectsProblem(manifest, prefix) ??
    databasesProblem(manifest.databases) ??
    totalsProblem(manifest);
  if (problem !== undefined) throw invalid(prefix, problem);
  return manifest;
}

function parse(text: string, prefix: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(prefix, `it is not JSON (${(error as Error).message})`);
  }
  const problem = manifestProblem(value);
  if (problem !== undefined) throw invalid(prefix, problem);
  return value as Manifest;
}

/** Where it lies says what it must be about. */
function placeProblem(manifest: Manifest, prefix: string): string | undefined {
  const address = parsePointPrefix(prefix);
  if (!address) return 'it does not lie where a recovery point lies';
  const { source, component, class: retention } = address;
  const expected = { point: pointId(address), source, component, class: retention };
  for (const [field, value] of Object.entries(expected)) {
    const found = manifest[field as keyof typeof expected];
    if (found !== value) return `its ${field} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`;
  }
  return undefined;
}

function objectsProblem(manifest: Manifest, prefix: string): string | undefined {
  const objects = manifestObjects(manifest);
  for (const object of objects) {
    const problem = objectProblem(object, prefix);
    if (problem !== undefined) return problem;
  }
  return new Set(objects.map(({ key }) => key)).size === objects.length ? undefined : 'it names an object twice';
}

function objectProblem({ key, sizeBytes, parts }: StoredObject, prefix: string): string | undefined {
  if (!key.startsWith(prefix) || key.split('/').some((part) => part === '..' || part === '.' || part === '')) {
    return `it names ${JSON.stringify(key)}, which is not its own`;
  }
  const sumBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return sumBytes === sizeBytes ? undefined : `the parts of ${key} do not add up to its ${sizeBytes} bytes`;
}

function databasesProblem(databases: readonly DumpedDatabase[]): string | undefined {
  if (databases.length === 0) return 'it holds no database';
  const twice = firstTwice(databases.map(({ name }) => name));
  if (twice !== undefined) return `database ${twice} is in it twice`;
  for (const database of databases) {
    const problem = contentProblem(database) ?? tablesProblem(database);
    if (problem !== undefined) return `database ${JSON.stringify(database.name)}: ${problem}`;
  }
  return undefined;
}

function contentProblem({ content, schema, data }: DumpedDatabase): string | undefined {
  if ((content === 'data') !== (schema === null)) return `definitions and its content, ${content}, do not agree`;
  return (content === 'schema') === (data.length === 0)
    ? undefined
    : `archives of rows and its content, ${content}, do not agree`;
}

/** Every table that was counted is in exactly one archive, every other in none. */
function tablesProblem({ tables, data }: DumpedDatabase): string | undefined {
  const twice = firstTwice(tables.map(({ schema, name }) => [schema, name]));
  if (twice !== undefined) return `table ${twice} is in it twice`;
  const archives = tables.map(() => 0);
  for (const index of data.flatMap((archive) => archive.tables)) {
    if (index >= tables.length) return `an archive names table ${index}, which is not there`;
    archives[index]++;
  }
  const wrong = tables.findIndex(({ rows }, index) => archives[index] !== (rows === null ? 0 : 1));
  if (wrong === -1) return undefined;
  const { schema, name, rows } = tables[wrong];
  return `table "${schema}"."${name}" with ${rows ?? 'no'} rows is in ${archives[wrong]} archives`;
}

function totalsProblem(manifest: Manifest): string | undefined {
  const objects = manifestObjects(manifest);
  const tables = manifest.databases.flatMap((database) => database.tables);
  const found = {
    storedBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0),
    objects: objects.length,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
  };
  const wrong = Object.entries(found).find(([name, value]) => manifest.totals[name as keyof typeof found] !== value);
  return wrong && `its totals are not those of what it names: ${wrong[0]} is not ${wrong[1]}`;
}

/** The first that is there again, as JSON. */
function firstTwice(values: readonly unknown[]): string | undefined {
  const seen = new Set<string>();
  for (const value of values.map((one) => JSON.stringify(one))) {
    if (seen.has(value)) return value;
    seen.add(value);
  }
  return undefined;
}

function invalid(prefix: string, reason: string): BackupError {
  return new BackupError('manifest-invalid', `the manifest of ${prefix} is not valid`, { detail: reason });
}
