import { ENVIRONMENT } from '../../model';
import { BackupError } from '../errors';
import { describeExit, runStage, type StageExit } from '../process/stage';
import { definedIn } from './local-tasks';
import type { RestoreStep } from './restore-set';

export interface StepSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly vaultUri: string;
  readonly source: string;
  readonly signal: AbortSignal;
}

/** Runs one command of this program to its end; gives its last line. `restore-failed` unless it ended with 0. */
export async function performStep(
  [file, ...first]: readonly [string, ...string[]],
  { name, argv, env: own }: RestoreStep,
  { env, vaultUri, source, signal }: StepSurroundings,
): Promise<string> {
  const output = await runStage({
    name,
    file,
    args: [...first, ...argv],
    env: { ...definedIn(env), ...own, [ENVIRONMENT.vault]: vaultUri, [ENVIRONMENT.source]: source },
    signal,
    maxBytes: MOST_OUTPUT_BYTES,
    failure: (exit) => stepFailed(name, exit),
  });
  return output.trim().split('\n').at(-1) ?? '';
}

const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;

function stepFailed(name: string, exit: StageExit): BackupError {
  return new BackupError('restore-failed', `${name} ${describeExit(exit)}`, {
    detail: exit.lastWords.trim().split('\n').slice(-5).join('\n'),
  });
}
