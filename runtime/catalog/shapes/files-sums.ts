import { volumeNameProblem, type FilesManifest, type FilesVolume } from '../../../model';

/** Whether the manifest of volumes of files adds up: which object is what, what it is built on, its counts. */
export function filesProblem(manifest: FilesManifest): string | undefined {
  const { volumes, objects, dependsOn, totals } = manifest;
  if (volumes.length === 0) return 'it holds no volume';
  const names = volumes.map(({ name }) => name);
  if (new Set(names).size !== names.length) return 'it holds a volume twice';
  for (const volume of volumes) {
    const problem = volumeProblem(volume);
    if (problem !== undefined) return `volume ${JSON.stringify(volume.name)}: ${problem}`;
  }
  // Each object is exactly one thing, in this order.
  const named = volumes.flatMap(objectsOf);
  if (named.length !== objects.length || named.some((object, index) => object !== index)) {
    return `its volumes name the objects ${named.join(', ')}, but it has ${objects.length}`;
  }
  const needed = new Set(volumes.flatMap(({ builtOn }) => builtOn.map(({ point }) => point)));
  if (needed.size !== dependsOn.length || dependsOn.some((id) => !needed.has(id))) {
    return 'what it depends on is not what its volumes are built on';
  }
  const items = volumes.reduce((sum, { counts }) => sum + counts.stored + counts.unchanged, 0);
  return totals.items === items ? undefined : `its totals are not those of what it names: ${items} items`;
}

function objectsOf({ archive, storedIndex, keptIndex }: FilesVolume): number[] {
  return keptIndex === null ? [archive, storedIndex] : [archive, storedIndex, keptIndex];
}

function volumeProblem({ name, kind, keptIndex, builtOn, counts }: FilesVolume): string | undefined {
  if (volumeNameProblem(name) !== undefined) return 'that is no name of a volume';
  if ((kind === 'full') !== (keptIndex === null)) return `it is ${kind}, and its index does not agree`;
  if (kind === 'full' && (builtOn.length > 0 || counts.unchanged > 0)) return 'it is full, and built on something';
  if (new Set(builtOn.map(({ point }) => point)).size !== builtOn.length) return 'it is built on a point twice';
  const { files, directories, symbolicLinks, hardLinks, stored, unchanged } = counts;
  const entries = files + directories + symbolicLinks + hardLinks;
  return entries === stored + unchanged ? undefined : `it counts ${entries} entries, and ${stored + unchanged}`;
}
