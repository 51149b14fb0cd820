/**
 * One mirror's run: the sorted listing of the source against the sorted inventory of what is there already. What is new or
 * changed is copied, the rest is taken over, and the inventory is written as it goes. Nothing in the vault is deleted, and
 * memory does not grow with the number of objects.
 */
import { setMaxListeners } from 'node:events';
import {
  compareKeys,
  mirrorPrefix,
  MOST_MISSING_EXAMPLES,
  type InventoryEntry,
  type MirrorRecord,
  type MissingReason,
  type StoredObject,
} from '../../../../model';
import type { BackupError } from '../../../errors';
import { formatCount, formatNumberOf } from '../../../observe/format';
import type { Step } from '../../../observe/reporter';
import type { Bucket, ListedObject } from '../../../store/bucket';
import { BetweenRuns } from '../continuous/between-runs';
import { InventoryWriter, type InventoryLine } from '../inventory/inventory-writer';
import type { KnownEntry } from '../inventory/read-inventory';
import { SortedReader } from '../inventory/sorted-reader';
import type { MirrorContext, MirrorRequest, MirrorSettings } from '../types';
import { Bandwidth } from './bandwidth';
import type { Copier } from './copier';
import { copyObject, type CopyResult } from './copy-object';
import { entriesOfFailed, entriesOfLast, type KnownRuns } from './known-entries';
import { chosenPages } from './chosen-pages';
import { LossGuard } from './loss-guard';
import { OrderedWork } from './ordered-work';
import { isUnchanged } from './unchanged';

export interface MirrorRun {
  readonly source: string;
  readonly mirror: MirrorRequest;
  readonly vault: Bucket;
  readonly settings: MirrorSettings;
  /** Of the recovery point that is being made; ends with a slash. */
  readonly pointPrefix: string;
  readonly known: KnownRuns;
}

export interface MirroredBucket {
  readonly record: MirrorRecord;
  /** The pieces of the inventory. */
  readonly objects: readonly StoredObject[];
}

/** Results that may wait for one object that takes long. */
const WINDOW = 10_000;
/** When nothing at all can be read, or all of it is wrong, that is found out soon. */
const NONE_FROM_THE_START = 100;

export async function mirrorBucket(run: MirrorRun, context: MirrorContext): Promise<MirroredBucket> {
  const mirroring = new Mirroring(run, context);
  return mirroring.run();
}

type Outcome = { readonly listed: ListedObject; readonly before?: KnownEntry; readonly result: CopyResult };
type Handed = KnownEntry | Outcome;

class Mirroring {
  private readonly guard: LossGuard;
  private readonly writer: InventoryWriter;
  private readonly copier: Copier;
  private readonly work: OrderedWork<Handed>;
  private readonly step: Step;
  private readonly between: BetweenRuns;
  private readonly counts = {
    listed: 0,
    objects: 0,
    sizeBytes: 0,
    copied: 0,
    copiedBytes: 0,
    unchanged: 0,
    gone: 0,
    vanished: 0,
  };
  private readonly missing = { count: 0, examples: [] as { key: string; reason: MissingReason }[] };

  constructor(
    private readonly runOf: MirrorRun,
    private readonly context: MirrorContext,
  ) {
    const { mirror, settings, vault, source, pointPrefix } = runOf;
    const { signal, store } = context;
    // Each request on its way listens to it.
    setMaxListeners(0, signal);
    this.guard = new LossGuard(mirror.name);
    this.writer = new InventoryWriter({ store, prefix: pointPrefix, mirror: mirror.name, signal, ...settings });
    const bandwidth = new Bandwidth(settings.bandwidthBytesPerSecond);
    this.copier = { mirror, vault, prefix: mirrorPrefix(source, mirror.name), settings, bandwidth, signal };
    this.between = new BetweenRuns(mirror, this.copier.prefix, runOf.known, context);
    this.work = new OrderedWork(settings.concurrency, WINDOW, (handed) => this.handOn(handed));
    this.step = context.reporter.begin(`mirroring ${mirror.name}`);
  }

  async run(): Promise<MirroredBucket> {
    try {
      await this.join();
      await this.work.finish();
      this.guard.check(this.runOf.settings, this.counts.listed, this.missing.count + this.counts.vanished);
      await this.writer.finish();
    } catch (error) {
      this.step.failed((error as Error).message);
      await this.work.settle();
      throw await this.writer.giveUp(error);
    }
    const { copied, objects } = this.counts;
    this.step.done(`${formatNumberOf(objects, 'object')}, ${formatCount(copied)} copied`);
    return { record: this.record(), objects: this.writer.objects };
  }

