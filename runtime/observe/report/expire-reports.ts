import { EXPIRY_TAG, KEEP_REPORTS_SECONDS, reportsPrefix } from '../../../model';
import type { ObjectStore } from '../../store/store';

/** So many a run, so that it ends; the next goes on. A year of an hourly plan are ten thousand. */
const MOST_MARKED = 500;

/**
 * Marks reports whose time is over, every version of them; the vault's lifecycle deletes what is marked, as it does recovery
 * points. Says how many.
 */
export async function expireReports(store: ObjectStore, source: string, now: Date): Promise<number> {
  const limit = now.getTime() - KEEP_REPORTS_SECONDS * 1000;
  let marked = 0;
  for await (const { key, versionId, lastModified } of store.versions(reportsPrefix(source))) {
    if (marked === MOST_MARKED) break;
    // An absent time reads as 1970, or as no number: such a thing stays.
    if (!(lastModified.getTime() > 0) || lastModified.getTime() >= limit) continue;
    const tags = await store.tags(key, versionId);
    if (tags[EXPIRY_TAG.key] === EXPIRY_TAG.value) continue;
    await store.tag(key, versionId, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
    marked += 1;
  }
  return marked;
}
