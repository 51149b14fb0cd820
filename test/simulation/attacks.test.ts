import { pointPrefix, type PointAddress } from '../../model';
import { attack, replaceManifests } from './support/attack';
import { deployProductionPlan } from './support/plan-stack';
import { RetentionPromise } from './support/promise';
import { World } from './support/world';

const START = new Date('2026-10-04T00:30:00Z');
/** Simulated days take real seconds, more of them on a busy machine. */
const LONG_MS = 300_000;

const deployment = deployProductionPlan();

describe('a production plan whose task is in other hands', () => {
  it.each([
    ['newer points that look like good ones', (world: World) => attack(world, { points: 15, contentFactor: 1 })],
    ['newer points that hold little', (world: World) => attack(world, { points: 15, contentFactor: 0.01 })],
    ['other manifests over all that are there', (world: World) => replaceManifests(world, (points) => points)],
  ])(
    'loses nothing good by a writer that stores %s',
    async (_, strike) => {
      const world = new World(deployment, { start: START });
      const promise = new RetentionPromise(world);
      await world.forDays(1.4);
      const genuine = new Set(promise.made.map(({ address }) => pointPrefix(address)));
      const struckAt = world.clock.now();
      await strike(world);
      // What is made after that by schedule is genuine too.
      const isGenuine = ({ address, at }: { address: PointAddress; at: Date }) =>
        genuine.has(pointPrefix(address)) || at > struckAt;
      const broken: string[] = [];
      world.onDay = async (at) =>
        void broken.push(...(await promise.ended(isGenuine)).map((what) => `${at.toISOString()}: ${what}`));
      await world.forDays(1.8);
      expect(promise.made.filter(({ at }) => at > struckAt).length).toBeGreaterThan(40);
      expect(broken).toEqual([]);
    },
    LONG_MS,
  );
});
