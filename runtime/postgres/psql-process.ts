import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { childEnvironment, KEEPALIVE_CONNINFO } from './child-environment';
import type { Connection } from './connection';

/**
 * One `psql` that stays open and is asked one thing after another. It knows how an answer begins and ends, not what it means.
 *
 * An answer ends with a line that `psql` itself echoes on both its outputs, 128 random bits anew for each question: no
 * row, name or message can imitate it.
 */
export interface PsqlProcess {
  /** Sends a script and waits for all it prints. Answers are whole, or `ended` says why there is none. */
  ask(script: string): Promise<PsqlAnswer>;
  /** Lets it end by itself, or after 3 seconds kills it; settles when it is gone. */
  close(): Promise<void>;
  /** Has the running statement cancelled on the server too: a killed client's query would run on there. */
  interrupt(): void;
}

export type PsqlAnswer =
  | { readonly ended: false; readonly output: string; readonly errors: string }
  /** `psql` is gone; `errors` holds its last words, `exit` how it ended. */
  | { readonly ended: true; readonly errors: string; readonly exit: string };

/** More than this is no answer to a question about a catalog. */
const ANSWER_LIMIT_BYTES = 256 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 3_000;

export function startPsql(program: string, connection: Connection, answerLimitBytes = ANSWER_LIMIT_BYTES): PsqlProcess {
  const child = spawn(program, PSQL_ARGUMENTS, {
    env: { ...childEnvironment(connection), PGCLIENTENCODING: 'UTF8' },
    stdio: 'pipe',
  });
  const exit = exited(child);
  // A psql that is gone closes its input. That it is gone is told by its exit, so this adds nothing.
  child.stdin.on('error', () => undefined);
  return {
    ask: async (script) => {
      const sentinel = `end-${randomBytes(16).toString('hex')}`;
      const answer = Promise.all([
        readUntil(child.stdout, { sentinel, limitBytes: answerLimitBytes, decoder: EXACT }),
        readUntil(child.stderr, { sentinel, limitBytes: answerLimitBytes, decoder: READABLE }),
      ]);
      child.stdin.write(`${script}\n\\echo ${sentinel}\n\\warn ${sentinel}\n`);
      const [output, errors] = await answer;
      if (output.complete && errors.complete) return { ended: false, output: output.text, errors: errors.text };
      // An output that ended, or grew beyond all measure, without its last line: nothing sensible will follow.
      child.kill('SIGKILL');
      return { ended: true, errors: output.problem ?? errors.problem ?? errors.text, exit: await exit };
    },
    close: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      await exit;
      clearTimeout(timer);
    },
    interrupt: () => child.kill('SIGINT'),
  };
}

const PSQL_ARGUMENTS = [
  '--no-psqlrc',
  '--no-password',
  '--no-align',
  '--tuples-only',
  '--set=VERBOSITY=verbose', // SQLSTATE in every message
  '--set=ON_ERROR_STOP=0',
  `--dbname=${KEEPALIVE_CONNINFO}`,
];

/** How it ended, in words. Never rejects: a program that could not be started has ended too. */
function exited(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
    );
  });
}

interface Reading {
  /** The sentinel was seen. */
  readonly complete: boolean;
  /** Everything before it. */
  readonly text: string;
  readonly problem?: string;
}

interface Until {
  readonly sentinel: string;
  readonly limitBytes: number;
  readonly decoder: TextDecoder;
}

/** A name with bytes that are no UTF-8 must not come out as another name. */
const EXACT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** A message in the server's own encoding is better shown with gaps than not at all. */
const READABLE = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads a stream up to the line that ends the answer. psql then waits for us, so that line is the last thing to come. */
function readUntil(stream: Readable, { sentinel, limitBytes, decoder }: Until): Promise<Reading> {
  const ending = Buffer.from(`${sentinel}\n`);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return new Promise((resolve) => {
    const finish = (complete: boolean, problem?: string): void => {
      stream.off('data', onData).off('close', onClose);
      if (problem !== undefined) return resolve({ complete: false, text: '', problem });
      const bytes = Buffer.concat(chunks).subarray(0, complete ? sizeBytes - ending.length : sizeBytes);
      return resolve(decode(bytes, complete, decoder));
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) finish(false, `an answer of more than ${limitBytes} bytes`);
      else if (endsWith(chunks, ending)) finish(true);
    };
    const onClose = (): void => finish(false);
    if (stream.closed) return finish(false);
    stream.on('data', onData).on('close', onClose);
  });
}

/** Whether the chunks together end with `ending`, looking at no more of them than needed. */
function endsWith(chunks: readonly Buffer[], ending: Buffer): boolean {
  let tail = chunks[chunks.length - 1];
  for (let index = chunks.length - 2; index >= 0 && tail.length < ending.length; index--) {
    tail = Buffer.concat([chunks[index], tail]);
  }
  return tail.length >= ending.length && tail.subarray(tail.length - ending.length).equals(ending);
}

function decode(bytes: Buffer, complete: boolean, decoder: TextDecoder): Reading {
  try {
    return { complete, text: decoder.decode(bytes) };
  } catch {
    return { complete: false, text: '', problem: 'an answer that is not valid UTF-8' };
  }
}
