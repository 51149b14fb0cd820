/**
 * The process of one function: started with the first event, used for the next ones, ended when an event takes too long. What it
 * takes to start counts for itself, as on AWS Lambda: a function's timeout does not hang on how busy this machine is.
 */
import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { MOVED_TIME } from './environment';

const HOST = path.join(__dirname, 'function-host.cjs');

export interface FunctionCode {
  readonly name: string;
  /** Where the asset lies. */
  readonly folder: string;
  /** `index.handler` */
  readonly handler: string;
  readonly timeoutMs: number;
}

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export type FunctionAnswer = { readonly result: unknown } | { readonly error: FunctionError };

/** A line of the function's output; nothing at the end of an event's. */
type LineReader = (line: string) => void;

/** For a process to start and load its asset. */
const START_TIMEOUT_MS = 60_000;

export class FunctionProcess {
  private child: ChildProcess | undefined;
  private counter = 0;
  private readonly ends = new Map<string, () => void>();

  constructor(
    private readonly code: FunctionCode,
    private readonly env: Readonly<Record<string, string>>,
    private readonly onLine: LineReader,
  ) {}

  /** One at a time: whoever calls sees to that. */
  async call(event: unknown, requestId: string, now: Date): Promise<FunctionAnswer> {
    const child = (this.child ??= this.start());
    const id = String((this.counter += 1));
    const { name: functionName, folder, handler, timeoutMs: deadlineMs } = this.code;
    const offsetMs = now.getTime() - Date.now();
    const outputEnded = Promise.all(['stdout', 'stderr'].map((stream) => this.endOf(stream, id)));
    const answered = this.answerOf(child, id);
    child.send({ id, folder, handler, event, offsetMs, deadlineMs, requestId, functionName });
    const answer = await answered;
    await outputEnded;
    return answer;
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const child = this.child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
    this.child = undefined;
  }

  private start(): ChildProcess {
    const execArgv = ['--require', MOVED_TIME];
    const child = fork(HOST, { env: this.env, execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.follow('stdout', child.stdout);
    this.follow('stderr', child.stderr);
    child.once('exit', () => {
      if (this.child === child) this.child = undefined;
    });
    return child;
  }

  private answerOf(child: ChildProcess, id: string): Promise<FunctionAnswer> {
    return new Promise((resolve) => {
      const endAfter = (what: string, timeoutMs: number): NodeJS.Timeout =>
        setTimeout(() => {
          settle(failure('Sandbox.Timedout', `${what} timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`));
          // The next event gets a process of its own, even if this one is still on its way out.
          if (this.child === child) this.child = undefined;
          child.kill('SIGKILL');
        }, timeoutMs);
      let timer = endAfter('Start', START_TIMEOUT_MS);
      const settle = (answer: FunctionAnswer): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve(answer);
      };
      const onMessage = (message: unknown): void => {
        const { id: told, ...answer } = message as { id: string } & ({ begun: true } | FunctionAnswer);
        if (told !== id) return;
        if (!('begun' in answer)) return settle(answer);
        clearTimeout(timer);
        timer = endAfter('Task', this.code.timeoutMs);
      };
      const onExit = (code: number | null, signal: string | null): void =>
        settle(failure('Runtime.ExitError', `Runtime exited with ${code ?? signal}`));
      child.on('message', onMessage);
      child.once('exit', onExit);
    });
  }

  /** The host marks the end of an event's output; so does the end of the stream. */
  private follow(name: string, stream: Readable | null): void {
    if (stream === null) throw new Error(`the function's process has no ${name}`);
    const lines = createInterface({ input: stream, crlfDelay: Infinity });
    lines.on('line', (line) => {
      const [text, id] = line.split('\0end ');
      if (text !== '') this.onLine(text);
      if (id !== undefined) this.ends.get(`${name} ${id}`)?.();
    });
    lines.on('close', () => {
      for (const [key, ended] of this.ends) if (key.startsWith(`${name} `)) ended();
    });
  }

  private endOf(stream: string, id: string): Promise<void> {
    const key = `${stream} ${id}`;
    return new Promise((resolve) =>
      this.ends.set(key, () => {
        this.ends.delete(key);
        resolve();
      }),
    );
  }
}

function failure(errorType: string, errorMessage: string): FunctionAnswer {
  return { error: { errorType, errorMessage } };
}
