import type { InventoryEntry } from '../../../../model';
import type { ObjectStore } from '../../../store/store';
import type { VerificationContext, VerifiedObject } from '../../component';

/** What was found of one object. */
export type Judgement = 'good' | 'unproven' | { readonly wrong: string };

/** A verification, and the store with the mirror's data: the vault's, or that of a replica. */
export interface MirrorVerification extends VerificationContext {
  readonly data: ObjectStore;
}

/** How many objects are named that are not good. */
const MOST_EXAMPLES = 50;

/** What was found of the objects of one mirror. */
export class MirrorFindings {
  good = 0;
  bad = 0;
  /** Nothing was found out. */
  unproven = 0;
  /** How many of them were read, where lots were drawn. */
  drawn: number | undefined;
  readonly examples: VerifiedObject[] = [];

  note({ key, sizeBytes }: InventoryEntry, finding: Judgement): void {
    if (finding === 'good') this.good++;
    else if (finding === 'unproven') this.unproven++;
    else {
      this.bad++;
      if (this.examples.length < MOST_EXAMPLES) {
        this.examples.push({ key, sizeBytes, outcome: 'failed', finding: finding.wrong });
      }
    }
  }

  /** Of one that was looked up and found to be no worse than unproven, and was read since. */
  noteRead(entry: InventoryEntry, before: 'good' | 'unproven', judgement: Judgement): void {
    this[before]--;
    this.note(entry, judgement);
  }
}
