/** What is in the manifest of settings, secrets and certificates, beside what is in every manifest. */
import { CONFIGURATION_KINDS, type ConfigurationManifest } from '../../../model';
import { count, listOf, moment, oneOf, orNull, record, sha256, text, type Check } from './checks';
import { ITEMS_SHAPE } from './items-shape';

export const CONFIGURATION_SHAPE: Readonly<Record<string, Check>> = {
  ...ITEMS_SHAPE,
  envelopeKey: text,
  parameterPaths: listOf(text),
  entries: listOf(
    record({
      name: text,
      kind: oneOf(CONFIGURATION_KINDS),
      type: text,
      version: orNull(text),
      sizeBytes: count,
      keyedDigest: sha256,
      certificates: listOf(record({ subject: text, notAfter: moment })),
    }),
  ),
};

/** Whether it adds up. */
export function configurationProblem({ entries, objects, totals }: ConfigurationManifest): string | undefined {
  if (entries.length === 0) return 'it holds no entry';
  if (new Set(entries.map(({ name }) => name)).size !== entries.length) return 'it names an entry twice';
  if (objects.length !== 1) return `it names ${objects.length} objects, not one`;
  return totals.items === entries.length
    ? undefined
    : `its totals are not those of what it names: ${entries.length} items`;
}
