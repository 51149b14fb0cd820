import { sourceNameProblem } from '../../model';
import type { ObjectStore } from '../store/store';

/** Names of the sources that left anything in a vault, by one listing of its top: nobody has to remember them. */
export async function vaultSources(store: ObjectStore): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of store.list('', { delimiter: '/' })) {
    if (entry.kind !== 'prefix') continue;
    const name = entry.prefix.slice(0, -1);
    if (sourceNameProblem(name) === undefined) names.push(name);
  }
  return names.sort();
}
