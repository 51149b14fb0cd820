import { readText } from '../../../runtime/catalog/read-text';
import { BackupError } from '../../../runtime/errors';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { countRequests } from '../../support/count-requests';
import { MemoryStore } from '../../support/memory-store';

const KEY = 'orders/manifest.json';

async function vault(...keys: string[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const key of keys) await store.put(key, Buffer.from(`of ${key}`));
  return store;
}

/** As S3 answers a role that may not list all: what is not there is refused. */
function denying(store: MemoryStore): FaultyStore {
  return new FaultyStore(store, [{ on: 'get', effect: 'fail', error: () => new BackupError('store-denied', '403') }]);
}

test('a record that is there costs one request, and one that is not there as well', async () => {
  const { store, requests } = countRequests(await vault(KEY));
  await expect(readText(store, KEY)).resolves.toBe(`of ${KEY}`);
  await expect(readText(store, 'orders/other.json')).resolves.toBeUndefined();
  expect(requests).toEqual({ get: 2 });
});

test('what is denied and not listed is not there; another that begins alike is not it', async () => {
  await expect(readText(denying(await vault(`${KEY}.old`)), KEY)).resolves.toBeUndefined();
});

test('what is denied and listed is denied', async () => {
  expect((await failureOf(readText(denying(await vault(KEY)), KEY))).code).toBe('store-denied');
});
