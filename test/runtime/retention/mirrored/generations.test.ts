/** Generations of a mirror come and go: what no recovery point needs any more ends, and nothing else. */
import { EXPIRY_TAG, METRICS, pointPrefix } from '../../../../model';
import { retain } from '../../../../runtime/retention/retain';
import type { ObjectStore } from '../../../../runtime/store/store';
import { listPoints } from '../../../../runtime/catalog/catalog';
import { FaultyStore, type StoreOperation } from '../../../support/faulty-store';
import { failureOf } from '../../../support/failure-of';
import { SOURCE, type MirrorLab } from '../../components/objects/support';
import { endFirstPoint, threeGenerations } from './three-generations';
import { AgeingMirror, moveToDay, startAgeingLab } from './support';

/** Half of them real requests to a server. */
const SLOW_MS = 60_000;

let lab: MirrorLab;

beforeAll(async () => (lab = await startAgeingLab()));
afterAll(async () => {
  jest.useRealTimers();
  await lab.close();
});

const SECOND = { a: 'first', b: 'second', d: 'second', long: 'second' };
const THIRD = { a: 'first', b: 'third', long: 'second' };
const STAYING = ['a first', 'b second', 'b third', 'd second', 'uploads.long/… second'];
const ENDING = ['b first', 'c first', 'uploads.long/… first'];

test(
  'a version ends when the last recovery point that names it is gone from the vault, not before, and all others restore',
  async () => {
    const mirror = await threeGenerations(lab, 'days');
    const all = [...STAYING, ...ENDING].sort();
    expect((await mirror.end()).versions).toBe(0);
    moveToDay(27);
    await mirror.markPoints(25);
    expect((await mirror.end()).versions).toBe(0);
    moveToDay(28);
    await mirror.night();
    expect(await mirror.points()).toEqual([SECOND, THIRD]);
    // Only hidden by a delete marker: a person can still bring it back, whole.
    expect((await mirror.end()).versions).toBe(0);
    expect(await mirror.mirrored()).toEqual(all);
    moveToDay(36);
    await mirror.night();
    expect(await mirror.end('show')).toMatchObject({ versions: 3, sizeBytes: 15, mirrors: [{ mirror: 'uploads' }] });
    expect(await mirror.mirrored()).toEqual(all);
    expect((await mirror.end()).versions).toBe(3);
    expect(await mirror.mirrored()).toEqual([...STAYING, ...ENDING.map((name) => `${name}*`)].sort());
    for (const day of [37, 39, 47]) {
      moveToDay(day);
      await mirror.night();
    }
    expect(await mirror.mirrored()).toEqual(STAYING);
    expect(await mirror.points()).toEqual([SECOND, THIRD]);
  },
  SLOW_MS,
);

test(
  'stopped at any mark, nothing that is needed is marked, and the next run ends the rest',
  async () => {
    const mirror = await threeGenerations(lab, 'stopped');
    await endFirstPoint(mirror);
    for (const nth of [1, 2, 3]) {
      const stopped = new FaultyStore(mirror.world.store, [{ on: 'tag', nth, effect: 'lose-answer' }]);
      await failureOf(mirror.end('mark', stopped));
      const marked = (await mirror.mirrored()).filter((name) => name.endsWith('*'));
      expect(ENDING.map((name) => `${name}*`)).toEqual(expect.arrayContaining(marked));
      expect(await mirror.points()).toEqual([SECOND, THIRD]);
    }
    expect((await mirror.end()).versions).toBe(3);
    expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toHaveLength(3);
  },
  SLOW_MS,
);

