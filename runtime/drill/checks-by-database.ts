import type { SqlCheck } from '../../model';
import { BackupError } from '../errors';

/** Which checks are asked of which of these databases. One that would be asked nowhere is refused: it would pass unasked. */
export function checksByDatabase(checks: readonly SqlCheck[], names: readonly string[]): Map<string, SqlCheck[]> {
  const byDatabase = new Map<string, SqlCheck[]>(names.map((name) => [name, []]));
  for (const check of checks) {
    const name = check.database ?? (names.length === 1 ? names[0] : undefined);
    const asked = name === undefined ? undefined : byDatabase.get(name);
    if (!asked) throw nowhere(check, names);
    asked.push(check);
  }
  return byDatabase;
}

function nowhere({ name, database }: SqlCheck, names: readonly string[]): BackupError {
  const detail = `The recovery point holds ${names.map((one) => JSON.stringify(one)).join(', ')}.`;
  const check = `the check ${JSON.stringify(name)}`;
  return database === null
    ? new BackupError('configuration-invalid', `${check} does not say which database it is for`, { detail })
    : new BackupError('database-missing', `${check} is for ${JSON.stringify(database)}, which was not backed up`, {
        detail,
      });
}
