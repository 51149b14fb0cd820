/** A run of a mirror and one of retention, one of them at any single request of the other, in the worst state that a mirror can be in. */
import { FaultyStore } from '../../../support/faulty-store';
import { failureOf } from '../../../support/failure-of';
import type { MirrorLab } from '../../components/objects/support';
import { AgeingMirror, moveToDay, startAgeingLab } from './support';

/** Each n-th of the requests to the vault. */
export interface Chosen {
  readonly first: number;
  readonly every: number;
  /** So many moments there must be, at least. */
  readonly least: number;
  readonly timeoutMs: number;
}

/** The tests of both, with a server of their own. */
export function testInterleavings({ least, timeoutMs, ...chosen }: Chosen): void {
  let lab: MirrorLab;

  beforeAll(async () => (lab = await startAgeingLab()));
  afterAll(async () => {
    jest.useRealTimers();
    await lab.close();
  });

  test(
    'retention at any chosen moment of a run takes nothing that the run will name',
    async () => expect(await endDuringRuns(lab, chosen)).toBeGreaterThanOrEqual(least),
    timeoutMs,
  );

  test(
    'a run at any chosen moment of retention finds all that it takes over, and what it makes is whole',
    async () => expect(await runDuringEnds(lab, chosen)).toBeGreaterThanOrEqual(least),
    timeoutMs,
  );
}

/** Of the run that all is about. */
const TODAY = 50;

/**
 * A point that is gone, one that is marked, one that is kept; and a run that failed long ago, of which the next takes over what no
 * point names.
 */
async function worstMirror(lab: MirrorLab, name: string): Promise<AgeingMirror> {
  moveToDay(0);
  const mirror = await AgeingMirror.begin(lab, name);
  const { world } = mirror;
  for (const key of ['kept', 'changed', 'gone']) await world.put(key, 'first');
  await mirror.made();
  moveToDay(10);
  await world.put('changed', 'second');
  await world.remove('gone');
  await mirror.made();
  moveToDay(11);
  await world.put('changed', 'third');
  await mirror.made();
  moveToDay(26);
  await mirror.markPoints(20);
  for (const day of [28, 36]) {
    moveToDay(day);
    await mirror.night();
  }
  moveToDay(41);
  await world.put('taken over', 'by the failed run');
  const failing = new FaultyStore(world.store, [{ on: 'put', key: /manifest\.json$/, effect: 'fail' }]);
  await failureOf(world.run({ store: failing }));
  moveToDay(TODAY);
  await mirror.markPoints(39.5);
  await world.put('new', 'today');
  return mirror;
}

const NEWEST = { kept: 'first', changed: 'third', new: 'today', 'taken over': 'by the failed run' };

/** Runs one thing, and another at its n-th request to the vault; true while there is such a request. */
async function meanwhile(
  { world }: AgeingMirror,
  nth: number,
  run: () => Promise<unknown>,
  act: () => Promise<unknown>,
): Promise<boolean> {
  const { faults } = world.lab;
  const fault = faults.add({
    bucket: world.vaultBucket,
    nth,
    fault: { kind: 'interfere', act: async () => void (await act()) },
  });
  await run();
  faults.clear();
  return fault.fired > 0;
}

type Moments = Pick<Chosen, 'first' | 'every'>;

/** Retention at moments of a run. Gives how many moments that were. */
async function endDuringRuns(lab: MirrorLab, { first, every }: Moments): Promise<number> {
  for (let nth = first; ; nth += every) {
    const mirror = await worstMirror(lab, `run-${nth}`);
    const ended: number[] = [];
    const end = async () => ended.push((await mirror.end()).versions);
    if (!(await meanwhile(mirror, nth, () => mirror.made(), end))) return (nth - first) / every;
    expect(ended).toEqual([2]);
    expect((await mirror.points()).at(-1)).toEqual(NEWEST);
    expect((await mirror.mirrored()).filter((one) => one.endsWith('*'))).toEqual(['changed first*', 'gone first*']);
  }
}

/** Runs at moments of retention. Gives how many moments that were. */
async function runDuringEnds(lab: MirrorLab, { first, every }: Moments): Promise<number> {
  for (let nth = first; ; nth += every) {
    const mirror = await worstMirror(lab, `end-${nth}`);
    const run = () => mirror.made();
    if (!(await meanwhile(mirror, nth, () => mirror.end(), run))) return (nth - first) / every;
    expect((await mirror.points()).at(-1)).toEqual(NEWEST);
    moveToDay(TODAY + 1);
    await mirror.end();
    expect((await mirror.points()).at(-1)).toEqual(NEWEST);
  }
}
