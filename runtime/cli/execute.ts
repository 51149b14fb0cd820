/** One command, from its options to its exit code: the same frame around each of them. */
import type { Command } from 'commander';
import type { Component, ExitCode, MetricKey } from '../../model';
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
import { limitRun } from './run-limits';

/** What a command works with. */
export interface CommandRun {
  readonly dependencies: Dependencies;
  readonly command: Command;
  readonly source: string;
  readonly store: ObjectStore;
  readonly reporter: RunReporter;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** The server that the environment and the options name; asked for only by commands that need one. */
  server(): ConnectionSource;
  /** Figures of this run, told as metrics when it ends well. */
  measure(values: Partial<Record<MetricKey, number>>): void;
}

/** What is counted when a run ends. A run that was skipped counts as neither. */
export interface Counted {
  readonly component: Component;
  readonly succeeded: MetricKey;
  readonly failed: MetricKey;
}

export interface Execution {
  readonly counted?: Counted;
  work(run: CommandRun): Promise<Answer>;
}

export async function execute(
  command: Command,
  dependencies: Dependencies,
  console: Console,
  execution: Execution,
): Promise<ExitCode> {
  const { host } = dependencies;
  applyEnvironment(command, host.env);
  const options = command.opts<SharedOptions>();
  const target = requireTarget(options);
  const measured: Partial<Record<MetricKey, number>> = {};
  const count = (outcome: 'succeeded' | 'failed', values: Partial<Record<MetricKey, number>> = {}) => {
    if (!execution.counted) return;
    const { component, [outcome]: key } = execution.counted;
    console.measure({ source: target.source, component, values: { [key]: 1, ...values } });
  };

  const limits = limitRun({
    deadlineMs: options.deadline * 1000,
    signals: host.signals,
    stopping: (error) => console.reporter.warn(`${error.message}; cleaning up`),
    giveUp: (error) => {
      count('failed');
      console.error(error);
      host.exit(error.exitCode);
    },
  });
  try {
    const answer = await execution.work({
      dependencies,
      command,
      source: target.source,
      store: dependencies.openStore(target.vault),
      reporter: console.reporter,
      signal: limits.signal,
      now: host.now,
      server: () => dependencies.resolveServer(serverEnvironment(host.env, options)),
      measure: (values) => Object.assign(measured, values),
    });
    if (answer.outcome === 'passed') count('succeeded', measured);
    else if (answer.outcome !== 'skipped') count('failed');
    console.answer(answer);
    return exitCodeOf(answer.outcome);
  } catch (thrown) {
    count('failed');
    throw endingOf(thrown, limits.signal);
  } finally {
    limits.release();
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
