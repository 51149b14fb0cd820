/** Whether a recovery point holds as much as it should: at least what must be there, and about what there was before. */
import {
  findAnomaly,
  NEGLIGIBLE,
  VERIFICATION_CHECKS,
  type Anomaly,
  type Manifest,
  type VerificationFinding,
  type VerifiedTotals,
} from '../../model';
import { formatBytes, formatCount, formatNumberOf } from '../observe/format';
import type { Expectations } from './expectations';

export function totalsOf({ totals: { storedBytes, tables, rows } }: Manifest): VerifiedTotals {
  return { storedBytes, tables, rows };
}

/** Totals that are not those of the tables would let an empty backup look full. */
export function checkTotals(manifest: Manifest): VerificationFinding[] {
  const tables = manifest.databases.flatMap((database) => database.tables);
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  if (manifest.totals.tables === tables.length && manifest.totals.rows === rows) return [];
  return [
    {
      subject: VERIFICATION_CHECKS.manifest,
      outcome: 'failed',
      finding: `it counts ${manifest.totals.tables} tables and ${manifest.totals.rows} rows, but lists ${tables.length} and ${rows}`,
    },
  ];
}

export function checkFloor(totals: VerifiedTotals, expected: Expectations): VerificationFinding[] {
  const { minimumTables, minimumRows } = expected;
  const missing = [
    totals.storedBytes > 0 ? undefined : 'it holds no byte',
    totals.tables >= minimumTables
      ? undefined
      : `it holds ${formatNumberOf(totals.tables, 'table')}; there must be ${formatCount(minimumTables)} at least`,
    totals.rows >= minimumRows
      ? undefined
      : `it holds ${formatNumberOf(totals.rows, 'row')}; there must be ${formatCount(minimumRows)} at least`,
  ];
  return missing
    .filter((finding) => finding !== undefined)
    .map((finding) => ({ subject: VERIFICATION_CHECKS.floor, outcome: 'failed', finding }));
}

/**
 * Compares with the recovery points before it, the newest first. What is out of line may be right, which only a person
 * knows: so it could not be verified. It ends nothing older and rings, and after ten like it, it is normal.
 */
export function checkHistory(totals: VerifiedTotals, earlier: readonly VerifiedTotals[]): VerificationFinding[] {
  const { sizeHistory, rowHistory } = VERIFICATION_CHECKS;
  const size = findAnomaly(
    totals.storedBytes,
    earlier.map(({ storedBytes }) => storedBytes),
    NEGLIGIBLE.sizeBytes,
  );
  const rows = findAnomaly(
    totals.rows,
    earlier.map((one) => one.rows),
    NEGLIGIBLE.rows,
  );
  return [
    ...(size ? [outOfLine(sizeHistory, formatBytes(totals.storedBytes), formatBytes(size.median), size)] : []),
    ...(rows ? [outOfLine(rowHistory, formatNumberOf(totals.rows, 'row'), formatCount(rows.median), rows)] : []),
  ];
}

function outOfLine(subject: string, now: string, usually: string, { direction, runs }: Anomaly): VerificationFinding {
  return {
    subject,
    outcome: 'could not verify',
    finding: `it has ${direction} to ${now}; the median of the ${runs} before it is ${usually}`,
  };
}
