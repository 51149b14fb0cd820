import { CATALOG_KINDS, type DrillComparison } from '../../../model';
import { readCatalogFingerprint } from '../../postgres/catalog-fingerprint';
import { quoteIdentifier } from '../../postgres/sql-quoting';
import type { RestoredDatabase } from '../types';
import { compareDetails } from './details';
import { Differences } from './differences';

/** Everything that the database was made of, by name and by what it is like; whether it is valid; how far sequences are. */
export async function compareCatalog(restored: RestoredDatabase): Promise<DrillComparison[]> {
  const { dumped } = restored;
  const expected = dumped.catalog;
  if (dumped.schema === null) return [];
  const definitions = new Differences('definitions');
  const access = new Differences('owners and privileges');
  const validity = new Differences('validity');
  const sequences = new Differences('sequences');
  // Where the backup holds no roles, everything belongs to whoever restores it: there is nothing to compare, which is told before.
  const told = [definitions, ...(restored.ownership === 'as dumped' ? [access] : []), validity, sequences];
  const results = () => told.map((differences) => differences.result());
  if (expected === undefined) {
    const finding = 'the manifest does not say what the database was made of';
    told.forEach((differences) => differences.unverified(finding));
    return results();
  }
  const found = await readCatalogFingerprint(restored.session, (sequence, { message }) =>
    sequences.unverified(`sequence ${sequence} could not be held against its column: ${message}`),
  );
  const leftOut = leftOutNames(restored);
  const isMade = (name: string): boolean => !leftOut.some((one) => name === one || name.startsWith(`${one}.`));
  for (const kind of CATALOG_KINDS) {
    definitions.names(kind, expected.objects[kind].filter(isMade), found.objects[kind]);
  }
  access.count(1);
  await compareDetails(restored, isMade, { definitions, access, sequences });
  validity.count(found.objects.index.length + found.objects.constraint.length + 1);
  const isKnown = (one: string): boolean =>
    expected.invalid.includes(one) || (dumped.content === 'schema' && isView(one));
  for (const name of found.invalid.filter((one) => !isKnown(one))) {
    validity.failed(isView(name) ? `${name} is not filled` : `${name} is not valid`);
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

/** A materialized one is filled with rows, and of a dump of definitions alone there are none. */
function isView(name: string): boolean {
  return name.startsWith('view ');
}

/** As the fingerprint names them. */
function leftOutNames({ leftOut }: RestoredDatabase): string[] {
  return leftOut
    .filter(({ schema }) => schema !== '')
    .map(({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
}