test.each([
  ['a manifest that cannot be read', 'get', /manifest\.json$/, 2],
  // Two for the plain keys, and two for the long ones: then it is known already what of the plain ones is over.
  ['an inventory that cannot be read', 'get', /inventory-/, 4],
  ['a manifest of which is not known whether it is marked', 'tags', /manifest\.json$/, 2],
  ['a listing that fails', 'versions', /objects\//, 1],
] as [string, StoreOperation, RegExp, number][])(
  '%s ends nothing, and is told',
  async (_what, on, key, times) => {
    const mirror = await threeGenerations(lab, `unreadable-${on}-${key.source.length}`);
    await endFirstPoint(mirror);
    for (let nth = 1; nth <= times; nth += 1) {
      const faulty = new FaultyStore(mirror.world.store, [{ on, key, nth, effect: 'fail' }]);
      await failureOf(mirror.end('mark', faulty));
      expect(faulty.fired).toHaveLength(1);
      expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toEqual([]);
    }
  },
  SLOW_MS,
);

test(
  'a damaged inventory ends nothing: it may have named anything',
  async () => {
    const mirror = await threeGenerations(lab, 'damaged');
    await endFirstPoint(mirror);
    for (const effect of ['flip-bit', 'truncate'] as const) {
      const faulty = new FaultyStore(mirror.world.store, [{ on: 'get', key: /inventory-/, effect }]);
      expect((await failureOf(mirror.end('mark', faulty))).code).toBe('object-damaged');
      expect(faulty.fired).not.toEqual([]);
    }
    const { world } = mirror;
    const [piece] = (await world.latest()).manifest.objects;
    await world.lab.server.damage.flipBit({ bucket: world.vaultBucket, key: `team/${piece.key}` }, 40);
    await failureOf(mirror.end());
    expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toEqual([]);
  },
  SLOW_MS,
);

test(
  'an inventory that is gone, of a recovery point that is kept, ends nothing; nor does one of a run that failed and is damaged',
  async () => {
    const mirror = await threeGenerations(lab, 'lost');
    const { world } = mirror;
    const failing = new FaultyStore(world.store, [{ on: 'put', key: /manifest\.json$/, effect: 'fail' }]);
    await endFirstPoint(mirror);
    await failureOf(world.run({ store: failing }));
    expect((await mirror.end('show')).versions).toBe(ENDING.length);
    const { manifest } = await world.latest();
    const pieces: string[] = [];
    for await (const { key } of world.store.versions(`${SOURCE}/objects/`))
      if (/inventory-/.test(key)) pieces.push(key);
    const named = manifest.objects.map(({ key }) => key);
    const found = pieces.filter((key) => key > named[0]);
    expect([named.length, found.length]).toEqual([1, 1]);
    const place = (key: string) => ({ bucket: world.vaultBucket, key: `team/${key}` });
    await world.lab.server.damage.flipBit(place(found[0]), 40);
    expect(await failureOf(mirror.end())).toMatchObject({ code: 'tool-failed' });
    await world.lab.server.damage.flipBit(place(found[0]), 40);
    await world.lab.server.damage.lose(place(named[0]));
    expect(await failureOf(mirror.end())).toMatchObject({ code: 'object-missing' });
    expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toEqual([]);
  },
  SLOW_MS,
);

test(
  'a manifest that somebody wrote over, or deleted though nothing had marked it, holds what it named',
  async () => {
    const mirror = await threeGenerations(lab, 'over');
    const { world } = mirror;
    const newest = (await world.latest()).manifest;
    moveToDay(21);
    await world.put('b', 'fourth');
    const { point } = await mirror.made();
    const hidden = (await world.latest(point)).prefix;
    // Its own key, with the word of a point that names none of it: whoever may write may do this.
    const [record] = newest.mirrors;
    const other = { ...newest, mirrors: [{ ...record, name: 'other', prefix: `${SOURCE}/mirrors/other/` }] };
    const place = (await world.latest(newest.point)).prefix;
    await world.store.put(`${place}manifest.json`, Buffer.from(JSON.stringify(other)));
    await world.hide(`${hidden}manifest.json`);
    moveToDay(60);
    expect((await mirror.end('show')).versions).toBe(0);
  },
  SLOW_MS,
);

test(
  'what a killed run stored holds what it names as long as it is there',
  async () => {
    moveToDay(0);
    const mirror = await AgeingMirror.begin(lab, 'killed');
    const { world } = mirror;
    await world.put('x', 'of the killed run');
    const dying = new FaultyStore(world.store, [{ on: 'put', key: /manifest\.json$/, effect: 'fail' }]);
    await failureOf(world.run({ store: dying }));
    moveToDay(1);
    await world.put('x', 'of the good run');
    await mirror.made();
    moveToDay(30);
    expect((await mirror.end('show')).versions).toBe(0);
    await mirror.markPoints(1000);
    for (const day of [31, 33, 41]) {
      moveToDay(day);
      await mirror.night();
    }
    expect((await mirror.end()).versions).toBe(1);
    expect(await mirror.mirrored()).toEqual(['x of the good run', 'x of the killed run*']);
  },
  SLOW_MS,
);

test(
  'what is young stays, and what no later run has looked for; without a kept recovery point everything stays',
  async () => {
    moveToDay(0);
    const mirror = await AgeingMirror.begin(lab, 'young');
    const { world } = mirror;
    await world.put('x', 'named');
    await mirror.made();
    moveToDay(1);
    // Copied, and in no inventory: as of a run that was killed at once.
    await world.store.put('orders/mirrors/uploads/x', Buffer.from('copied'));
    moveToDay(40);
    expect((await mirror.end('show')).versions).toBe(0);
    // Nobody has verified it: a run that only looked good makes nothing end.
    await world.made();
    expect((await mirror.end('show')).versions).toBe(0);
    moveToDay(40.5);
    await mirror.made();
    expect((await mirror.end('show')).versions).toBe(1);
    await world.store.put('orders/mirrors/uploads/x', Buffer.from('young'));
    moveToDay(41);
    await mirror.made();
    moveToDay(46);
    expect((await mirror.end('show')).versions).toBe(1);
    moveToDay(48);
    expect((await mirror.end('show')).versions).toBe(2);
    for (const address of await listPoints(world.store, SOURCE, 'objects')) {
      await world.store.tag(`${pointPrefix(address)}manifest.json`, null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
    }
    expect((await mirror.end('show')).versions).toBe(0);
  },
  SLOW_MS,
);

test(
  'a manifest that is none ends nothing, though its inventories can be read',
  async () => {
    const mirror = await threeGenerations(lab, 'none');
    await endFirstPoint(mirror);
    const { prefix } = await mirror.world.latest();
    await mirror.world.store.put(`${prefix}manifest.json`, Buffer.from('{"format":"postgres-backup/1"}'));
    expect(await failureOf(mirror.end())).toMatchObject({ code: 'manifest-invalid' });
    expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toEqual([]);
  },
  SLOW_MS,
);

test(
  'a tag that is called as the field in which versions are named hides none of them',
  async () => {
    moveToDay(0);
    const mirror = await AgeingMirror.begin(lab, 'tags');
    const { world } = mirror;
    const named = { Tagging: 'versionId=of-a-tag&a=1' };
    await world.put('x', 'first', named);
    await world.put('"versionId":"y', 'first', named);
    await mirror.made();
    moveToDay(10);
    for (const key of ['x', '"versionId":"y']) await world.put(key, 'second', named);
    await mirror.made();
    moveToDay(20);
    await mirror.made();
    moveToDay(30);
    expect((await mirror.end()).versions).toBe(0);
    expect(await mirror.points()).toHaveLength(3);
  },
  SLOW_MS,
);

test(
  'the function ends them after the recovery points, and tells how much; what cannot be read fails its run',
  async () => {
    const mirror = await threeGenerations(lab, 'function');
    await endFirstPoint(mirror);
    const run = async (store: ObjectStore) => {
      const lines: string[] = [];
      const policy = { classes: { daily: { keepSeconds: 100 * 86_400 } }, minimumVerified: 1 };
      const request = { source: SOURCE, component: 'objects' as const, policy };
      const write = (line: string) => void lines.push(line);
      const ended = retain({ request, store, write, now: () => new Date(), remainingMs: () => 300_000 });
      await ended.catch((error: unknown) => lines.push(`thrown: ${String(error)}`));
      return lines.join('');
    };
    const { store } = mirror.world;
    const failed = await run(new FaultyStore(store, [{ on: 'get', key: /inventory-/, effect: 'fail' }]));
    expect(failed).toContain(`"${METRICS.retentionFailed.name}":1`);
    expect(failed).toContain('thrown: BackupError');
    const told = await run(store);
    expect(told).toContain('"event":"mirrored-expired","mirror":"uploads","versions":3,"sizeBytes":15');
    expect(told).toContain(`"${METRICS.retentionSucceeded.name}":1`);
    expect((await mirror.mirrored()).filter((name) => name.endsWith('*'))).toHaveLength(3);
  },
  SLOW_MS,
);
