/** What is in the manifest of mirrors of object stores, beside what is in every manifest; and whether it adds up. */
import { MISSING_REASONS, mirrorPrefix, type MirrorRecord, type ObjectsManifest } from '../../../model';
import { count, lacks, listOf, moment, oneOf, orAbsent, orNull, record, text, type Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const OBJECTS_SHAPE: Readonly<Record<string, Check>> = {
  ...ITEMS_SHAPE,
  mirrors: listOf(
    record({
      name: text,
      from: text,
      endpoint: orNull(text),
      prefix: text,
      inventory: listOf(record({ key: text, entries: count, first: orNull(text), last: orNull(text) })),
      objects: count,
      sizeBytes: count,
      changes: record({
        copied: count,
        copiedBytes: count,
        unchanged: count,
        gone: count,
        vanished: count,
        early: orAbsent(count),
        late: orAbsent(count),
      }),
      missing: record({ count, examples: listOf(record({ key: text, reason: oneOf(MISSING_REASONS) })) }),
      replica: orAbsent(record({ uri: text, listedAt: moment })),
    }),
  ),
  lacks,
};

/** Every object is a piece of one mirror's inventory, and the figures are those of the pieces. */
export function mirrorsProblem(manifest: ObjectsManifest): string | undefined {
  const { mirrors, objects, totals, source } = manifest;
  const pieces = mirrors.flatMap(({ inventory }) => inventory.map(({ key }) => key));
  const named = objects.map(({ key }) => key);
  if (pieces.length !== named.length || pieces.some((key, index) => key !== named[index])) {
    return 'its objects are not the inventories of its mirrors';
  }
  if (new Set(mirrors.map(({ name }) => name)).size !== mirrors.length) return 'it has a mirror twice';
  const items = mirrors.reduce((sum, mirror) => sum + mirror.objects, 0);
  if (items !== totals.items) return `its totals are not those of its mirrors: ${items} objects`;
  for (const mirror of mirrors) {
    const problem = mirrorProblem(mirror, source);
    if (problem !== undefined) return `mirror ${JSON.stringify(mirror.name)}: ${problem}`;
  }
  return undefined;
}

function mirrorProblem(
  { name, prefix, inventory, objects, changes }: MirrorRecord,
  source: string,
): string | undefined {
  if (prefix !== mirrorPrefix(source, name)) return `its data lies in ${JSON.stringify(prefix)}, which is not its own`;
  if (inventory.length === 0) return 'it has no inventory';
  const entries = inventory.reduce((sum, segment) => sum + segment.entries, 0);
  if (entries !== objects) return `its inventory has ${entries} entries for ${objects} objects`;
  return changes.copied + changes.unchanged === objects ? undefined : 'its changes do not make its objects';
}
