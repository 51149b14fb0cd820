import type { BaseBackupManifest } from './base-backup-manifest';
import type { Component } from './component';
import type { ConfigurationManifest } from './configuration-manifest';
import { dumpObjects, type DumpManifest } from './dump-manifest';
import type { FilesManifest } from './files-manifest';
import type { LackedPart } from './lacked-part';
import type { ObjectsManifest } from './objects-manifest';
import type { StoredObject } from './stored-object';

/** A recovery point's manifest, told apart by its component. */
export type Manifest = DumpManifest | BaseBackupManifest | ObjectsManifest | FilesManifest | ConfigurationManifest;

/** The manifest of a component's recovery points. */
export type ManifestOf<C extends Component> = Extract<Manifest, { readonly component: C }>;

/** What a recovery point holds is counted in these. */
export const ITEM_NAMES: Readonly<Record<Component, string>> = {
  dump: 'row',
  'base-backup': 'file',
  wal: 'segment',
  objects: 'object',
  files: 'entry',
  configuration: 'entry',
  qdrant: 'collection',
  n8n: 'workflow',
};

/** Every object a manifest names, in the order a restore reads them. */
export function manifestObjects(manifest: Manifest): readonly StoredObject[] {
  return manifest.component === 'dump' ? dumpObjects(manifest) : manifest.objects;
}

/** How much it holds, in the unit of {@link ITEM_NAMES}. */
export function manifestItems(manifest: Manifest): number {
  return manifest.component === 'dump' ? manifest.totals.rows : manifest.totals.items;
}

/** Mirrors or volumes that were left out when it was made. */
export function lacksOf(manifest: Manifest): readonly LackedPart[] {
  return manifest.component === 'objects' || manifest.component === 'files' ? (manifest.lacks ?? []) : [];
}

/**
 * Of what moment the data is, at the latest: what is made of a list by S3 is as old as the list, whenever the run began, and what
 * was left out is as old as the last of it.
 *
 * @param begunAt when the run began
 */
export function dataAt(manifest: Manifest, begunAt: Date): Date {
  const mirrors = manifest.component === 'objects' ? manifest.mirrors : [];
  const listed = mirrors.flatMap(({ replica }) => (replica ? [Date.parse(replica.listedAt)] : []));
  const lacked = lacksOf(manifest).map(({ at }) => Date.parse(at));
  return new Date(Math.min(begunAt.getTime(), ...listed, ...lacked));
}

export function serialiseManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
