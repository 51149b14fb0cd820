import type { LackedPart } from './lacked-part';
import type { ItemsManifest } from './manifest-head';

/** The manifest of mirrors of object stores. The data lies apart, as versions (see {@link mirrorPrefix}); its objects are the inventories. */
export interface ObjectsManifest extends ItemsManifest {
  readonly component: 'objects';
  readonly mirrors: readonly MirrorRecord[];
  /** Absent where there is nothing else. */
  readonly lacks?: readonly LackedPart[];
}

/** One mirror in a recovery point: what there was at the source, and where it lies. */
export interface MirrorRecord {
  readonly name: string;
  /** `s3://bucket[/prefix]`. */
  readonly from: string;
  /** Of a store other than AWS; `null` for AWS, or for the vault's own. */
  readonly endpoint: string | null;
  /** Folder in the vault, with a slash at its end: `orders/mirrors/uploads/`. */
  readonly prefix: string;
  /** The inventory, in order of the keys; each is one of the manifest's objects. At least one, also of an empty source. */
  readonly inventory: readonly InventorySegment[];
  /** Objects in the inventory. */
  readonly objects: number;
  /** Bytes of these objects. */
  readonly sizeBytes: number;
  /** Since the recovery point before. */
  readonly changes: MirrorChanges;
  /** Objects that were at the source and are not in the inventory. */
  readonly missing: MissingObjects;
  /** Where the data is a copy by S3's own replication, outside the vault. */
  readonly replica?: ReplicaRecord;
}

/** A copy that S3 keeps by itself, and lists by itself. */
export interface ReplicaRecord {
  /** `s3://bucket[/folder]`: the versions that the inventory names lie there, each under its own key. */
  readonly uri: string;
  /** ISO 8601: when S3 began to list it. The recovery point shows this moment, not that of the run. */
  readonly listedAt: string;
}

/** S3 lists daily, and may take a day: an older list is none that a recovery point is made of. */
export const OLDEST_LISTING_HOURS = 48;

/** Folder of a mirror's data: in the vault, or in the bucket of its replica. */
export function dataPrefix({ prefix, replica }: Pick<MirrorRecord, 'prefix' | 'replica'>): string {
  return replica === undefined ? prefix : '';
}

export interface InventorySegment {
  /** Of the segment, as in the manifest's `objects`. */
  readonly key: string;
  readonly entries: number;
  /** Keys at the source; `null` when it has no entries. */
  readonly first: string | null;
  readonly last: string | null;
}

export interface MirrorChanges {
  readonly copied: number;
  readonly copiedBytes: number;
  readonly unchanged: number;
  /** In the recovery point before, and no longer at the source. Their versions stay in the vault. */
  readonly gone: number;
  /** Deleted at the source between the listing and the copy. Nothing is wrong with that. */
  readonly vanished: number;
  /** Of the unchanged: mirrored since the recovery point before, because an event told of them. Only where events do. */
  readonly early?: number;
  /** Of the copied: those of which events should have told long ago. Only where events do. */
  readonly late?: number;
}

/** Why an object that is at the source is not in the inventory. */
export const MISSING_REASONS = ['changing', 'archived', 'denied', 'damaged'] as const;
export type MissingReason = (typeof MISSING_REASONS)[number];

export interface MissingObjects {
  readonly count: number;
  /** The first of them. */
  readonly examples: readonly { readonly key: string; readonly reason: MissingReason }[];
}

/** How many missing objects are named. */
export const MOST_MISSING_EXAMPLES = 100;

/**
 * Where mirrored objects lie, each under its own key, byte for byte. Apart from the recovery points, so that listing these
 * never lists data: `<source>/mirrors/<mirror>/<key>`.
 */
export function mirrorPrefix(source: string, mirror: string): string {
  return `${mirrorsPrefix(source)}${mirror}/`;
}

export function mirrorsPrefix(source: string): string {
  return `${source}/mirrors/`;
}

/** Says what is wrong with a mirror's name, or nothing. */
export function mirrorNameProblem(name: string): string | undefined {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    return 'use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit';
  }
  return undefined;
}
