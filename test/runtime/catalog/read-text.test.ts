import { readListed, readText } from '../../../runtime/catalog/read-text';
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

test('a record that may not be there is asked for only when a listing shows it', async () => {
  const { store, requests } = countRequests(await vault(KEY, `${KEY}.old`));
  await expect(readText(store, KEY)).resolves.toBe(`of ${KEY}`);
  await expect(readText(store, 'orders/other.json')).resolves.toBeUndefined();
  expect(requests).toEqual({ list: 2, get: 1 });
});

test('one that a listing has shown costs one request, also when it is gone since', async () => {
  const { store, requests } = countRequests(await vault(KEY));
  await expect(readListed(store, KEY)).resolves.toBe(`of ${KEY}`);
  await expect(readListed(store, 'orders/other.json')).resolves.toBeUndefined();
  expect(requests).toEqual({ get: 2 });
});

test('what is denied and not listed is not there; another that begins alike is not it', async () => {
  for (const read of [readText, readListed]) {
    await expect(read(denying(await vault(`${KEY}.old`)), KEY)).resolves.toBeUndefined();
  }
});

test('what is denied and listed is denied', async () => {
  for (const read of [readText, readListed]) {
    expect((await failureOf(read(denying(await vault(KEY)), KEY))).code).toBe('store-denied');
  }
});
