import { runbookKeys, type RunbookFacts } from '../../../model';
import type { ObjectStore } from '../../store/store';
import { gatherRunbook } from '../../system/gather-runbook';
import { composeRunbook } from '../../system/runbook';

/**
 * Stores the runbook beside the reports: the text for people, and what the stack alone knows for whoever asks the program later, when
 * the stack is gone. The newest version counts.
 */
export async function storeRunbook(
  store: ObjectStore,
  source: string,
  facts: RunbookFacts,
  now: Date,
): Promise<string> {
  const keys = runbookKeys(source);
  const text = composeRunbook(await gatherRunbook(store, source, now, facts));
  await store.put(keys.facts, Buffer.from(`${JSON.stringify(facts, null, 1)}\n`), { contentType: 'application/json' });
  await store.put(keys.text, Buffer.from(text), { contentType: 'text/markdown; charset=utf-8' });
  return keys.text;
}
