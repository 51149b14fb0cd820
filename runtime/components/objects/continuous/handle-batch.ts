/**
 * One call of the function that mirrors between the runs: copies what the events of a batch tell of, writes it into the journals,
 * and gives back the messages that are to come again. Nothing is ever deleted: that an object was deleted is only counted.
 */
import { setMaxListeners } from 'node:events';
import type { InventoryEntry, MetricKey } from '../../../../model';
import { toBackupError } from '../../../errors';
import { logLine } from '../../../observe/log-line';
import { metricLine } from '../../../observe/metrics';
import type { ObjectStore } from '../../../store/store';
import type { Copier } from '../mirror/copier';
import { copyCreated, type EarlyCopy } from './copy-created';
import { writeJournal } from './journal-writer';
import type { RecentEvents } from './recent-events';
import { parseSourceEvent, type QueuedMessage, type SourceEvent } from './source-event';

/** A mirror that events are for. */
export interface EarlyMirror {
  /** Name of the source's bucket. */
  readonly bucket: string;
  readonly copier: Omit<Copier, 'signal'>;
}

export interface BatchSurroundings {
  /** Name of the source, in the vault. */
  readonly source: string;
  readonly mirrors: readonly EarlyMirror[];
  readonly store: ObjectStore;
  readonly recent: RecentEvents;
  readonly now: () => Date;
  readonly remainingMs: () => number;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
}

/** Objects on their way at once. */
const AT_ONCE = 32;
/** Kept for the journals and the answer. */
const RESERVED_MS = 15_000;
/** Messages of a batch that are named when they fail. */
const MOST_NAMED = 20;

/** @returns the messages that failed, by their ids */
export async function handleBatch(
  messages: readonly QueuedMessage[],
  surroundings: BatchSurroundings,
): Promise<readonly string[]> {
  return new Batch(surroundings).handle(messages);
}

interface Job {
  readonly event: SourceEvent;
  readonly messageIds: string[];
}

type Counted = 'copied' | 'again' | 'vanished' | 'left' | 'deleted' | 'foreign' | 'failed';

class Batch {
  private readonly counts: Record<Counted, number> = {
    copied: 0,
    again: 0,
    vanished: 0,
    left: 0,
    deleted: 0,
    foreign: 0,
    failed: 0,
  };
  private readonly failed = new Set<string>();
  private readonly journals = new Map<EarlyMirror, { readonly job: Job; readonly entry: InventoryEntry }[]>();

  constructor(private readonly surroundings: BatchSurroundings) {}

  async handle(messages: readonly QueuedMessage[]): Promise<readonly string[]> {
    const jobs = this.sortOut(messages);
    await this.work(jobs);
    for (const [mirror, copies] of this.journals) await this.write(mirror, copies);
    const done = jobs.filter(({ messageIds }) => !this.failed.has(messageIds[0]));
    for (const { event } of done) this.surroundings.recent.add(event.identity);
    this.tell(done);
    return [...this.failed];
  }

  /** The same event twice is one job. */
  private sortOut(messages: readonly QueuedMessage[]): Job[] {
    const jobs = new Map<string, Job>();
    for (const message of messages) {
      try {
        const event = parseSourceEvent(message);
        const same = jobs.get(event.identity);
        if (same) this.counts.again++;
        (same ?? added(jobs, event)).messageIds.push(message.messageId);
      } catch (error) {
        this.fail({ messageIds: [message.messageId] }, error);
      }
    }
    return [...jobs.values()];
  }

  private async work(jobs: readonly Job[]): Promise<void> {
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(this.surroundings.remainingMs() - RESERVED_MS)));
    // Each request on its way listens to it.
    setMaxListeners(0, signal);
    const left = jobs[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const job of left) await this.take(job, signal).catch((error: unknown) => this.fail(job, error));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, jobs.length) }, worker));
  }

  private async take(job: Job, signal: AbortSignal): Promise<void> {
    const { event } = job;
    if (event.kind === 'deleted') return void this.counts.deleted++;
    if (this.surroundings.recent.has(event.identity)) return void this.counts.again++;
    const mirrors = this.surroundings.mirrors.filter((mirror) => isFor(mirror, event));
    if (mirrors.length === 0) this.counts.foreign++;
    for (const mirror of mirrors) {
      signal.throwIfAborted();
      const key = event.key.slice(mirror.copier.mirror.from.prefix.length);
      this.note(job, mirror, await copyCreated({ ...mirror.copier, signal }, key, event));
    }
  }

  private note(job: Job, mirror: EarlyMirror, copy: EarlyCopy): void {
    if (copy.kind !== 'copied') return void this.counts[copy.kind]++;
    const copies = this.journals.get(mirror) ?? [];
    copies.push({ job, entry: copy.entry });
    this.journals.set(mirror, copies);
  }

  private async write(
    { copier: { mirror, prefix } }: EarlyMirror,
    copies: readonly { job: Job; entry: InventoryEntry }[],
  ): Promise<void> {
    const { store, now } = this.surroundings;
    try {
      const entries = copies.map(({ entry }) => entry);
      await writeJournal(store, { name: mirror.name, prefix }, entries, now());
      this.counts.copied += copies.length;
    } catch (error) {
      // Without it the next run knows nothing of the copies.
      for (const { job } of copies) this.fail(job, error);
    }
  }

  private fail({ messageIds }: Pick<Job, 'messageIds'>, thrown: unknown): void {
    for (const id of messageIds) this.failed.add(id);
    this.counts.failed += messageIds.length;
    if (this.counts.failed > MOST_NAMED) return;
    const { code, message, detail } = toBackupError(thrown);
    const { now, write } = this.surroundings;
    write(logLine(now(), { level: 'warning', event: 'mirror-event-failed', code, message, detail }));
  }

  private tell(done: readonly Job[]): void {
    const { source, now, write } = this.surroundings;
    const at = now();
    write(logLine(at, { level: 'info', event: 'mirrored-early', ...this.counts }));
    const lagSeconds = done
      .filter(({ event }) => event.kind === 'created')
      .map(({ event }) => Math.max(0, at.getTime() - event.at.getTime()) / 1000);
    const values: Partial<Record<MetricKey, number>> = {
      mirroredEarly: this.counts.copied,
      mirrorEventsFailed: this.counts.failed,
      mirrorDeletions: this.counts.deleted,
      ...(lagSeconds.length > 0 && { mirrorLag: Math.max(...lagSeconds) }),
    };
    write(metricLine(at, { source, component: 'objects', values }));
  }
}

function added(jobs: Map<string, Job>, event: SourceEvent): Job {
  const job = { event, messageIds: [] };
  jobs.set(event.identity, job);
  return job;
}

function isFor({ bucket, copier: { mirror } }: EarlyMirror, event: SourceEvent): boolean {
  const { from, include, exclude } = mirror;
  if (event.bucket !== bucket || !event.key.startsWith(from.prefix)) return false;
  const key = event.key.slice(from.prefix.length);
  if (exclude.some((prefix) => key.startsWith(prefix))) return false;
  return include.length === 0 || include.some((prefix) => key.startsWith(prefix));
}
