import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { BackupError } from '../errors';

/** How a process ended. Success is `code === 0 && signal === null`; a killed process has the code `null`. */
export interface StageExit {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it said on stderr; at most {@link STDERR_TAIL_BYTES}. */
  readonly lastWords: string;
}

/** One process of a pipeline. */
export interface Stage {
  readonly name: string;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** Always resolves, also when the program could not be started. */
  readonly exited: Promise<StageExit>;
  /** SIGTERM, and SIGKILL when that is not heard within five seconds. */
  stop(): void;
}

export interface StageOptions {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: 'ignore' | 'pipe';
  /** `pipe` to be read here, or the stdin of a stage that was started before: then the bytes never pass through us. */
  readonly stdout: 'ignore' | 'pipe' | Stage;
  readonly signal: AbortSignal;
  /** Told each line of stderr as it comes, also those that are no longer among the last words. @default nobody is */
  readonly onWords?: (line: string) => void;
}

const STDERR_TAIL_BYTES = 16 * 1024;
const KILL_AFTER_MS = 5_000;
/** A process that it started may hold its stderr open long after it is gone: that is not waited for. */
const LAST_WORDS_MS = 2_000;

export function startStage(options: StageOptions): Stage {
  const { name, stdout } = options;
  const next = typeof stdout === 'object' ? nextStdin(stdout) : undefined;
  const stdio: StdioOptions = [options.stdin, next ?? (stdout as 'ignore' | 'pipe'), 'pipe'];
  const child = spawn(options.file, options.args, { env: { ...options.env }, stdio });
  // Our copy of the joint would keep it open: the reader would never see the end, the writer never a dead reader.
  next?.destroy();

  const stop = (): void => terminate(child);
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  if (child.stderr && options.onWords) createInterface({ input: child.stderr }).on('line', options.onWords);
  const exited = observeExit(child, name).finally(() => options.signal.removeEventListener('abort', stop));
  return { name, stdin: child.stdin, stdout: next ? null : child.stdout, exited, stop };
}

/** Runs one process to its end and returns what it printed, at most `maxBytes`; throws unless it ended well. */
export async function runStage(
  options: Omit<StageOptions, 'stdin' | 'stdout'> & { maxBytes?: number; failure: (failed: StageExit) => BackupError },
): Promise<string> {
  const stage = startStage({ ...options, stdin: 'ignore', stdout: 'pipe' });
  const limit = options.maxBytes ?? 1024 * 1024;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stage.stdout as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limit) {
      stage.stop();
      throw new BackupError('tool-failed', `${options.name} printed more than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  requireSuccess([await stage.exited], options.failure, options.signal);
  return Buffer.concat(chunks).toString('utf8');
}

/** Throws what failed first: the reason of the abort, or what `failure` makes of the process that is to blame. */
export function requireSuccess(
  exits: readonly StageExit[],
  failure: (failed: StageExit) => BackupError,
  signal: AbortSignal,
): void {
  signal.throwIfAborted();
  const failed = blamed(exits);
  if (failed) throw failure(failed);
}

export function describeExit(exit: Pick<StageExit, 'code' | 'signal'>): string {
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === null ? 'could not be started' : `ended with exit code ${exit.code}`;
}

/** When one process dies, its neighbours fail of a broken pipe; the one that said something is the one to blame. */
function blamed(exits: readonly StageExit[]): StageExit | undefined {
  const failed = exits.filter((exit) => exit.code !== 0 || exit.signal !== null);
  return failed.find((exit) => !lostItsReader(exit)) ?? failed[0];
}

/** Whether it ended because nobody read on: not a failure of its own. */
export function lostItsReader(exit: StageExit): boolean {
  return exit.signal === 'SIGPIPE' || (exit.code !== 0 && /broken pipe|connection reset/i.test(exit.lastWords));
}

function nextStdin(stage: Stage): Writable {
  if (!stage.stdin) throw new Error(`${stage.name} was started without a stdin to write to`);
  return stage.stdin;
}

function terminate(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  hard.unref();
  child.once('exit', () => clearTimeout(hard));
}

function observeExit(child: ChildProcess, name: string): Promise<StageExit> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL_BYTES);
  });
  return new Promise((resolve) => {
    let notStarted: Error | undefined;
    child.on('error', (error) => {
      notStarted = error;
      // No `close` follows when there never was a process.
      if (child.pid === undefined) resolve({ name, code: null, signal: null, lastWords: error.message });
    });
    child.on('exit', (code, signal) => {
      const settle = (): void => {
        clearTimeout(grace);
        child.stderr?.destroy();
        resolve({ name, code, signal, lastWords: stderr || (notStarted?.message ?? '') });
      };
      const grace = setTimeout(settle, LAST_WORDS_MS);
      if (!child.stderr || child.stderr.closed) settle();
      else child.stderr.once('close', settle);
    });
  });
}
