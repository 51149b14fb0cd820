import type { Fault } from '../../../dev/s3';
import type { StoredObject } from '../../../model';
import type { ObjectStore } from '../../../runtime/store/store';
import { openVerified } from '../../../runtime/store/verified-download';
import { Seeded } from '../../support/seeded';
import { BUCKET, reset, startVault, type TestVault } from './s3-support';
import { MIB, read, upload } from './support';

const random = new Seeded(404);
const bytes = random.bytes(20 * MIB);
let vault: TestVault;
let store: ObjectStore;
let object: StoredObject;
let counter = 0;

beforeAll(async () => {
  vault = await startVault();
  store = vault.open();
});
beforeEach(async () => {
  reset(vault);
  counter += 1;
  object = await upload(store, `download/${counter}`, bytes);
});
afterAll(() => vault.close());

describe('damage in the store is refused', () => {
  test('a flipped bit anywhere', async () => {
    for (let round = 0; round < 12; round += 1) {
      const [offset, bit] = [random.below(bytes.length), random.below(8)];
      await vault.server.damage.flipBit(target(), offset, bit);
      await expect(read(openVerified(store, object))).rejects.toMatchObject({
        code: 'object-damaged',
        message: expect.stringContaining(`part ${Math.floor(offset / (8 * MIB)) + 1} of 3`) as string,
      });
      await vault.server.damage.flipBit(target(), offset, bit);
    }
    expect((await read(openVerified(store, object))).equals(bytes)).toBe(true);
  });

  test.each([0, 1, 8 * MIB, 20 * MIB - 1])('an object cut to %d bytes', async (sizeBytes) => {
    await vault.server.damage.truncate(target(), sizeBytes);
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'object-damaged' });
  });

  test('two parts exchanged', async () => {
    await vault.server.damage.swapParts(target(), 1, 2);
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'object-damaged' });
  });

  test('an object that is lost, or another version in its place', async () => {
    await vault.server.damage.lose(target());
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'object-missing' });
    await store.put(object.key, bytes);
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'object-missing' });
  });

  test('other content of the same size where the store keeps no versions', async () => {
    const forged = { ...object, versionId: null };
    await store.put(object.key, random.bytes(bytes.length));
    await expect(read(openVerified(store, forged))).rejects.toMatchObject({ code: 'object-damaged' });
  });
});

describe('faults on the way down', () => {
  test.each<[string, Fault, number]>([
    ['a burst of SlowDown', { kind: 'error', code: 'SlowDown' }, 2],
    ['a connection dropped before the answer', { kind: 'drop', when: 'before' }, 2],
    ['a body that breaks off', { kind: 'truncate', afterBytes: 3 * MIB }, 2],
  ])('%s is sat out', async (_, fault, times) => {
    const injected = vault.faults.add({ operation: 'GetObject', fault, times });
    expect((await read(openVerified(store, object))).equals(bytes)).toBe(true);
    expect(injected.fired).toBe(times);
  });

  test.each<[string, Fault]>([
    ['a body that always breaks off', { kind: 'truncate', afterBytes: 3 * MIB }],
    ['a body shorter than asked for, and said to be so', { kind: 'truncate', afterBytes: 3 * MIB, quietly: true }],
    ['a bit flipped on the way', { kind: 'corrupt', offset: 12_345 }],
  ])('%s is refused', async (_, fault) => {
    const injected = vault.faults.add({ operation: 'GetObject', fault, times: 1_000 });
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'object-damaged' });
    expect(injected.matched).toBeGreaterThan(0);
  });

  test('a role that may not read is told so', async () => {
    vault.authorize = ({ action }) => action === 's3:PutObject';
    await expect(read(openVerified(store, object))).rejects.toMatchObject({ code: 'store-denied' });
  });
});

function target() {
  return { bucket: BUCKET, key: `team/${object.key}` };
}
