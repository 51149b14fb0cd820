/**
 * Receives the log of a server by stock `pg_receivewal`, and archives it. The server keeps, by a slot that only we move, what is
 * not in the archive yet: whatever is killed, and wherever this is started anew, there is no gap.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatLsn } from '../../../model';
import { BackupError, toBackupError } from '../../errors';
import type { PushContext } from '../push-subject';
import { LagClock } from './lag-clock';
import { isPassing } from './passing';
import { afterGap, gapFailure, prepareSlot, type PreparedSlot } from './prepare-slot';
import { pushLeftovers } from './push-leftovers';
import { ReceiveDirectory } from './receive-directory';
import { ReceivedServer } from './received-server';
import { receiveStream } from './receive-stream';
import type { StartPosition } from './start-position';
import type { ReceiveContext, ReceiveReport, ReceiveRequest } from './types';
import { Uploader } from './uploader';

/** For what is on the disk when it is told to end; the whole of the clean-up may take 25 s. */
const DRAIN_MS = 15_000;
const MOST_PAUSE_MS = 5_000;

/**
 * Runs until the signal fires. What passes (the server restarts, the store cannot be reached) is told and tried again.
 *
 * @throws `wal-missing` for a gap, `wal-conflict`, `wal-foreign`, `wal-damaged`, or what is wrong with the settings.
 */
export async function receiveWal(request: ReceiveRequest, context: ReceiveContext): Promise<ReceiveReport> {
  const receiver = new Receiver(await ReceiveDirectory.open(request.directory), request, context);
  let failures = 0;
  while (!context.signal.aborted) {
    try {
      await receiver.once(() => (failures = 0));
    } catch (thrown) {
      const error = toBackupError(thrown);
      if (context.signal.aborted) {
        // The server keeps it: no reason to end as failed, and none to be silent.
        if (isPassing(error)) context.warn(`not all that was received is archived: ${error.message}`);
        break;
      }
      if (!isPassing(error)) throw error;
      failures += 1;
      receiver.interruptions += 1;
      context.onInterruption(error);
      await sleep(Math.min(MOST_PAUSE_MS, 500 * 2 ** Math.min(failures, 10)), undefined, {
        signal: context.signal,
      }).catch(() => undefined);
    }
  }
  return receiver.report;
}

class Receiver {
  interruptions = 0;
  private segments = 0;
  private partials = 0;
  private systemIdentifier: string | undefined;
  private told: readonly string[] = [];
  private readonly pushing: PushContext;
  private readonly lag = new LagClock();

  constructor(
    private readonly directory: ReceiveDirectory,
    private readonly request: ReceiveRequest,
    private readonly context: ReceiveContext,
  ) {
    const { store, now, signal } = context;
    this.pushing = { store, now, signal: afterwards(signal) };
  }

  get report(): ReceiveReport {
    const { segments, partials, interruptions } = this;
    return { segments, partials, interruptions };
  }

  async once(onStreaming: () => void): Promise<void> {
    const { request, context } = this;
    await this.pushLeftovers();
    const server = await ReceivedServer.open(context.server, request, context.signal);
    try {
      this.requireSame(server);
      this.tell(server.warnings);
      const others = await server.endOthers();
      if (others > 0) context.warn(`another receiver with the name ${request.slotName} was ended`);
      await this.dropLeftovers();
      const prepared = await prepareSlot(server, request, context);
      await this.stream(server, prepared.start, onStreaming).catch((thrown: unknown) =>
        this.settleGap(server, prepared, toBackupError(thrown), onStreaming),
      );
    } finally {
      await server.close();
    }
  }

  private async pushLeftovers(): Promise<void> {
    for (const files of await this.directory.streams()) await pushLeftovers(files, this.request.source, this.pushing);
  }

  /** Nobody writes there any more: what came meanwhile is archived too. */
  private async dropLeftovers(): Promise<void> {
    await this.pushLeftovers();
    for (const files of await this.directory.streams()) await this.directory.drop(files);
  }

  private async stream(server: ReceivedServer, start: StartPosition, onStreaming: () => void): Promise<void> {
    const { directory, request, context, pushing } = this;
    const { segmentBytes, log } = server;
    const { systemIdentifier } = log;
    const files = await directory.begin(start, segmentBytes);
    const uploader = new Uploader(
      files,
      { source: request.source, systemIdentifier, segmentBytes },
      pushing,
      start.lsn,
    );
    context.onStreaming(formatLsn(start.lsn), start.timeline);
    try {
      await receiveStream({ server, files, uploader, request, context, pushing, lag: this.lag });
      // All of it is archived.
      await directory.drop(files);
    } finally {
      this.segments += uploader.counts.segments;
      this.partials += uploader.counts.partials;
      if (uploader.archivedTo > start.lsn) onStreaming();
    }
  }

  private async settleGap(
    server: ReceivedServer,
    prepared: PreparedSlot,
    error: BackupError,
    onStreaming: () => void,
  ): Promise<void> {
    const { request, context } = this;
    const behind = afterGap(prepared, server);
    if (error.code !== 'wal-missing' || behind.lsn <= prepared.start.lsn) throw error;
    const failure = gapFailure(prepared, request.slotName, error);
    if (request.onGap === 'go on') {
      context.warn(`${failure.message}: it goes on behind the gap`);
      return this.stream(server, behind, onStreaming);
    }
    // Nobody would move it, and the server's disk would fill.
    if (prepared.isNew) await server.dropSlot();
    throw failure;
  }

  /** Another server at the same address is another archive; it is not changed to in passing. */
  private requireSame({ log: { systemIdentifier } }: ReceivedServer): void {
    this.systemIdentifier ??= systemIdentifier;
    if (this.systemIdentifier === systemIdentifier) return;
    throw new BackupError('wal-foreign', 'the server is another one than before', {
      detail: `Its system identifier is ${systemIdentifier}; it was ${this.systemIdentifier}.`,
      hint: 'Started anew, its log is received into an archive of its own. Make a base backup of it.',
    });
  }

  /** Once each. */
  private tell(warnings: readonly string[]): void {
    for (const warning of warnings) if (!this.told.includes(warning)) this.context.warn(warning);
    this.told = warnings;
  }
}

/** Fires some time after the other. */
function afterwards(signal: AbortSignal): AbortSignal {
  const later = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => later.abort(signal.reason), DRAIN_MS).unref(), {
    once: true,
  });
  return later.signal;
}
