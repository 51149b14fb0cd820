import { manifestObjects, parsePointPrefix, pointId } from '../../model';
import type { Manifest, StoredObject } from '../../model';
import { BackupError } from '../errors';
import { manifestProblem } from './manifest-shape';
import { baseBackupProblem } from './shapes/base-backup-shape';
import { configurationProblem } from './shapes/configuration-shape';
import { dumpProblem } from './shapes/dump-sums';
import { filesProblem } from './shapes/files-sums';
import { itemsProblem } from './shapes/items-shape';
import { mirrorsProblem } from './shapes/objects-shape';

/**
 * Reads a manifest and refuses whatever is not one, is not whole, or is not this recovery point's: a manifest copied from
 * elsewhere, one whose objects lie in another place, one that does not add up. `manifest-invalid`, with the reason.
 */
export function readManifest(text: string, prefix: string): Manifest {
  const manifest = parse(text, prefix);
  const problem = placeProblem(manifest, prefix) ?? objectsProblem(manifest, prefix) ?? sumsProblem(manifest);
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

/** Whether it adds up. */
function sumsProblem(manifest: Manifest): string | undefined {
  if (manifest.component === 'dump') return dumpProblem(manifest);
  const problem = itemsProblem(manifest);
  if (problem !== undefined) return problem;
  if (manifest.component === 'files') return filesProblem(manifest);
  if (manifest.component === 'base-backup') return baseBackupProblem(manifest);
  if (manifest.component === 'configuration') return configurationProblem(manifest);
  return manifest.component === 'objects' ? mirrorsProblem(manifest) : undefined;
}

function invalid(prefix: string, reason: string): BackupError {
  return new BackupError('manifest-invalid', `the manifest of ${prefix} is not valid`, { detail: reason });
}
