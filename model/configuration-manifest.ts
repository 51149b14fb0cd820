import type { ItemsManifest } from './manifest-head';

/** The manifest of settings, secrets and certificates. */
export interface ConfigurationManifest extends ItemsManifest {
  readonly component: 'configuration';
}
