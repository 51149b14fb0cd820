/** One stream from the server: received, archived and watched at once, until it ends or is ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, toBackupError } from '../../errors';
import type { StageExit } from '../../process/stage';
import type { PushContext } from '../push-subject';
import { isPassing } from './passing';
import type { LagClock } from './lag-clock';
import type { ReceivedFiles } from './received-files';
import type { ReceivedServer } from './received-server';
import { receiveFailure, startReceiveWal } from './receivewal-process';
import type { ReceiveContext, ReceiveRequest } from './types';
import type { Uploader } from './uploader';
import { ServerWatch } from './watch-server';

export interface Stream {
  readonly server: ReceivedServer;
  readonly files: ReceivedFiles;
  readonly uploader: Uploader;
  readonly request: ReceiveRequest;
  readonly context: ReceiveContext;
  /** Goes on from one stream to the next: a stream that ends again and again is no progress. */
  readonly lag: LagClock;
  /** Is given some time more than the context's, for what is there at the end. */
  readonly pushing: PushContext;
}

/** How often it is looked whether a segment is full. */
const LOOK_FOR_FILES_MS = 200;
const MOST_PAUSE_MS = 5_000;

/**
 * Resolves when it was ended in order: by the context's signal, or to begin anew.
 *
 * @throws what the process ended with, or what made it necessary to end it. What was received is archived before, as far as it can be.
 */
export async function receiveStream(stream: Stream): Promise<void> {
  const { server, files, request, context } = stream;
  const stop = new AbortController();
  const connection = await context.server.open();
  const stage = startReceiveWal({
    program: server.tool.program,
    connection,
    directory: files.directory,
    applicationName: request.slotName,
    mode: request.mode,
    signal: AbortSignal.any([context.signal, stop.signal]),
  });
  let exit: StageExit | undefined;
  let failure: BackupError | undefined;
  const fail = (thrown: unknown): void => {
    if (context.signal.aborted || stop.signal.aborted) return;
    failure = toBackupError(thrown);
    stop.abort();
  };
  const ended = stage.exited.then((how) => {
    exit = how;
    if (!stop.signal.aborted && !context.signal.aborted) fail(receiveFailure(how));
  });
  const hasEnded = () => exit !== undefined;
  const watching = watchServer(stream, ended, hasEnded, () => stop.abort()).catch(fail);
  const archiving = archive(stream, ended, hasEnded).catch((thrown: unknown) => {
    fail(thrown);
    return { thrown };
  });
  const [, , unarchived] = await Promise.all([ended, watching, archiving]);
  if (failure) throw failure;
  // Ended in order, and yet not all of it is archived: the next stream begins with that.
  if (unarchived) throw unarchived.thrown;
}

async function watchServer(
  { server, files, uploader, request, context, lag }: Stream,
  ended: Promise<void>,
  hasEnded: () => boolean,
  stop: () => void,
): Promise<void> {
  const watch = new ServerWatch(server, files, uploader, request, context, lag);
  for (;;) {
    // First of all: one that ends at once never streamed.
    await Promise.race([ended, sleep(request.lookEverySeconds * 1000, undefined, { ref: false })]);
    if (hasEnded() || context.signal.aborted) return;
    if ((await watch.look()) === 'begin anew') return stop();
  }
}

/** What fails in passing is tried again: meanwhile it is received on, and the server keeps what is not archived. */
async function archive(stream: Stream, ended: Promise<void>, hasEnded: () => boolean): Promise<void> {
  const { request, context, pushing } = stream;
  let partialsAtMs = 0;
  let failures = 0;
  for (;;) {
    const isLast = hasEnded();
    const isDue = isLast || pushing.now().getTime() - partialsAtMs >= request.partialEverySeconds * 1000;
    try {
      await stream.uploader.pushFinished();
      if (isDue) {
        await stream.uploader.pushUnfinished();
        partialsAtMs = pushing.now().getTime();
      }
      failures = 0;
    } catch (thrown) {
      const error = toBackupError(thrown);
      if (isLast || !isPassing(error)) throw error;
      failures += 1;
      context.onInterruption(error);
    }
    if (isLast) return;
    const pauseMs = failures === 0 ? LOOK_FOR_FILES_MS : Math.min(MOST_PAUSE_MS, 500 * 2 ** failures);
    await Promise.race([ended, sleep(pauseMs, undefined, { ref: false })]);
  }
}
