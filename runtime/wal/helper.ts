/**
 * The resident helper: answers `archive_command` over a Unix socket, so that a push costs PostgreSQL no more than a `curl`. Where
 * it does not answer, the command line pushes by itself; nothing depends on it but speed.
 */
import { watch } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { BackupError, toBackupError } from '../errors';
import { listenOnSocket } from './helper-socket';
import { PushAhead, type AheadOptions } from './push-ahead';
import type { PushContext } from './push-subject';

export interface HelperRequest extends AheadOptions {
  readonly socketPath: string;
}

export interface HelperContext extends PushContext {
  /** Told when it answers. */
  readonly onListening?: () => void;
  /** Each push that failed: PostgreSQL is told too, and asks again. */
  readonly onFailure: (name: string, error: BackupError) => void;
}

export interface HelperReport {
  /** Files that PostgreSQL was told are archived. */
  readonly archived: number;
  readonly failed: number;
}

/** A look even when the file system tells of no change: some do not. */
const LOOK_EVERY_MS = 5_000;
/** PostgreSQL asks one at a time. */
const MOST_CONNECTIONS = 16;

/** What the client asks for: `GET /archive/<file>`. */
const ARCHIVE_PATH = /^\/archive\/([0-9A-Za-z.]{1,64})$/;

/** Runs until the signal fires; what is on its way then is finished, or given up by the signal. */
export async function runArchiveHelper(request: HelperRequest, context: HelperContext): Promise<HelperReport> {
  const pushes = new PushAhead(request, context);
  const counts = { archived: 0, failed: 0 };
  const server = createServer((incoming, answer) => {
    void answerRequest(pushes, incoming, answer, counts, context).then(() => look(pushes, context));
  });
  server.maxConnections = MOST_CONNECTIONS;
  const closed = await listenOnSocket(server, request.socketPath);
  context.onListening?.();
  const unwatch = watchReady(request.dataDirectory, () => look(pushes, context));
  await aborted(context.signal);
  unwatch();
  server.closeAllConnections();
  await closed();
  await pushes.settled();
  return counts;
}

async function answerRequest(
  pushes: PushAhead,
  incoming: IncomingMessage,
  answer: ServerResponse,
  counts: { archived: number; failed: number },
  { onFailure }: HelperContext,
): Promise<void> {
  const name = ARCHIVE_PATH.exec(incoming.url ?? '')?.[1];
  if (name === undefined) return end(answer, 404, 'this helper knows /archive/<file> alone\n');
  try {
    const { outcome } = await pushes.archive(name);
    counts.archived += 1;
    end(answer, 200, `${outcome}\n`);
  } catch (thrown) {
    const error = toBackupError(thrown);
    counts.failed += 1;
    onFailure(name, error);
    end(answer, error.code === 'wal-conflict' ? 409 : 503, `${error.code}: ${error.message}\n`);
  }
}

/** Anything but 200 makes `curl --fail` end with a failure. */
function end(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

function look(pushes: PushAhead, { signal, onFailure }: HelperContext): void {
  if (signal.aborted) return;
  pushes.lookAhead().catch((thrown: unknown) => onFailure('archive_status', toBackupError(thrown)));
}

function watchReady(dataDirectory: string, onChange: () => void): () => void {
  const timer = setInterval(onChange, LOOK_EVERY_MS);
  const directory = path.join(dataDirectory, 'pg_wal', 'archive_status');
  const watcher = watch(directory, { persistent: false }, onChange);
  // The timer goes on looking.
  watcher.on('error', () => watcher.close());
  onChange();
  return () => {
    clearInterval(timer);
    watcher.close();
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
