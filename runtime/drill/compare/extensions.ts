import type { DrillComparison } from '../../../model';
import { listExtensions } from '../../postgres/server-facts';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** amcheck is the drill's own where the source has none. */
const OWN = 'amcheck';

/** Each is there. Another version is told: it is what a restore would get too. */
export async function compareExtensions({ dumped, session }: RestoredDatabase): Promise<DrillComparison[]> {
  const found = await listExtensions(session);
  const expected = dumped.extensions.map(({ name }) => name);
  const names = found.map(({ name }) => name).filter((name) => name !== OWN || expected.includes(OWN));
  const differences = new Differences('extensions').names('extension', expected, names).count(1);
  for (const { name, version } of dumped.extensions) {
    const other = found.find((one) => one.name === name)?.version;
    if (other !== undefined && other !== version) {
      differences.note(`extension ${name} is ${other} here, ${version} at the source`);
    }
  }
  return [differences.result()];
}
