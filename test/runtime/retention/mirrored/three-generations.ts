import type { MirrorLab } from '../../components/objects/support';
import { AgeingMirror, moveToDay } from './support';

const LONG = 'l'.repeat(1000);

/** Three generations on the days 0, 10 and 20; of the first, `b`, `c` and the long one are in no later point. */
export async function threeGenerations(lab: MirrorLab, name: string): Promise<AgeingMirror> {
  moveToDay(0);
  const mirror = await AgeingMirror.begin(lab, name);
  const { world } = mirror;
  for (const key of ['a', 'b', 'c', LONG]) await world.put(key, 'first');
  await mirror.made();
  moveToDay(10);
  for (const key of ['b', 'd', LONG]) await world.put(key, 'second');
  await world.remove('c');
  await mirror.made();
  moveToDay(20);
  await world.put('b', 'third');
  await world.remove('d');
  await mirror.made();
  return mirror;
}

/** The first generation's recovery point is marked, hidden, and gone. */
export async function endFirstPoint(mirror: AgeingMirror): Promise<void> {
  moveToDay(27);
  await mirror.markPoints(25);
  moveToDay(28);
  await mirror.night();
  moveToDay(36);
  await mirror.night();
}
