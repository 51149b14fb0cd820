import type { ManagedRestoreReport } from '../../managed/restore/types';
import { formatDuration } from '../../observe/format';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import { outcomeColour } from './outcome-colour';

/** `--json` of `restore --rds-instance` and `--rds-cluster`. */
export interface ManagedRestoreDocument extends ManagedRestoreReport {
  readonly format: 'postgres-backup/restore-managed/1';
}

export function managedRestoreAnswer(report: ManagedRestoreReport): Answer {
  const { outcome, kind, newDatabase, database, target, begun, endpoint, differences, durationMs } = report;
  const head = outcome === 'passed' ? 'restored:' : 'failed:';
  const followed = begun === 'before' ? ' · begun by an earlier run' : '';
  const sentence = `the ${kind} ${newDatabase} from ${database}, to ${target} · ${formatDuration(durationMs)}${followed}`;
  const document: ManagedRestoreDocument = {
    format: 'postgres-backup/restore-managed/1',
    ...report,
    durationMs: Math.round(durationMs),
  };
  return {
    outcome,
    summary: `${head} ${sentence}`,
    lines: (style) => [
      ...report.warnings.map((warning) => `  ${style.unsure('?')} ${printable(warning)}`),
      ...differences.map((difference) => `  ${style.bad('✗')} ${printable(difference)}`),
      `${outcomeColour(outcome, style)(head)} ${sentence}`,
      `  it answers at ${printable(endpoint.host)}:${endpoint.port}`,
      `  ${style.faint('AWS says that it is there; nobody looked what is in it')}`,
    ],
    document,
  };
}
