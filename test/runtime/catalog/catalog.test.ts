/** What is a recovery point and which is the newest good one, from what is stored alone. */
import { pointId, pointPrefix, serialiseManifest, type PointAddress } from '../../../model';
import { findPoint, listPoints, readPoint } from '../../../runtime/catalog/catalog';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { addressOf } from '../../../runtime/catalog/run-id';
import { BackupError } from '../../../runtime/errors';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { sampleManifest } from './sample-manifest';

let store: MemoryStore;
beforeEach(() => {
  store = new MemoryStore();
});

function at(day: number, more: Partial<PointAddress> = {}): PointAddress {
  const time = new Date(Date.UTC(2026, 10, day, 2));
  return {
    source: 'orders',
    component: 'dump',
    class: 'daily',
    time,
    run: `run${String(day).padStart(3, '0')}`,
    ...more,
  };
}

async function made(address: PointAddress): Promise<string> {
  await store.put(`${pointPrefix(address)}manifest.json`, Buffer.from(serialiseManifest(sampleManifest(address))));
  return pointId(address);
}

async function latest(): Promise<{ found?: string; passedOver: string[] }> {
  const passedOver: string[] = [];
  const found = await findPoint(store, 'orders', 'dump', 'latest', (point) => passedOver.push(point));
  return { found: found.manifest.point, passedOver };
}

it('points of every class are listed, the newest first; folders without a manifest, other sources and components are not', async () => {
  await made(at(3));
  await made(at(5, { class: 'hourly' }));
  await made(at(4, { class: 'monthly' }));
  await made(at(6, { source: 'orders-2' }));
  await made(at(7, { component: 'wal' }));
  await store.put(`${pointPrefix(at(8))}started.json`, Buffer.from('{}'));
  await store.put(`${pointPrefix(at(9))}orders/manifest.json`, Buffer.from('{}'));
  expect((await listPoints(store, 'orders', 'dump')).map(({ time }) => time.getUTCDate())).toEqual([5, 4, 3]);
});

it('the latest is the newest good one: invalid and failed ones are passed over, and told', async () => {
  const good = await made(at(1));
  const failed = await made(at(2));
  await store.put(`${pointPrefix(at(2))}verification.json`, Buffer.from('{"outcome":"failed"}'));
  await store.put(`${pointPrefix(at(3))}manifest.json`, Buffer.alloc(0));
  await store.put(`${pointPrefix(at(4))}manifest.json`, Buffer.from(serialiseManifest(sampleManifest(at(1)))));
  expect(await latest()).toEqual({ found: good, passedOver: [pointId(at(4)), pointId(at(3)), failed] });
});

it('a verification that passed, or that could not tell, does not hide a point', async () => {
  await made(at(1));
  const newest = await made(at(2));
  for (const outcome of ['passed', 'could not verify']) {
    await store.put(`${pointPrefix(at(2))}verification.json`, Buffer.from(JSON.stringify({ outcome })));
    expect(await latest()).toEqual({ found: newest, passedOver: [] });
  }
});

it('a store that does not answer is an error, never a reason to take an older point', async () => {
  await made(at(1));
  await made(at(2));
  const faulty = new FaultyStore(store, [{ on: 'get', key: `${pointPrefix(at(2))}manifest.json`, effect: 'fail' }]);
  expect((await failureOf(findPoint(faulty, 'orders', 'dump', 'latest'))).code).toBe('store-unreachable');
  expect(faulty.fired).toHaveLength(1);
});

it('a point by its id, though a newer one is there; one that is damaged is refused when it is asked for', async () => {
  const wanted = await made(at(1));
  await made(at(2));
  expect((await findPoint(store, 'orders', 'dump', wanted)).manifest.point).toBe(wanted);
  store.damage(`${pointPrefix(at(1))}manifest.json`, (bytes) => bytes.subarray(0, 100));
  expect((await failureOf(findPoint(store, 'orders', 'dump', wanted))).code).toBe('manifest-invalid');
});

it('nothing there, and what is no id, are told apart', async () => {
  expect((await failureOf(findPoint(store, 'orders', 'dump', 'latest'))).code).toBe('point-missing');
  expect((await failureOf(findPoint(store, 'orders', 'dump', pointId(at(1))))).code).toBe('point-missing');
  expect((await failureOf(findPoint(store, 'orders', 'dump', 'newest'))).exitCode).toBe(2);
  expect((await failureOf(readPoint(store, at(1)))).code).toBe('point-missing');
});

describe('a run claims its place, and nothing is ever written over', () => {
  it('of two runs for one scheduled time the later is turned away; by hand each has its own', async () => {
    const scheduled = {
      source: 'orders',
      component: 'dump',
      class: 'daily',
      scheduledAt: new Date('2026-11-20T02:00:00Z'),
    } as const;
    const [first, second] = [1, 2].map((minute) =>
      addressOf({ ...scheduled, startedAt: new Date(Date.UTC(2026, 10, 20, 2, minute)) }),
    );
    expect(second).toEqual(first);
    expect(await PointWriter.claim(store, first, new Date())).toBeInstanceOf(PointWriter);
    expect(await PointWriter.claim(store, second, new Date())).toBe('taken');
    const byHand = { ...scheduled, scheduledAt: undefined, startedAt: new Date() };
    expect(addressOf(byHand)).not.toEqual(addressOf(byHand));
    expect(addressOf({ ...scheduled, class: 'hourly', startedAt: new Date() }).run).not.toBe(first.run);
  });

  it('a manifest, or a failure record, that is there stays as it is', async () => {
    const writer = await PointWriter.claim(store, at(1), new Date());
    if (writer === 'taken') throw new Error('taken');
    await writer.finish(sampleManifest(at(1)));
    const before = store.bytesOf(`${writer.prefix}manifest.json`);
    expect((await failureOf(writer.finish({ ...sampleManifest(at(1)), warnings: ['other'] }))).code).toBe(
      'store-conflict',
    );
    expect(store.bytesOf(`${writer.prefix}manifest.json`)).toEqual(before);
    const error = new BackupError('dump-failed', 'it failed', { detail: 'why', hint: 'do' });
    await writer.fail(error, new Date(0));
    expect(JSON.parse(store.bytesOf(`${writer.prefix}failure.json`)?.toString() ?? '')).toEqual({
      point: pointId(at(1)),
      failedAt: '1970-01-01T00:00:00.000Z',
      code: 'dump-failed',
      message: 'it failed',
      detail: 'why',
      hint: 'do',
    });
    expect((await failureOf(writer.fail(error, new Date()))).code).toBe('store-conflict');
  });

  it('any other trouble with the claim is an error, not somebody else’s run', async () => {
    const faulty = new FaultyStore(store, [{ on: 'put', effect: 'fail' }]);
    expect((await failureOf(PointWriter.claim(faulty, at(1), new Date()))).code).toBe('store-unreachable');
  });
});
