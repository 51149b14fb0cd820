/** What each thing in a restored database is like, whose it is, and how far its sequences are: against the source at the dump. */
import { CATALOG_KINDS, MOST_FINDINGS, type CatalogDetails, type CatalogDigest } from '../../../model';
import { describeCatalogObjects, readCatalogDetails, readSequenceValues } from '../../postgres/catalog-details';
import type { SqlSession } from '../../postgres/session';
import type { RestoredDatabase } from '../types';
import type { Differences } from './differences';

/** Where it is told. */
export interface DetailDifferences {
  readonly definitions: Differences;
  readonly access: Differences;
  readonly sequences: Differences;
}

export async function compareDetails(
  { dumped, session }: RestoredDatabase,
  isMade: (name: string) => boolean,
  { definitions, access, sequences }: DetailDifferences,
): Promise<void> {
  const { objects, details: expected } = dumped.catalog ?? {};
  if (!objects || !expected) {
    const finding = 'the manifest does not say what things were like at the source';
    for (const differences of [definitions, access]) differences.unverified(finding);
    return;
  }
  const found = await readCatalogDetails(session);
  const named = new Set(CATALOG_KINDS.flatMap((kind) => objects[kind].filter(isMade).map((name) => `${kind} ${name}`)));
  await compareDigests(session, { side: 'definition', expected, found, named }, definitions);
  await compareDigests(session, { side: 'access', expected, found, named }, access);
  if (dumped.content === 'all') await compareSequences(session, expected.sequences, found, sequences);
}

interface Compared {
  readonly side: keyof typeof KEPT_AS;
  readonly expected: CatalogDetails;
  readonly found: CatalogDetails;
  /** Kind and name of what the database was made of. */
  readonly named: ReadonlySet<string>;
}

const KEPT_AS = { definition: 'definitions', access: 'access' } as const satisfies Partial<
  Record<keyof CatalogDigest, keyof CatalogDetails>
>;

/** So much of a description is told: the source has the other side of it. */
const MOST_WORDS = 500;

/** What is missing or too much is told by name already; what was there, and was not described, is compared with nothing. */
async function compareDigests(
  session: SqlSession,
  { side, expected, found, named }: Compared,
  differences: Differences,
): Promise<void> {
  const [before, now] = [expected[KEPT_AS[side]], found[KEPT_AS[side]]];
  const here = Object.keys(now).filter((what) => named.has(what));
  const both = here.filter((what) => before[what] !== undefined);
  differences.count(both.length);
  const differing = both.filter((what) => now[what] !== before[what]).sort();
  const described = await describeCatalogObjects(session, differing.slice(0, MOST_FINDINGS));
  for (const what of differing) {
    const words = described.get(what)?.[side] ?? '';
    differences.failed(
      `${what} is not as it was; here: ${words.slice(0, MOST_WORDS)}${words.length > MOST_WORDS ? ' …' : ''}`,
    );
  }
  for (const what of here.filter((one) => before[one] === undefined).sort()) {
    differences.unverified(`the manifest does not say what ${what} was like at the source`);
  }
}

/** Each has come as far as it was when the dump began, or further: what it gave then, it must not give again. */
async function compareSequences(
  session: SqlSession,
  expected: CatalogDetails['sequences'],
  { definitions }: CatalogDetails,
  differences: Differences,
): Promise<void> {
  const found = new Map((await readSequenceValues(session)).map((one) => [one.name, one]));
  for (const [name, value] of Object.entries(expected)) {
    if (definitions[`sequence ${name}`] === undefined) continue;
    const here = found.get(name);
    const [now, then] = [BigInt(here?.value ?? 0), BigInt(value)];
    differences.count(1);
    if (!here) differences.failed(`sequence ${name} has given nothing yet, at the source it was at ${value}`);
    else if (here.ascending ? now < then : now > then) {
      differences.failed(`sequence ${name} is at ${here.value}, at the source it was at ${value}`);
    }
  }
}
