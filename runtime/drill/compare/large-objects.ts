import type { DrillComparison } from '../../../model';
import { countLargeObjects } from '../../postgres/server-facts';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** As many as were there. */
export async function compareLargeObjects({ dumped, session }: RestoredDatabase): Promise<DrillComparison[]> {
  if (dumped.content === 'schema') return [];
  const differences = new Differences('large objects').count(1);
  const found = await countLargeObjects(session);
  if (found !== dumped.largeObjects) {
    differences.failed(`there are ${found} large objects, ${dumped.largeObjects} in the backup`);
  }
  return [differences.result()];
}
