import { dataPrefix, type MirrorRecord, type ObjectsManifest } from '../../../model';
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
import type { DrillRequest } from '../types';
import type { DrillWork } from '../work';
import { ScratchBucket } from './scratch-bucket';

/** What S3 copies and lists by itself is more than one task could restore. */
const OF_A_REPLICA = 'of a replica a drill restores a sample; verify --depth read reads all of it';

/** How many findings of a restore are told. */
const MOST_TOLD = 20;

/**
 * Restores objects of each mirror, by lot or all of them, by the code of `restore objects` into a bucket that is no place but
 * reads everything that arrives: every byte by its digest, what describes it, and its tags.
 */
export async function drillObjects(work: DrillWork): Promise<void> {
  const { request, findings } = work;
  const point = await findDrilled(work, 'objects');
  const extent = await chooseExtent(work, 'objects');
  const replicas = point.manifest.mirrors.filter(({ replica }) => replica);
  if (replicas.length > 0) findings.seed = extent.lots.seed;
  if (replicas.length === point.manifest.mirrors.length) findings.extent = 'sample';
  for (const mirror of point.manifest.mirrors) {
    const data = await dataBucket(request, mirror);
    await drillMirror(work, { point, mirror, data, ...extent, ...(mirror.replica && { extent: 'sample' }) });
  }
  if (extent.extent === 'full' && replicas.length === 0) findings.allRestored();
}

/** Where the versions are that the inventory names. */
async function dataBucket({ vault, openReplica }: DrillRequest, { replica }: MirrorRecord): Promise<Bucket> {
  const bucket = replica === undefined ? vault : await openReplica?.(replica.uri);
  if (bucket) return bucket;
  throw new BackupError(
    'configuration-invalid',
    `a drill of objects was not told how to read the versions of ${replica?.uri ?? 'the vault'}`,
  );
}

interface OneMirror extends ChosenExtent {
  readonly point: RecoveryPoint<ObjectsManifest>;
  readonly mirror: MirrorRecord;
  /** With the mirror's versions. */
  readonly data: Bucket;
}

async function drillMirror(work: DrillWork, one: OneMirror): Promise<void> {
  const { mirror, extent, lots, data } = one;
  const { objects: of } = mirror;
  const wanted = extent === 'full' ? of : sampleSize(of, work.request.sampleItems);
  const sample = new Sample(lots, { of, wanted });
  const scratch = new ScratchBucket(data, dataPrefix(mirror));
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
  if (mirror.replica) inventory.note(OF_A_REPLICA);
  const comparisons = [inventory.result(), compareObjects(report, scratch, { tried, wanted })];
  work.findings.addPart({ name: mirror.name, comparisons, tried, of });
}

async function restoreTimed(
  { context, phases }: DrillWork,
  { point, mirror, data }: OneMirror,
  to: ScratchBucket,
  takes: (entry: Parameters<ScratchBucket['expect']>[0]) => boolean,
): Promise<ObjectsRestoreReport> {
  const begun = performance.now();
  const settings = DEFAULT_MIRROR_SETTINGS;
  const openReplica = () => Promise.resolve(data);
  const from = { point, mirror: mirror.name, vault: data, openReplica, below: '', takes };
  const report = await restoreObjects({ ...from, to, way: 'through here', existing: 'refuse', settings }, context);
  const summary = `${formatNumberOf(report.restored, 'object')}, ${formatBytes(report.restoredBytes)}`;
  phases.add(null, { name: 'objects', durationMs: performance.now() - begun, summary: `${mirror.name}: ${summary}` });
  return report;
}

function compareObjects(
  { damaged, different, findings }: ObjectsRestoreReport,
  scratch: ScratchBucket,
  { tried, wanted }: { readonly tried: number; readonly wanted: number },
) {
  const objects = new Differences('objects').count(scratch.arrived - scratch.unproven);
  for (const { key, finding } of findings.slice(0, MOST_TOLD)) objects.failed(`${JSON.stringify(key)}: ${finding}`);
  for (const finding of scratch.differences) objects.failed(finding);
  const notRestored = tried - scratch.arrived;
  if (damaged + different > 0 || notRestored > 0) objects.failed(`${notRestored} of ${tried} were not restored`);
  if (tried !== wanted) objects.failed(`${tried} were tried, where ${wanted} should have been`);
  if (scratch.unproven > 0) {
    objects.unverified(
      `of ${scratch.unproven} of ${tried} the store keeps no checksum of the whole: they came in the version, with the size and the ` +
        'ETag that were listed, and nothing proves their bytes',
    );
  }
  // An empty mirror is restored by restoring nothing: its inventory says that nothing was there.
  if (wanted === 0) objects.unverified('the mirror is empty: nothing was there to be restored');
  return objects.result();
}
