/**
 * Reads some of the objects that an inventory names, drawn by lot, every byte; and holds all the others against the listing of the
 * vault. Each has the same chance, and memory does not grow with their number.
 */
import type { MirrorRecord, StoredObject } from '../../../../model';
import { Lots, Sample, sampleSize } from '../../../drill/lots';
import type { Step } from '../../../observe/reporter';
import type { SampleRequest } from '../../component';
import { OrderedWork } from '../mirror/ordered-work';
import { lookUpMirrored } from './look-up-mirrored';
import type { MirrorFindings, MirrorVerification } from './mirror-findings';
import { AT_ONCE, readOne } from './read-mirrored';

/** Results that may wait for one object that takes long. */
const WINDOW = 100;

export type SampledContext = MirrorVerification & { readonly sample: SampleRequest };

export async function readSample(
  mirror: MirrorRecord,
  objects: readonly StoredObject[],
  context: SampledContext,
  step: Step,
): Promise<MirrorFindings> {
  const wanted = amountOf(context.sample, mirror.objects);
  // Mirrors of one point draw apart: a lot more in one changes nothing in another.
  const sample = new Sample(new Lots(context.sample.seed), { of: mirror.objects, wanted });
  const work = new OrderedWork<() => void>(AT_ONCE, WINDOW, (note) => note());
  let drawn = 0;
  try {
    const findings = await lookUpMirrored(mirror, objects, context, step, async (entry, judgement, found) => {
      if (!sample.takesNext() || typeof judgement === 'object') return;
      drawn++;
      await work.start(async () => {
        const read = await readOne(mirror, entry, context, step);
        return () => found.noteRead(entry, judgement, read);
      });
    });
    await work.finish();
    findings.drawn = drawn;
    return findings;
  } finally {
    await work.settle();
  }
}

function amountOf({ amount }: SampleRequest, of: number): number {
  if (amount === undefined) return sampleSize(of);
  return sampleSize(of, 'objects' in amount ? amount.objects : Math.ceil((of * amount.percent) / 100));
}