  /** Goes through listing and inventories side by side. */
  private async join(): Promise<void> {
    const { mirror, known } = this.runOf;
    const listing = new SortedReader(chosenPages(mirror, this.context.signal), `the listing of ${mirror.from.uri}`);
    const last = new SortedReader(entriesOfLast(known, mirror.name, this.context), `the inventory of ${mirror.name}`);
    const failed = known.failed.map(
      (prefix) => new SortedReader(entriesOfFailed(prefix, mirror.name, this.context), `the inventory in ${prefix}`),
    );
    const beside = [...failed, ...this.between.readers];
    const readers = [listing, last, ...beside];
    try {
      for (;;) {
        for (const reader of readers) if (!reader.ready) await reader.fill();
        const listed = listing.head;
        const before = last.head;
        if (before && (!listed || compareKeys(before.key, listed.key) < 0)) {
          this.noteGone(before);
          last.advance();
          continue;
        }
        if (!listed) return;
        if (skipTo(beside, listed.key)) continue;
        await this.take(listed, [last, ...beside]);
        listing.advance();
      }
    } finally {
      for (const reader of readers) await reader.close();
    }
  }

  private noteGone(before: KnownEntry): void {
    this.counts.gone++;
    this.guard.compare(before.sizeBytes, undefined);
  }

  private async take(listed: ListedObject, known: readonly SortedReader<KnownEntry>[]): Promise<void> {
    this.counts.listed++;
    const same = known.map((reader) => (reader.head?.key === listed.key ? reader.head : undefined));
    const [before] = same;
    for (const [index, reader] of known.entries()) if (same[index]) reader.advance();
    const index = same.findIndex((entry) => entry && isUnchanged(entry, listed));
    const unchanged = same[index];
    if (unchanged) {
      this.between.noteTaken(known[index]);
      if (before) this.guard.compare(before.sizeBytes, listed.sizeBytes);
      return this.work.add(unchanged);
    }
    return this.work.start(async () => ({ listed, before, result: await copyObject(this.copier, listed) }));
  }

  /** In order of the keys. */
  private handOn(handed: Handed): Promise<void> | undefined {
    this.context.signal.throwIfAborted();
    if (!('result' in handed)) {
      this.counts.unchanged++;
      return this.write(handed, { key: handed.key, line: handed.line, copied: false });
    }
    const { listed, before, result } = handed;
    if (before) this.guard.compare(before.sizeBytes, result.kind === 'copied' ? result.entry.sizeBytes : undefined);
    if (result.kind === 'missing') return this.noteMissing(listed.key, result.reason, result.error);
    if (result.kind === 'vanished') {
      this.counts.vanished++;
      return undefined;
    }
    const { entry } = result;
    this.between.noteCopied(listed);
    this.counts.copied++;
    this.counts.copiedBytes += entry.sizeBytes;
    this.step.advance(entry.sizeBytes);
    return this.write(entry, { key: entry.key, line: JSON.stringify(entry), copied: true });
  }

  private write({ sizeBytes }: InventoryEntry, line: InventoryLine): Promise<void> {
    this.counts.objects++;
    this.counts.sizeBytes += sizeBytes;
    if (this.counts.objects % 1000 === 0) this.step.detail(formatNumberOf(this.counts.objects, 'object'));
    return this.writer.write(line);
  }

  private noteMissing(key: string, reason: MissingReason, error: BackupError | undefined): undefined {
    this.missing.count++;
    if (this.missing.examples.length < MOST_MISSING_EXAMPLES) this.missing.examples.push({ key, reason });
    const { count } = this.missing;
    const ofAll = reason === 'denied' || reason === 'damaged';
    if (ofAll && error && count === NONE_FROM_THE_START && this.counts.objects === 0) throw error;
  }

  private record(): MirrorRecord {
    const { mirror } = this.runOf;
    const { objects, sizeBytes, copied, copiedBytes, unchanged, gone, vanished } = this.counts;
    return {
      name: mirror.name,
      from: mirror.from.uri,
      endpoint: mirror.endpoint,
      prefix: this.copier.prefix,
      inventory: this.writer.segments,
      objects,
      sizeBytes,
      changes: { copied, copiedBytes, unchanged, gone, vanished, ...this.between.changes() },
      missing: this.missing,
    };
  }
}

/** Leaves behind what is known of keys that come before; true when a reader has to be filled for that. */
function skipTo(beside: readonly SortedReader<KnownEntry>[], key: string): boolean {
  let unready = false;
  for (const reader of beside) {
    while (reader.head && compareKeys(reader.head.key, key) < 0) reader.advance();
    unready ||= !reader.ready;
  }
  return unready;
}
