/** What a recovery point that is made by hand leaves out: without it, one of a single mirror would make all look backed up. */
import type { Component, FilesManifest, LackedPart, ObjectsManifest } from '../../model';
import type { ObjectStore } from '../store/store';
import { goodPoints } from './catalog';

/** Components whose recovery points have parts: mirrors, volumes. */
type PartedManifest = ObjectsManifest | FilesManifest;

export interface GivenParts {
  readonly source: string;
  readonly component: PartedManifest['component'] & Component;
  readonly names: readonly string[];
  /** `everything`: there is no more, as the settings of the deployment say; so nothing is looked for. */
  readonly given: 'everything' | 'some';
}

/** What the newest good recovery point has, or lacks itself, and this run was not given. */
export async function findLacks({ source, component, names, given }: GivenParts, store: ObjectStore) {
  if (given === 'everything') return [];
  for await (const { manifest } of goodPoints(store, source, component)) {
    return partsOf(manifest).filter(({ name }) => !names.includes(name));
  }
  return [];
}

/** In the words of a warning. */
export function lackWarning({ name, point, at }: LackedPart): string {
  return `it lacks ${JSON.stringify(name)}, which this run was not given: the last of it is in ${point}, as of ${at}`;
}

/** In the manifest, where there are any. */
export function lacksField(lacks: readonly LackedPart[]): { readonly lacks?: readonly LackedPart[] } {
  return lacks.length > 0 ? { lacks } : {};
}

function partsOf(manifest: PartedManifest): LackedPart[] {
  const { point, startedAt, lacks = [] } = manifest;
  const own =
    manifest.component === 'objects'
      ? manifest.mirrors.map(({ name, replica }) => ({ name, point, at: replica?.listedAt ?? startedAt }))
      : manifest.volumes.map(({ name }) => ({ name, point, at: startedAt }));
  return [...own, ...lacks];
}
