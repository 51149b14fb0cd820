import type { InventoryEntry } from '../../../../model';
import type { VerifiedObject } from '../../component';

/** How many objects are named that are not good. */
const MOST_EXAMPLES = 50;

/** What was found of the objects of one mirror. */
export class MirrorFindings {
  good = 0;
  bad = 0;
  /** Nothing was found out. */
  unproven = 0;
  readonly examples: VerifiedObject[] = [];

  note({ key, sizeBytes }: InventoryEntry, finding: 'good' | 'unproven' | { readonly wrong: string }): void {
    if (finding === 'good') this.good++;
    else if (finding === 'unproven') this.unproven++;
    else {
      this.bad++;
      if (this.examples.length < MOST_EXAMPLES) {
        this.examples.push({ key, sizeBytes, outcome: 'failed', finding: finding.wrong });
      }
    }
  }
}
