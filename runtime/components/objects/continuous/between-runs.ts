import { LARGEST_EARLY_COPY_BYTES } from '../../../../model';
import type { ListedObject } from '../../../store/bucket';
import type { KnownEntry } from '../inventory/read-inventory';
import { SortedReader } from '../inventory/sorted-reader';
import type { KnownRuns } from '../mirror/known-entries';
import type { MirrorContext, MirrorRequest } from '../types';
import { entriesOfJournal } from './read-journal';

/** An event is told and dealt with in seconds; after so long it was not. */
const LATE_MS = 60 * 60_000;

/** What a run has of the copies that were made since the last one, and what these should have held and did not. */
export class BetweenRuns {
  /** Taken over from there. */
  early = 0;
  /** Copied by the run, though events of them were due long ago. */
  late = 0;
  private readonly reader: SortedReader<KnownEntry> | undefined;
  private readonly dueBefore: string | undefined;

  constructor(mirror: MirrorRequest, prefix: string, known: KnownRuns, context: MirrorContext) {
    if (mirror.between !== 'continuous') return;
    const { name } = mirror;
    const since = known.last && new Date(known.last.manifest.startedAt);
    this.reader = new SortedReader(entriesOfJournal({ name, prefix, since }, context), `the journal of ${name}`);
    // What was there before the mirror, no event tells of.
    if (!known.last) return;
    this.dueBefore = new Date(context.now().getTime() - LATE_MS).toISOString();
  }

  get readers(): SortedReader<KnownEntry>[] {
    return this.reader ? [this.reader] : [];
  }

  noteTaken(from: SortedReader<KnownEntry>): void {
    if (from === this.reader) this.early++;
  }

  noteCopied({ modified, sizeBytes }: ListedObject): void {
    if (this.dueBefore === undefined || sizeBytes > LARGEST_EARLY_COPY_BYTES) return;
    if (modified < this.dueBefore) this.late++;
  }

  /** For the record of the run. */
  changes(): { early?: number; late?: number } {
    return this.reader ? { early: this.early, late: this.late } : {};
  }
}
