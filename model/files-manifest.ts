import type { ItemsManifest } from './manifest-head';

/** The manifest of a volume of files. */
export interface FilesManifest extends ItemsManifest {
  readonly component: 'files';
}
