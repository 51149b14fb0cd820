import type { DrillComparison } from '../../../model';
import type { RestoredDatabase } from '../types';
import { compareCatalog } from './catalog';
import { compareContent } from './content';
import { compareEncoding } from './encoding';
import { compareExtensions } from './extensions';
import { checkIndexes } from './indexes';
import { compareLargeObjects } from './large-objects';
import { compareRowCounts } from './row-counts';

/** Holds a restored database against its manifest, in everything that the manifest says of it. Changes nothing. */
export async function compareDatabase(
  restored: RestoredDatabase,
  onComparison: (name: string) => void,
): Promise<DrillComparison[]> {
  const done: DrillComparison[] = [];
  for (const [name, compare] of Object.entries(COMPARE)) {
    restored.signal.throwIfAborted();
    onComparison(name);
    done.push(...(await compare(restored)));
  }
  return done;
}

/** By what is told while it runs. */
const COMPARE: Readonly<Record<string, (restored: RestoredDatabase) => Promise<DrillComparison[]>>> = {
  'encoding and collation': compareEncoding,
  extensions: compareExtensions,
  'row counts': compareRowCounts,
  content: compareContent,
  definitions: compareCatalog,
  indexes: checkIndexes,
  'large objects': compareLargeObjects,
};
