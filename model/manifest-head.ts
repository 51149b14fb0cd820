import type { Component, RetentionClass } from './component';
import type { StoredObject } from './stored-object';

/**
 * The manifest: what a recovery point is. Written last and conditionally, it names every object with what is needed to
 * prove it unchanged. No manifest, no recovery point. Each component has a manifest of its own; this page is what they share.
 */
export const MANIFEST_FORMAT = 'postgres-backup/1';

/** What every manifest says, whatever its component. */
export interface ManifestHead {
  readonly format: typeof MANIFEST_FORMAT;
  /** The recovery point's id. */
  readonly point: string;
  readonly source: string;
  readonly component: Component;
  readonly class: RetentionClass;
  readonly scheduledAt: string | null;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly tool: { readonly name: 'postgres-backup'; readonly version: string };
  readonly totals: {
    readonly storedBytes: number;
    /** Objects that the manifest names. */
    readonly objects: number;
  };
  readonly warnings: readonly string[];
}

/** What the manifests of all components but the dump share. */
export interface ItemsManifest extends ManifestHead {
  /** Every object that it names, in the order a restore reads them. */
  readonly objects: readonly StoredObject[];
  /** Ids of older recovery points of this component that a restore needs besides: they are kept as long as this one. */
  readonly dependsOn: readonly string[];
  readonly totals: ManifestHead['totals'] & {
    /** What it holds, in the component's own unit: see {@link ITEM_NAMES}. */
    readonly items: number;
  };
}
