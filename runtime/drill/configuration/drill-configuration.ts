import { awsEnvelopeKeys } from '../../components/configuration/aws-keys';
import { readEntries } from '../../components/configuration/read-envelope';
import { formatNumberOf } from '../../observe/format';
import { findDrilled } from '../choose-point';
import { Differences } from '../compare/differences';
import type { DrillWork } from '../types';

/**
 * Opens the envelope of a configuration in memory, as a restore does, and holds every value in it against its keyed digest.
 * Nothing is written to any service or disk, and no value is told.
 */
export async function drillConfiguration(work: DrillWork): Promise<void> {
  const { request, context, findings, phases } = work;
  const { manifest } = await findDrilled(work, 'configuration');
  const entries = await phases.run(null, 'opening', async (step) => {
    const keys = request.keys ?? awsEnvelopeKeys();
    const opened = await readEntries(manifest, context, keys, (sizeBytes) => step.advance(sizeBytes));
    return [formatNumberOf(opened.length, 'entry'), opened];
  });
  const compared = new Differences('entries');
  manifest.entries.forEach(({ name, keyedDigest, sizeBytes }, index) => {
    const found = entries.at(index);
    compared.count(1);
    if (found?.name !== name) compared.failed(`${name} is not in the envelope, or not in its place`);
    else if (found.keyedDigest !== keyedDigest || found.value.value.length !== sizeBytes) {
      compared.failed(`${name} has another value than was backed up`);
    }
  });
  const { length: of } = manifest.entries;
  findings.addPart({ name: 'configuration', comparisons: [compared.result()], tried: entries.length, of });
  findings.allRestored();
}
