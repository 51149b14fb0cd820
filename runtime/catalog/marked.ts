import { EXPIRY_TAG, MANIFEST_NAME, VERIFICATION_NAME } from '../../model';
import { BackupError } from '../errors';
import type { ObjectStore } from '../store/store';
import type { SurveyedRun } from './survey';

/**
 * Whether retention has marked the end of a recovery point. What is marked may lose its objects any day, in any order: one that is
 * gone says nothing, so the other is asked.
 */
export async function isMarked(store: ObjectStore, { prefix, manifestAt, verifiedAt }: SurveyedRun): Promise<boolean> {
  const records = [...(manifestAt ? [MANIFEST_NAME] : []), ...(verifiedAt ? [VERIFICATION_NAME] : [])];
  for (const name of records) {
    try {
      const tags = await store.tags(`${prefix}${name}`, null);
      return tags[EXPIRY_TAG.key] === EXPIRY_TAG.value;
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'object-missing') throw error;
    }
  }
  return false;
}
