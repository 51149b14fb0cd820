/**
 * A mirror whose data S3 copies and lists by itself: the newest complete list of S3 Inventory, sorted, becomes the inventory. Nothing
 * is copied here, and no digest is known.
 */
import { compareKeys, mirrorPrefix, type MirrorRecord } from '../../../../model';
import { formatCount, formatNumberOf } from '../../../observe/format';
import type { Step } from '../../../observe/reporter';
import type { Bucket } from '../../../store/bucket';
import { parseBucketUri } from '../../../store/bucket-uri';
import { InventoryWriter } from '../inventory/inventory-writer';
import type { KnownEntry } from '../inventory/read-inventory';
import { SortedReader } from '../inventory/sorted-reader';
import { entriesOfLast } from '../mirror/known-entries';
import { LossGuard } from '../mirror/loss-guard';
import type { MirroredBucket, MirrorRun } from '../mirror/mirror-bucket';
import type { MirrorContext } from '../types';
import { findListing, type Listing } from './find-listing';
import type { ListingRow } from './listing-row';
import { readListing } from './read-listing';
import { sortRows } from './sort-rows';

/** A mirror's run whose inventory is a list of S3. */
export interface ListedRun extends MirrorRun {
  /** The folder with the lists. */
  readonly listings: Bucket;
}

export async function takeListing(run: ListedRun, context: MirrorContext): Promise<MirroredBucket> {
  const { mirror, listings, settings } = run;
  const { signal } = context;
  const { bucket } = parseBucketUri(mirror.from.uri);
  const oldestHours = settings.oldestListingHours;
  const step = context.reporter.begin(`reading the list of ${mirror.name}`);
  try {
    const listing = await findListing({ listings, bucket, now: context.now(), oldestHours, signal });
    const rows = chosenRows(readListing(listing, listings, bucket, signal), run);
    return await new Taking(run, listing, context, step).run(sortRows(rows, settings.scratchDirectory, signal));
  } catch (error) {
    step.failed((error as Error).message);
    throw error;
  }
}

/** Below the folder that is replicated, and of that what the mirror is to have. */
async function* chosenRows(
  batches: AsyncIterable<readonly ListingRow[]>,
  { mirror: { from, include, exclude } }: ListedRun,
): AsyncGenerator<readonly ListingRow[]> {
  const begins = (key: string, prefixes: readonly string[]) => prefixes.some((prefix) => key.startsWith(prefix));
  for await (const batch of batches) {
    const below = batch.flatMap((row) =>
      row.key.startsWith(from.prefix) ? [{ ...row, key: row.key.slice(from.prefix.length) }] : [],
    );
    yield below.filter(({ key }) => (include.length === 0 || begins(key, include)) && !begins(key, exclude));
  }
}

class Taking {
  private readonly guard: LossGuard;
  private readonly writer: InventoryWriter;
  private readonly counts = { objects: 0, sizeBytes: 0, copied: 0, copiedBytes: 0, unchanged: 0, gone: 0 };

  constructor(
    private readonly runOf: ListedRun,
    private readonly listing: Listing,
    private readonly context: MirrorContext,
    private readonly step: Step,
  ) {
    const { mirror, settings, pointPrefix: prefix } = runOf;
    const { store, signal } = context;
    this.guard = new LossGuard(mirror.name);
    this.writer = new InventoryWriter({ store, prefix, mirror: mirror.name, signal, ...settings });
  }

  async run(entries: AsyncIterable<readonly KnownEntry[]>): Promise<MirroredBucket> {
    try {
      await this.join(entries);
      this.guard.check(this.runOf.settings, this.counts.objects, 0);
      await this.writer.finish();
    } catch (error) {
      throw await this.writer.giveUp(error);
    }
    const { objects, copied } = this.counts;
    this.step.done(`${formatNumberOf(objects, 'object')}, ${formatCount(copied)} new`);
    return { record: this.record(), objects: this.writer.objects };
  }

  /** Beside the last inventory, to know what is gone. */
  private async join(entries: AsyncIterable<readonly KnownEntry[]>): Promise<void> {
    const { mirror, known } = this.runOf;
    const listed = new SortedReader(entries, `the list in ${this.listing.where}`);
    const last = new SortedReader(entriesOfLast(known, mirror.name, this.context), `the inventory of ${mirror.name}`);
    try {
      for (;;) {
        await listed.fill();
        await last.fill();
        this.context.signal.throwIfAborted();
        const [now, before] = [listed.head, last.head];
        if (before && (!now || compareKeys(before.key, now.key) < 0)) {
          this.counts.gone++;
          this.guard.compare(before.sizeBytes, undefined);
          last.advance();
          continue;
        }
        if (!now) return;
        const same = before?.key === now.key ? before : undefined;
        await this.take(now, same);
        if (same) last.advance();
        listed.advance();
      }
    } finally {
      await listed.close();
      await last.close();
    }
  }

  private async take(now: KnownEntry, before: KnownEntry | undefined): Promise<void> {
    const { counts } = this;
    if (before) this.guard.compare(before.sizeBytes, now.sizeBytes);
    counts.objects++;
    counts.sizeBytes += now.sizeBytes;
    if (before?.versionId === now.versionId) counts.unchanged++;
    else {
      counts.copied++;
      counts.copiedBytes += now.sizeBytes;
    }
    if (counts.objects % 10_000 === 0) this.step.detail(formatNumberOf(counts.objects, 'object'));
    // Nothing was copied by this run: pieces end when they are full.
    await this.writer.write({ key: now.key, line: now.line, copied: false });
  }

  private record(): MirrorRecord {
    const { source, mirror } = this.runOf;
    const { objects, sizeBytes, ...changes } = this.counts;
    return {
      name: mirror.name,
      from: mirror.from.uri,
      endpoint: mirror.endpoint,
      prefix: mirrorPrefix(source, mirror.name),
      inventory: this.writer.segments,
      objects,
      sizeBytes,
      changes: { ...changes, vanished: 0 },
      missing: { count: 0, examples: [] },
      replica: { uri: mirror.from.uri, listedAt: this.listing.listedAt.toISOString() },
    };
  }
}
