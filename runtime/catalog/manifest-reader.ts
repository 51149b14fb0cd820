import { COMPONENTS, MANIFEST_FORMAT, isRetentionClass, manifestObjects, parsePointPrefix, pointId } from '../../model';
import type { Manifest, StoredObject, StoredPart } from '../../model';
import { BackupError } from '../errors';

/**
 * Reads a manifest and refuses whatever is not one, is not whole, or is not this recovery point's: a manifest copied from
 * elsewhere, one whose objects lie in another place, one whose parts do not add up. `manifest-invalid`, with the reason.
 */
export function readManifest(text: string, prefix: string): Manifest {
  const manifest = parse(text, prefix);
  const address = parsePointPrefix(prefix);
  if (!address) throw invalid(prefix, 'it does not lie where a recovery point lies');
  const expected = {
    point: pointId(address),
    source: address.source,
    component: address.component,
    class: address.class,
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = manifest[field as keyof typeof expected];
    if (found !== value)
      throw invalid(prefix, `its ${field} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
  }
  const objects = manifestObjects(manifest);
  for (const object of objects) checkObject(object, prefix);
  if (new Set(objects.map((object) => object.key)).size !== objects.length)
    throw invalid(prefix, 'it names an object twice');
  const storedBytes = objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  if (storedBytes !== manifest.totals.storedBytes || objects.length !== manifest.totals.objects) {
    throw invalid(prefix, 'its totals are not those of the objects it names');
  }
  return manifest;
}

function parse(text: string, prefix: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(prefix, `it is not JSON (${(error as Error).message})`);
  }
  if (!isRecord(value)) throw invalid(prefix, 'it is not an object');
  if (value.format !== MANIFEST_FORMAT) {
    throw invalid(prefix, `its format is ${JSON.stringify(value.format)}; this program reads ${MANIFEST_FORMAT}`);
  }
  const problem = shapeProblem(value);
  if (problem) throw invalid(prefix, problem);
  return value as unknown as Manifest;
}

/** Says which field is missing or of the wrong kind. */
function shapeProblem(value: Record<string, unknown>): string | undefined {
  for (const field of ['point', 'source', 'startedAt', 'finishedAt']) {
    if (typeof value[field] !== 'string') return `${field} is missing`;
  }
  if (!(COMPONENTS as readonly unknown[]).includes(value.component)) return 'component is none that is known';
  if (typeof value.class !== 'string' || !isRetentionClass(value.class)) return 'class is none that is known';
  for (const field of ['tool', 'server', 'client', 'totals']) {
    if (!isRecord(value[field])) return `${field} is missing`;
  }
  if (value.globals !== null && !isRecord(value.globals)) return 'globals is missing';
  if (!Array.isArray(value.databases)) return 'databases is missing';
  for (const database of value.databases as unknown[]) {
    if (!isRecord(database) || typeof database.name !== 'string') return 'a database has no name';
    for (const list of ['data', 'tables', 'extensions']) {
      if (!Array.isArray(database[list])) return `${list} of database ${JSON.stringify(database.name)} is missing`;
    }
    if (!(database.tables as unknown[]).every(isTable))
      return `a table of ${JSON.stringify(database.name)} is incomplete`;
    const tables = (database.tables as unknown[]).length;
    const named = (database.data as { tables?: unknown }[]).flatMap((archive) => archive.tables);
    if (!named.every((index) => Number.isInteger(index) && (index as number) >= 0 && (index as number) < tables)) {
      return `an archive of ${JSON.stringify(database.name)} names a table that is not there`;
    }
  }
  return undefined;
}

function isTable(value: unknown): boolean {
  if (!isRecord(value) || typeof value.schema !== 'string' || typeof value.name !== 'string') return false;
  return value.rows === null || (Number.isSafeInteger(value.rows) && (value.rows as number) >= 0);
}

const SHA256 = /^[0-9a-f]{64}$/;

function checkObject(object: StoredObject, prefix: string): void {
  if (typeof object.key !== 'string' || !object.key.startsWith(prefix)) {
    throw invalid(prefix, `it names ${JSON.stringify(object.key)}, which is not its own`);
  }
  if (!SHA256.test(object.sha256) || typeof object.crc32 !== 'string') {
    throw invalid(prefix, `${object.key} has no digest`);
  }
  if (!isFilledList(object.parts)) throw invalid(prefix, `${object.key} has no parts`);
  const parts: readonly StoredPart[] = object.parts;
  const sizeBytes = parts.reduce((sum, part) => sum + (SHA256.test(part.sha256) ? part.sizeBytes : NaN), 0);
  if (sizeBytes !== object.sizeBytes || sizeBytes <= 0) {
    throw invalid(prefix, `the parts of ${object.key} do not add up to its ${object.sizeBytes} bytes`);
  }
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(prefix: string, reason: string): BackupError {
  return new BackupError('manifest-invalid', `the manifest of ${prefix} is not valid`, { detail: reason });
}
