import { awsEnvelopeKeys } from '../../components/configuration/aws-keys';
import { readEntries } from '../../components/configuration/read-envelope';
import { formatNumberOf } from '../../observe/format';
import { findDrilled } from '../choose-point';
import { Differences } from '../compare/differences';
import type { DrillWork } from '../work';

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
  // Nothing is given back before each was held against its name, its size and its keyed digest.
  const compared = new Differences('entries').count(entries.length);
  const { length: of } = manifest.entries;
  findings.addPart({ name: 'configuration', comparisons: [compared.result()], tried: entries.length, of });
  findings.allRestored();
}
