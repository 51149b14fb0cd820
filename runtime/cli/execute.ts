/** One command, from its options to its exit code: the same frame around each of them. */
import type { Command } from 'commander';
import { EXIT, type Component, type ExitCode, type MetricKey } from '../../model';
import { BackupError, toBackupError } from '../errors';
import type { ConnectionSource } from '../postgres/connection';
import type { ObjectStore } from '../store/store';
import type { RunReporter } from '../observe/run-reporter';
import { exitCodeOf, type Answer } from './answer';
import type { Console } from './console';
import type { Dependencies } from './dependencies';
import { applyEnvironment } from './options/setting';
import { requireTarget, type SharedOptions } from './options/shared-options';
import { serverEnvironment } from './options/server-environment';
import { Points } from './points';
import { limitRun, type RunLimits } from './run-limits';

/** What a command works with that reads no vault. */
export interface VaultlessRun {
  readonly dependencies: Dependencies;
  readonly command: Command;
  readonly source: string;
  readonly reporter: RunReporter;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** The server that the environment and the options name; asked for only by commands that need one. */
  readonly server: () => ConnectionSource;
  /** Figures of the log's archive as they are now, told as metrics at once: of what runs until it is stopped. */
  readonly publish: (values: MeasuredValues) => void;
  /** Figures of this run, told as metrics when it ends well. */
  readonly measure: (values: MeasuredValues) => void;
}

/** What a command works with. */
export interface CommandRun extends VaultlessRun {
  readonly store: ObjectStore;
  /** One component's recovery points. */
  readonly points: <C extends Component>(component: C) => Points<C>;
}

/** What is counted when a run ends. A run that was skipped counts as neither. */
export interface Counted {
  readonly component: Component;
  readonly succeeded: MetricKey;
  readonly failed: MetricKey;
  /** Of what could not be found out, where that is counted apart. */
  readonly unverified?: MetricKey;
}

export type Execution = {
  readonly counted?: Counted;
  /** `optional`: the command has an answer without one, and is given an empty name. */
  readonly source?: 'optional';
} & (
  | { readonly vault?: undefined; readonly work: (run: CommandRun) => Promise<Answer> }
  /** It need not be named. */
  | { readonly vault: 'not read'; readonly work: (run: VaultlessRun) => Promise<Answer> }
);

type MeasuredValues = Partial<Record<MetricKey, number>>;

export async function execute(
  command: Command,
  dependencies: Dependencies,
  console: Console,
  execution: Execution,
): Promise<ExitCode> {
  const { counted } = execution;
  // Whose backup it is comes first: whatever is wrong after that can be counted as that source's failure.
  applyEnvironment(command, dependencies.host.env, ['vault', 'source']);
  const target = requireTarget(command.opts<Partial<SharedOptions>>(), execution);
  const measured: MeasuredValues = {};
  const count = (end: 'succeeded' | 'failed' | 'unverified', values: MeasuredValues = {}) => {
    if (!counted) return;
    const { component, [end]: key = counted.failed } = counted;
    console.measure({ source: target.source, component, values: { [key]: 1, ...values } });
  };

  try {
    const limited = { command, dependencies, console, target, countFailure: () => count('failed') };
    const answer = await withinLimits(limited, (begun) => {
      const run = { ...begun, measure: (values: MeasuredValues) => void Object.assign(measured, values) };
      return execution.vault === 'not read' ? execution.work(run) : execution.work(withVault(run, target.vault));
    });
    if (answer.outcome === 'passed' || answer.outcome === 'objective missed') count('succeeded', measured);
    else if (answer.outcome !== 'skipped') count(answer.outcome === 'failed' ? 'failed' : 'unverified');
    console.answer(answer);
    return exitCodeOf(answer.outcome);
  } catch (thrown) {
    count('failed');
    throw thrown;
  }
}

interface Limited {
  readonly command: Command;
  readonly dependencies: Dependencies;
  readonly console: Console;
  readonly target: { readonly vault: string; readonly source: string };
  readonly countFailure: () => void;
}

async function withinLimits(
  limited: Limited,
  work: (run: Omit<VaultlessRun, 'measure'>) => Promise<Answer>,
): Promise<Answer> {
  const { command, dependencies, console, target } = limited;
  applyEnvironment(command, dependencies.host.env);
  const options = command.opts<SharedOptions>();
  const limits = startLimits(limited, options.deadline);
  const { signal } = limits;
  const { reporter } = console;
  const { source } = target;
  try {
    return await work({
      dependencies,
      command,
      source,
      reporter,
      signal,
      now: dependencies.host.now,
      publish: (values) => console.measure({ source, component: 'wal', values }),
      server: () => resolvedServer(dependencies, serverEnvironment(dependencies.host.env, options)),
    });
  } catch (thrown) {
    throw endingOf(thrown, signal);
  } finally {
    limits.release();
  }
}

function withVault(run: VaultlessRun, vault: string): CommandRun {
  const { dependencies, source, reporter, signal } = run;
  const store = dependencies.openStore(vault);
  const { catalog } = dependencies;
  return { ...run, store, points: (component) => new Points({ component, catalog, store, source, reporter, signal }) };
}

function startLimits({ dependencies: { host }, console, countFailure }: Limited, deadline?: number): RunLimits {
  return limitRun({
    deadlineMs: deadline === undefined ? undefined : deadline * 1000,
    signals: host.signals,
    stopping: (error) => console.reporter.warn(`${error.message}; cleaning up`),
    giveUp: (error) => {
      countFailure();
      console.error(error);
      host.exit(error.exitCode);
    },
  });
}

/** What the environment says wrongly of the server is wrong usage: it is found before anything is begun. */
function resolvedServer({ resolveServer }: Dependencies, env: NodeJS.ProcessEnv): ConnectionSource {
  try {
    return resolveServer(env);
  } catch (thrown) {
    const { code, message, detail, hint } = toBackupError(thrown);
    if (code !== 'configuration-invalid') throw thrown;
    throw new BackupError(code, message, { detail, hint, exitCode: EXIT.usage, cause: thrown });
  }
}

/** Why it really ended: what fails after a stop fails because of the stop. */
function endingOf(thrown: unknown, signal: AbortSignal): BackupError {
  const error = toBackupError(thrown);
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (!(reason instanceof BackupError) || error.code === reason.code) return error;
  return new BackupError(reason.code, reason.message, {
    detail: [reason.detail, error.message, error.detail].filter(Boolean).join('\n'),
    hint: reason.hint,
    exitCode: reason.exitCode,
    cause: error,
  });
}
