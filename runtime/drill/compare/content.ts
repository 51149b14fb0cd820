import type { DrillComparison } from '../../../model';
import { BackupError } from '../../errors';
import { hashTables } from '../../postgres/content-hash';
import { qualifiedName } from '../../postgres/sql-quoting';
import type { RestoredDatabase } from '../types';
import { Differences } from './differences';

/** The rows themselves, of those tables whose content was hashed at the dump. Where none was, nothing is said of it. */
export async function compareContent({ dumped, session, signal }: RestoredDatabase): Promise<DrillComparison[]> {
  const hashed = dumped.tables.filter(({ contentHash }) => contentHash !== undefined);
  if (hashed.length === 0) return [];
  const differences = new Differences('content');
  for (const table of hashed) {
    try {
      const [found] = await hashTables(session, [table], signal);
      differences.count(1);
      if (found.hash !== table.contentHash) {
        differences.failed(`table ${qualifiedName(table)} holds other rows than at the backup`);
      }
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'fingerprint-failed') throw error;
      differences.unverified(error.message);
    }
  }
  return [differences.result()];
}
