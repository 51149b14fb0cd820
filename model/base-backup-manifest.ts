import type { ItemsManifest } from './manifest-head';

/** The manifest of a base backup of a whole server. */
export interface BaseBackupManifest extends ItemsManifest {
  readonly component: 'base-backup';
}
