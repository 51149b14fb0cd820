import { ENVIRONMENT, sourceNameProblem } from '../../../model';
import { BackupError } from '../../errors';
import type { ObjectStore } from '../../store/store';
import { metricLine } from '../metrics';
import { measureStatus } from './measure-status';
import { readStatus } from './read-status';

/** What a function's environment must say. */
export interface FreshnessSettings {
  readonly vaultUri: string;
  readonly source: string;
}

export interface FreshnessContext {
  readonly store: ObjectStore;
  readonly source: string;
  readonly now: () => Date;
  /** Takes a line as it is: CloudWatch reads metrics from nothing else. */
  readonly write: (line: string) => void;
}

/** Throws `configuration-invalid`, with the variable's name. */
export function readFreshnessSettings(env: NodeJS.ProcessEnv): FreshnessSettings {
  const source = required(env, ENVIRONMENT.source);
  const problem = sourceNameProblem(source);
  if (problem) {
    throw new BackupError('configuration-invalid', `${ENVIRONMENT.source} is ${JSON.stringify(source)}`, {
      hint: `As a source's name, ${problem}.`,
    });
  }
  return { vaultUri: required(env, ENVIRONMENT.vault), source };
}

/**
 * Publishes how the backups stand as metrics. When it cannot find out, it throws and publishes nothing: alarms on these
 * metrics take silence for bad news.
 */
export async function publishFreshness({ store, source, now, write }: FreshnessContext): Promise<void> {
  const status = await readStatus(store, source, now());
  // All of them, or none: a line that cannot be made is found before the first is written.
  const lines = measureStatus(status).map((measurement) => metricLine(status.at, measurement));
  for (const line of lines) write(line);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new BackupError('configuration-invalid', `environment variable ${name} is not set`, {
    hint: 'The construct that deploys this function sets it; deploy again.',
  });
}
