import type { DrillComparison } from '../../../model';
import { readDatabaseFacts } from '../../postgres/server-facts';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** Of the restored database, and of the one that the archive was made of: text under another encoding is other text. */
export async function compareEncoding(restored: RestoredDatabase): Promise<DrillComparison[]> {
  const { dumped, session, entries, collationProblem } = restored;
  const differences = new Differences('encoding and collation').count(1);
  const found = await readDatabaseFacts(session);
  if (found.encoding !== dumped.encoding) {
    differences.failed(`the encoding is ${found.encoding}, the manifest says ${dumped.encoding}`);
  }
  if (collationProblem !== undefined) differences.unverified(collationProblem);
  else if (found.collate !== dumped.collate || found.ctype !== dumped.ctype) {
    differences.failed(
      `the collation is ${found.collate} and ${found.ctype}, the manifest says ${dumped.collate} and ${dumped.ctype}`,
    );
  }
  const source = entries.find(({ kind }) => kind === 'DATABASE')?.definition;
  const [, encoding] = / ENCODING = '([^']*)'/.exec(source ?? '') ?? [];
  if (encoding !== undefined && encoding !== dumped.encoding) {
    differences.failed(`the archive is of a database in ${encoding}, the manifest says ${dumped.encoding}`);
  }
  return [differences.result()];
}
