/** Somebody who has the rights of the task, and no others: writes recovery points that nothing was dumped for, and over others. */
import {
  ENVIRONMENT,
  MANIFEST_NAME,
  pointPrefix,
  serialiseManifest,
  type DumpManifest,
  type PointAddress,
  type RetentionClass,
} from '../../../model';
import { listPoints } from '../../../runtime/catalog/catalog';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { addressOf } from '../../../runtime/catalog/run-id';
import { storeContent, USUAL } from './model-content';
import type { World } from './world';

export interface Attack {
  /** Of each class. */
  readonly points: number;
  /** What they hold, by what is usual. */
  readonly contentFactor: number;
}

const CLASSES: readonly RetentionClass[] = ['hourly', 'daily', 'weekly', 'monthly'];

/** Gives what it made. */
export async function attack(world: World, { points, contentFactor }: Attack): Promise<PointAddress[]> {
  const made: PointAddress[] = [];
  const { store, clock, deployment, disturbances } = world;
  const source = deployment.taskEnvironment[ENVIRONMENT.source];
  for (const retention of CLASSES) {
    for (let index = 0; index < points; index += 1) {
      const startedAt = new Date(clock.now().getTime() - index * 1000);
      const writer = await PointWriter.claim(
        store,
        addressOf({ source, component: 'dump', class: retention, startedAt }),
        startedAt,
      );
      if (writer === 'taken') throw new Error('a point of the attack is there already');
      const content = {
        rows: Math.round(USUAL.rows * contentFactor),
        sizeBytes: Math.round(USUAL.sizeBytes * contentFactor),
      };
      await writer.finish(await storeContent(store, writer, content, startedAt, startedAt));
      made.push(writer.address);
    }
  }
  disturbances.happened();
  return made;
}

/** The newest points, or one of them: another manifest in the place of each, valid and of that place. */
export async function replaceManifests(world: World, which: (points: PointAddress[]) => PointAddress[]): Promise<void> {
  const { store, deployment, disturbances } = world;
  for (const address of which(await listPoints(store, deployment.taskEnvironment[ENVIRONMENT.source], 'dump'))) {
    const key = `${pointPrefix(address)}${MANIFEST_NAME}`;
    const manifest = JSON.parse(store.textOf(key) ?? '') as DumpManifest;
    await store.put(key, Buffer.from(serialiseManifest({ ...manifest, warnings: ['from another day'] })));
  }
  disturbances.happened();
}
