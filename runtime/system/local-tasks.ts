/** Runs the components here, each as a process of this very program with this environment. */
import { ENVIRONMENT } from '../../model';
import { BackupError } from '../errors';
import { describeExit, startStage, type StageExit } from '../process/stage';
import { overridesOf, type TaskStarter, type TaskState } from './task';

export interface LocalProgram {
  /** The program and what comes before its arguments: `node postgres-backup.js`. */
  readonly argv: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly vaultUri: string;
  readonly source: string;
}

/** A process that is told to stop (the signal) cleans up as it does by itself. */
export function localTasks({ argv: [file, ...first], env, vaultUri, source }: LocalProgram): TaskStarter {
  return {
    start: async (request, signal) => {
      const values = overridesOf(request);
      const stage = startStage({
        name: `backup ${request.component}`,
        file,
        args: [...first, 'backup', request.component],
        env: {
          ...definedIn(env),
          [ENVIRONMENT.vault]: vaultUri,
          [ENVIRONMENT.source]: source,
          [ENVIRONMENT.class]: values.class,
          [ENVIRONMENT.scheduledAt]: values.scheduledAt,
        },
        stdin: 'ignore',
        stdout: 'ignore',
        signal,
      });
      let exit: StageExit | undefined;
      void stage.exited.then((ended) => (exit = ended));
      return { description: 'a process of this machine', state: async () => stateOf(exit) };
    },
  };
}

function stateOf(exit: StageExit | undefined): TaskState {
  if (!exit) return { ended: false, status: 'running' };
  return { ended: true, exitCode: exit.code, reason: [describeExit(exit), lastLine(exit)].filter(Boolean).join(': ') };
}

function lastLine({ lastWords }: StageExit): string {
  return lastWords.trim().split('\n').at(-1) ?? '';
}

export function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

/** The program that runs now, for {@link localTasks}. */
export function thisProgram(): readonly [string, ...string[]] {
  const [, script] = process.argv;
  if (script === undefined) throw new BackupError('internal', 'the program does not know its own file');
  return [process.execPath, ...process.execArgv, script];
}
