import type { MirrorRecord, ObjectsManifest } from '../../../model';
import type { RecoveryPoint } from '../../catalog/recovery-point';
import { restoreObjects } from '../../components/objects/restore';
import { DEFAULT_MIRROR_SETTINGS, type ObjectsRestoreReport } from '../../components/objects/types';
import { BackupError } from '../../errors';
import { formatBytes, formatNumberOf } from '../../observe/format';
import type { Bucket } from '../../store/bucket';
import { findDrilled } from '../choose-point';
import { Differences } from '../compare/differences';
import { chooseExtent, type ChosenExtent } from '../extent';
import { Sample, sampleSize } from '../lots';
import type { DrillWork } from '../work';
import { ScratchBucket } from './scratch-bucket';

/** How many findings of a restore are told. */
const MOST_TOLD = 20;

/**
 * Restores objects of each mirror, by lot or all of them, by the code of `restore objects` into a bucket that is no place but
 * reads everything that arrives: every byte by its digest, what describes it, and its tags.
 */
export async function drillObjects(work: DrillWork): Promise<void> {
  const { request, findings } = work;
  const vault = requireVault(request.vault);
  const point = await findDrilled(work, 'objects');
  const extent = await chooseExtent(work, 'objects');
  for (const mirror of point.manifest.mirrors) {
    if (mirror.replica) leaveOut(work, mirror);
    else await drillMirror(work, { point, mirror, vault, ...extent });
  }
  if (extent.extent === 'full' && point.manifest.mirrors.every(({ replica }) => !replica)) findings.allRestored();
}

function requireVault(vault: Bucket | undefined): Bucket {
  if (vault) return vault;
  throw new BackupError(
    'configuration-invalid',
    'a drill of objects was not told how to read the versions of the vault',
  );
}

/** No digest is known of what a replica has: to restore some of it would prove nothing. */
function leaveOut({ findings }: DrillWork, { name, objects, replica }: MirrorRecord): void {
  const words = `its data is the replica ${replica?.uri}, of which no digest is known: nothing of it was restored`;
  const comparisons = [new Differences('objects').unverified(words).result()];
  findings.addPart({ name, comparisons, tried: 0, of: objects });
}

interface OneMirror extends ChosenExtent {
  readonly point: RecoveryPoint<ObjectsManifest>;
  readonly mirror: MirrorRecord;
  readonly vault: Bucket;
}

async function drillMirror(work: DrillWork, one: OneMirror): Promise<void> {
  const { mirror, extent, lots, vault } = one;
  const { objects: of } = mirror;
  const wanted = extent === 'full' ? of : sampleSize(of, work.request.sampleItems);
  const sample = new Sample(lots, { of, wanted });
  const scratch = new ScratchBucket(vault, mirror.prefix);
  let listed = 0;
  let tried = 0;
  const report = await restoreTimed(work, one, scratch, (entry) => {
    listed += 1;
    if (extent === 'sample' && !sample.takesNext()) return false;
    tried += 1;
    scratch.expect(entry);
    return true;
  });
  const inventory = new Differences('inventory').count(listed);
  if (listed !== of) inventory.failed(`it lists ${listed} of ${formatNumberOf(of, 'object')}`);
  if (mirror.missing.count > 0) {
    inventory.note(`${formatNumberOf(mirror.missing.count, 'object')} of the source could not be mirrored then`);
  }
  const comparisons = [inventory.result(), compareObjects(report, scratch, { tried, wanted })];
  work.findings.addPart({ name: mirror.name, comparisons, tried, of });
}

async function restoreTimed(
  { context, phases }: DrillWork,
  { point, mirror, vault }: OneMirror,
  to: ScratchBucket,
  takes: (entry: Parameters<ScratchBucket['expect']>[0]) => boolean,
): Promise<ObjectsRestoreReport> {
  const begun = performance.now();
  const settings = DEFAULT_MIRROR_SETTINGS;
  const report = await restoreObjects(
    { point, mirror: mirror.name, vault, to, way: 'through here', below: '', existing: 'refuse', settings, takes },
    context,
  );
  const summary = `${formatNumberOf(report.restored, 'object')}, ${formatBytes(report.restoredBytes)}`;
  phases.add(null, { name: 'objects', durationMs: performance.now() - begun, summary: `${mirror.name}: ${summary}` });
  return report;
}

function compareObjects(
  { damaged, different, findings }: ObjectsRestoreReport,
  scratch: ScratchBucket,
  { tried, wanted }: { readonly tried: number; readonly wanted: number },
) {
  const objects = new Differences('objects').count(scratch.arrived);
  for (const { key, finding } of findings.slice(0, MOST_TOLD)) objects.failed(`${JSON.stringify(key)}: ${finding}`);
  for (const finding of scratch.differences) objects.failed(finding);
  const notRestored = tried - scratch.arrived;
  if (damaged + different > 0 || notRestored > 0) objects.failed(`${notRestored} of ${tried} were not restored`);
  if (tried !== wanted) objects.failed(`${tried} were tried, where ${wanted} should have been`);
  // An empty mirror is restored by restoring nothing: its inventory says that nothing was there.
  if (wanted === 0) objects.unverified('the mirror is empty: nothing was there to be restored');
  return objects.result();
}
