import type { Component } from '../../model';
import { findPoint, readPoint } from '../catalog/catalog';
import { POINT_COMPONENTS } from '../components/registry';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import { findSet, memberAddress } from '../system/sets';
import type { ChosenPoint } from './types';

export interface Chosen {
  readonly set: string | null;
  readonly points: readonly ChosenPoint[];
}

/**
 * What belongs together, where there is a good set, and the newest good recovery point of every component that is in none. What is
 * passed over on the way is told.
 */
export async function choosePoints(
  store: ObjectStore,
  source: string,
  onPassedOver: (what: string, reason: string) => void,
): Promise<Chosen> {
  const set = await unlessMissing(findSet(store, source, 'latest', onPassedOver));
  const points: ChosenPoint[] = [];
  if (set) {
    for (const member of set.members) {
      const point = await readPoint(store, memberAddress(set, member));
      points.push({ component: member.component, point, inSet: true });
    }
  }
  const members = points.map(({ component }) => component);
  for (const component of POINT_COMPONENTS.filter((one) => !members.includes(one))) {
    const point = await unlessMissing(findPoint<Component>(store, source, component, 'latest', onPassedOver));
    if (point) points.push({ component, point, inSet: false });
  }
  return { set: set?.set ?? null, points };
}

async function unlessMissing<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof BackupError && error.code === 'point-missing') return undefined;
    throw error;
  }
}
