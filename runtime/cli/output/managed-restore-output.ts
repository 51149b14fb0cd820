import type { ManagedRestoreReport } from '../../managed/restore/types';
import { printable } from '../../observe/printable';
import type { Answer } from '../answer';
import { restoredAnswer } from './restored-answer';

/** `restore --rds-instance` and `--rds-cluster`. */
export function managedRestoreAnswer(report: ManagedRestoreReport): Answer {
  const { kind, newDatabase, database, target, begun, endpoint, differences } = report;
  return restoredAnswer('postgres-backup/restore-managed/1', report, {
    facts: [
      `the ${kind} ${newDatabase} from ${database}, to ${target}`,
      ...(begun === 'before' ? ['begun by an earlier run'] : []),
    ],
    above: (style) => differences.map((difference) => `  ${style.bad('✗')} ${printable(difference)}`),
    below: (style) => [
      `  it answers at ${printable(endpoint.host)}:${endpoint.port}`,
      `  ${style.faint('AWS says that it is there; nobody looked what is in it')}`,
    ],
  });
}
