/** What the manifests of all components but the dump share, and whether it adds up. */
import { parsePointId, type ItemsManifest } from '../../../model';
import { count, listOf, record, storedObject, text, type Check } from './checks';

export const ITEMS_SHAPE: Readonly<Record<string, Check>> = {
  objects: listOf(storedObject),
  dependsOn: listOf(text),
  totals: record({ storedBytes: count, objects: count, items: count }),
};

export function itemsProblem({ point, objects, dependsOn, totals }: ItemsManifest): string | undefined {
  if (objects.length === 0) return 'it names no object';
  const stranger = dependsOn.find((id) => !parsePointId(id) || id >= point);
  if (stranger !== undefined) return `it depends on ${JSON.stringify(stranger)}, which is no older recovery point`;
  const storedBytes = objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  if (totals.storedBytes === storedBytes && totals.objects === objects.length) return undefined;
  return `its totals are not those of what it names: ${storedBytes} bytes in ${objects.length} objects`;
}
