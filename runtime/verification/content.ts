/** Whether a recovery point holds as much as it should: at least what must be there, and about what there was before. */
import {
  findAnomaly,
  ITEM_NAMES,
  manifestItems,
  NEGLIGIBLE,
  VERIFICATION_CHECKS,
  type Anomaly,
  type Component,
  type Manifest,
  type VerificationFinding,
  type VerifiedTotals,
} from '../../model';
import { formatBytes, formatCount, formatNumberOf } from '../observe/format';
import type { Expectations } from './expectations';

export function totalsOf(manifest: Manifest): VerifiedTotals {
  const totals = { storedBytes: manifest.totals.storedBytes, items: manifestItems(manifest) };
  return isOfChanges(manifest) ? { ...totals, kind: 'incremental' } : totals;
}

function isOfChanges(manifest: Manifest): boolean {
  if (manifest.component === 'files') return manifest.volumes.some(({ kind }) => kind === 'incremental');
  return manifest.component === 'base-backup' && manifest.dependsOn.length > 0;
}

export function checkFloor(manifest: Manifest, expected: Expectations): VerificationFinding[] {
  const missing = [
    manifest.totals.storedBytes > 0 ? undefined : 'it holds no byte',
    ...(manifest.component === 'dump'
      ? [
          tooFew(manifest.totals.tables, 'table', expected.minimumTables),
          tooFew(manifest.totals.rows, 'row', expected.minimumRows),
        ]
      : []),
  ];
  return missing
    .filter((finding) => finding !== undefined)
    .map((finding) => ({ subject: VERIFICATION_CHECKS.floor, outcome: 'failed', finding }));
}

function tooFew(found: number, name: string, minimum: number): string | undefined {
  if (found >= minimum) return undefined;
  return `it holds ${formatNumberOf(found, name)}; there must be ${formatCount(minimum)} at least`;
}

/**
 * Compares with the recovery points before it, the newest first. What is out of line may be right, which only a person
 * knows: so it could not be verified. It ends nothing older and rings, and after ten like it, it is normal.
 */
export function checkHistory(
  component: Component,
  totals: VerifiedTotals,
  earlier: readonly VerifiedTotals[],
): VerificationFinding[] {
  const { sizeHistory, itemHistory } = VERIFICATION_CHECKS;
  const size = findAnomaly(
    totals.storedBytes,
    // A full one among those of what changed is many times as large, and as it should be.
    earlier.filter(({ kind }) => kind === totals.kind).map(({ storedBytes }) => storedBytes),
    NEGLIGIBLE.sizeBytes,
  );
  const items = findAnomaly(
    totals.items,
    earlier.map((one) => one.items),
    NEGLIGIBLE.items,
  );
  const now = formatNumberOf(totals.items, ITEM_NAMES[component]);
  return [
    ...(size ? [outOfLine(sizeHistory, formatBytes(totals.storedBytes), formatBytes(size.median), size)] : []),
    ...(items ? [outOfLine(itemHistory, now, formatCount(items.median), items)] : []),
  ];
}

function outOfLine(subject: string, now: string, usually: string, { direction, runs }: Anomaly): VerificationFinding {
  return {
    subject,
    outcome: 'could not verify',
    finding: `it has ${direction} to ${now}; the median of the ${runs} before it is ${usually}`,
  };
}
