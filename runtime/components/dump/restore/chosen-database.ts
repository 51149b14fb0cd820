import type { DumpContent, DumpedDatabase } from '../../../../model';
import { usageError } from '../../../errors';
import type { DumpPoint } from '../../../catalog/recovery-point';

/** Which of the point's databases is restored. */
export function chosenDatabase(point: DumpPoint, wanted: string | undefined): DumpedDatabase {
  const { databases } = point.manifest;
  const names = databases.map(({ name }) => `"${name}"`).join(', ');
  if (wanted === undefined) {
    if (databases.length === 1) return databases[0];
    throw usageError(
      `the recovery point holds ${databases.length} databases: ${names}`,
      'Say which one: --database NAME.',
    );
  }
  const found = databases.find(({ name }) => name === wanted);
  if (!found) throw usageError(`the recovery point holds no database "${wanted}"`, `It holds ${names}.`);
  return found;
}

/** What can be restored of what was asked for; refuses what was never dumped. */
export function restorableContent(dumped: DumpedDatabase, wanted: DumpContent): DumpContent {
  if (wanted === 'all') return dumped.content;
  if (dumped.content === 'all' || dumped.content === wanted) return wanted;
  throw usageError(
    `"${dumped.name}" was dumped with ${dumped.content} only; there is no ${wanted} to restore`,
    'Choose another recovery point, or leave the option out.',
  );
}
