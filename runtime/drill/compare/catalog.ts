import { CATALOG_KINDS, type DrillComparison } from '../../../model';
import { readCatalogFingerprint } from '../../postgres/catalog-fingerprint';
import { quoteIdentifier } from '../../postgres/sql-quoting';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** Everything that the database was made of, by name; whether it is valid; sequences against their columns. */
export async function compareCatalog(restored: RestoredDatabase): Promise<DrillComparison[]> {
  const expected = restored.dumped.catalog;
  if (restored.dumped.schema === null) return [];
  const definitions = new Differences('definitions');
  const validity = new Differences('validity');
  const sequences = new Differences('sequences');
  const results = () => [definitions.result(), validity.result(), sequences.result()];
  if (expected === undefined) {
    const finding = 'the manifest does not say what the database was made of';
    [definitions, validity, sequences].forEach((differences) => differences.unverified(finding));
    return results();
  }
  const found = await readCatalogFingerprint(restored.session, (sequence, { message }) =>
    sequences.unverified(`sequence ${sequence} could not be held against its column: ${message}`),
  );
  const leftOut = leftOutNames(restored);
  for (const kind of CATALOG_KINDS) {
    const isMade = (name: string): boolean => !leftOut.some((one) => name === one || name.startsWith(`${one}.`));
    definitions.names(kind, expected.objects[kind].filter(isMade), found.objects[kind]);
  }
  validity.count(found.objects.index.length + found.objects.constraint.length + 1);
  for (const name of found.invalid.filter((one) => !expected.invalid.includes(one))) {
    validity.failed(`${name} is not valid`);
  }
  for (const name of expected.invalid.filter((one) => !found.invalid.includes(one))) {
    validity.note(`${name} was not valid at the source, and is now`);
  }
  sequences.count(found.objects.sequence.length + 1);
  for (const name of found.sequencesBehind.filter((one) => !expected.sequencesBehind.includes(one))) {
    sequences.failed(`sequence ${name} is behind its column: it would give values that are taken`);
  }
  return results();
}

/** As the fingerprint names them. */
function leftOutNames({ leftOut }: RestoredDatabase): string[] {
  return leftOut
    .filter(({ schema }) => schema !== '')
    .map(({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
}
