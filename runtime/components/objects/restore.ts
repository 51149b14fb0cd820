import { setMaxListeners } from 'node:events';
import { compareKeys, dataPrefix, lacksOf, type InventoryEntry, type MirrorRecord } from '../../../model';
import { BackupError } from '../../errors';
import { formatCount, formatNumberOf } from '../../observe/format';
import type { Bucket, ListedObject } from '../../store/bucket';
import { readInventory } from './inventory/read-inventory';
import { SortedReader } from './inventory/sorted-reader';
import { OrderedWork } from './mirror/ordered-work';
import { holdsSame } from './restore/holds-same';
import { putBack } from './restore/put-back';
import type { MirrorContext, ObjectsRestoreReport, ObjectsRestoreRequest } from './types';

/** Results that may wait for one object that takes long. */
const WINDOW = 1_000;
/** How many objects are named that were not put back. */
const MOST_FINDINGS = 100;

/**
 * Puts the objects of a mirror back as they were at a recovery point, in exactly the versions that it names. What is at the target
 * with the same content already is left alone, so a run that was cut short is simply run again; other content is written over
 * only when that was asked for. Nothing at the target is deleted.
 */
export async function restoreObjects(
  request: ObjectsRestoreRequest,
  context: MirrorContext,
): Promise<ObjectsRestoreReport> {
  const begun = performance.now();
  const mirror = chooseMirror(request);
  const vault = await dataBucket(request, mirror);
  const restoring = new Restoring({ ...request, vault }, mirror, context);
  await restoring.run();
  const { counts, findings } = restoring;
  return {
    outcome: counts.different + counts.damaged > 0 ? 'failed' : counts.uncompared > 0 ? 'could not verify' : 'passed',
    point: request.point.manifest.point,
    source: request.point.manifest.source,
    mirror: mirror.name,
    target: request.to.uri,
    ...counts,
    missing: mirror.missing.count,
    findings,
    durationMs: performance.now() - begun,
  };
}

function chooseMirror({ point, mirror: wanted }: ObjectsRestoreRequest): MirrorRecord {
  const { mirrors } = point.manifest;
  const found = wanted === undefined ? mirrors : mirrors.filter(({ name }) => name === wanted);
  if (found.length === 1) return found[0];
  const names = mirrors.map(({ name }) => name).join(', ');
  const lacked = lacksOf(point.manifest).find(({ name }) => name === wanted);
  throw new BackupError(
    'usage',
    wanted === undefined
      ? `the recovery point has ${formatNumberOf(mirrors.length, 'mirror')}`
      : `the recovery point has no mirror "${wanted}"`,
    {
      hint: lacked ? `The last of it is in ${lacked.point}.` : `Give one with --mirror: ${names}.`,
      exitCode: 2,
    },
  );
}

/** Where the versions are that the inventory names. */
async function dataBucket(
  { vault, openReplica }: ObjectsRestoreRequest,
  { name, replica }: MirrorRecord,
): Promise<Bucket> {
  if (replica === undefined) return vault;
  if (openReplica) return openReplica(replica.uri);
  throw new BackupError('internal', `the data of mirror "${name}" is in ${replica.uri}, which nobody can open here`);
}

interface Restored {
  readonly entry: InventoryEntry;
  readonly end: 'restored' | 'same' | 'different' | { readonly damage: string };
}

class Restoring {
  readonly counts = { restored: 0, restoredBytes: 0, same: 0, different: 0, damaged: 0, uncompared: 0 };
  readonly findings: { key: string; finding: string }[] = [];
  private readonly work: OrderedWork<Restored>;
  private readonly step;

  constructor(
    private readonly request: ObjectsRestoreRequest,
    private readonly mirror: MirrorRecord,
    private readonly context: MirrorContext,
  ) {
    // Each request on its way listens to it.
    setMaxListeners(0, context.signal);
    this.work = new OrderedWork(request.settings.concurrency, WINDOW, (restored) => this.note(restored));
    this.step = context.reporter.begin(`restoring ${mirror.name}`, {
      totalBytes: request.below === '' ? mirror.sizeBytes : undefined,
    });
  }

  async run(): Promise<void> {
    const { below, to, takes } = this.request;
    const { signal } = this.context;
    const present = new SortedReader(to.pages({ below, signal }), `the listing of ${to.uri}`);
    let chosen = 0;
    try {
      for await (const batch of this.entries()) {
        for (const entry of batch) {
          if (!entry.key.startsWith(below) || takes?.(entry) === false) continue;
          chosen++;
          await this.take(entry, present);
        }
      }
      await this.work.finish();
      if (chosen === 0 && below !== '') throw nothingBelow(below, this.mirror);
    } catch (error) {
      this.step.failed((error as Error).message);
      throw error;
    } finally {
      await this.work.settle();
      await present.close();
    }
    const { restored, same } = this.counts;
    this.step.done(`${formatNumberOf(restored, 'object')} restored, ${formatCount(same)} there already`);
  }

  private entries() {
    const { point, below } = this.request;
    const inventory = this.mirror.inventory.filter(
      ({ first, last }) =>
        first !== null &&
        last !== null &&
        compareKeys(last, below) >= 0 &&
        (first.startsWith(below) || compareKeys(first, below) < 0),
    );
    const { name } = this.mirror;
    return readInventory(this.context.store, { name, inventory }, point.manifest.objects, this.context.signal);
  }

  private async take(entry: InventoryEntry, present: SortedReader<ListedObject>): Promise<void> {
    for (;;) {
      if (!present.ready) await present.fill();
      if (!present.head || compareKeys(present.head.key, entry.key) >= 0) break;
      present.advance();
    }
    const there = present.head?.key === entry.key ? present.head : undefined;
    await this.work.start(async () => ({ entry, end: await this.restoreOne(entry, there) }));
  }

  private async restoreOne(entry: InventoryEntry, there: ListedObject | undefined): Promise<Restored['end']> {
    const { request, mirror, context } = this;
    try {
      if (there && (await holdsSame(entry, there, request.to, context.signal))) return 'same';
      if (there && request.existing === 'refuse') return 'different';
      await putBack(
        { ...request, prefix: dataPrefix(mirror), signal: context.signal },
        entry,
        there ? 'overwrite' : 'new',
      );
      return 'restored';
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof BackupError)) throw error;
      // Somebody else wrote it meanwhile.
      if (error.code === 'store-conflict' && !there) return 'different';
      if (error.code !== 'object-missing' && error.code !== 'object-damaged') throw error;
      return { damage: [error.message, error.detail].filter(Boolean).join(': ') };
    }
  }

  private note({ entry, end }: Restored): void {
    this.context.signal.throwIfAborted();
    if (end === 'restored') {
      this.counts.restored++;
      this.counts.restoredBytes += entry.sizeBytes;
      if (entry.digest === 'unknown') this.counts.uncompared++;
    } else if (end === 'same') this.counts.same++;
    else {
      this.counts[end === 'different' ? 'different' : 'damaged']++;
      const finding = end === 'different' ? 'other content is there; --overwrite replaces it' : end.damage;
      if (this.findings.length < MOST_FINDINGS) this.findings.push({ key: entry.key, finding });
    }
    this.step.advance(entry.sizeBytes);
  }
}

function nothingBelow(below: string, { name }: MirrorRecord): BackupError {
  return new BackupError('object-missing', `mirror "${name}" has no object below ${JSON.stringify(below)}`, {
    hint: 'Leave --prefix out, or look at the inventory for the keys that there are.',
  });
}
