import type { InventoryEntry } from '../../../../model';
import type { Bucket, BucketVersion } from '../../../store/bucket';
import type { ObjectTags } from '../../../store/store';
import type { MirrorRequest, MirrorSettings } from '../types';
import type { Bandwidth } from './bandwidth';

/** What copying an object needs. */
export interface Copier {
  readonly mirror: MirrorRequest;
  readonly vault: Bucket;
  /** Of the mirror, in the vault. */
  readonly prefix: string;
  readonly settings: MirrorSettings;
  readonly bandwidth: Bandwidth;
  readonly signal: AbortSignal;
}

/** What was written, and its digest. */
export type WrittenCopy = BucketVersion & Pick<InventoryEntry, 'sha256' | 'parts'> & { readonly tags: ObjectTags };
