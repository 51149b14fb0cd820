import type { ItemsManifest } from './manifest-head';

/** The manifest of a mirror of an object store. */
export interface ObjectsManifest extends ItemsManifest {
  readonly component: 'objects';
}
