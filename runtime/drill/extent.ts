import type { DrilledComponent } from '../../model';
import { Lots, seedByTheClock } from './lots';
import { listDrillKeys, readDrillIfOne } from './records';
import type { DrillWork } from './work';

/** How much a drill restores, and the lots by which. */
export interface ChosenExtent {
  readonly extent: 'sample' | 'full';
  readonly lots: Lots;
}

/** So many records of this month are looked at for one of everything. */
const MOST_LOOKED_AT = 100;

/** Decides it, and writes it down. The seed is told before anything is drawn by it. */
export async function chooseExtent(work: DrillWork, component: DrilledComponent): Promise<ChosenExtent> {
  const { request, context, findings } = work;
  const { extent: asked = 'sample' } = request;
  const extent = asked === 'monthly' ? await monthly(work, component) : asked;
  findings.extent = extent;
  const lots = new Lots(request.seed ?? seedByTheClock(context.now()));
  if (extent === 'sample') findings.seed = lots.seed;
  return { extent, lots };
}

/** Everything, until a drill of everything passed in this month (UTC), and not of an old point that somebody asked for. */
async function monthly(
  { request, context: { store, now } }: DrillWork,
  component: DrilledComponent,
): Promise<'sample' | 'full'> {
  const [year, month] = now().toISOString().split('-');
  const keys = await listDrillKeys(store, request.source, component);
  const ofThisMonth = keys.filter((key) => key.includes(`/${component}/${year}/${month}/`));
  for (const key of ofThisMonth.reverse().slice(0, MOST_LOOKED_AT)) {
    // What is no record proves nothing.
    const drill = (await readDrillIfOne(store, key))?.drill;
    if (drill?.extent === 'full' && drill.outcome === 'passed' && drill.insteadOf === undefined) return 'sample';
  }
  return 'full';
}
