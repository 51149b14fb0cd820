/** What is mirrored between the runs: by events that come twice, late, in another order, for objects that are gone, or not at all. */
import { randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { journalPrefix, mirrorPrefix, type InventoryEntry } from '../../../../model';
import { handleBatch, type EarlyMirror } from '../../../../runtime/components/objects/continuous/handle-batch';
import { entriesOfJournal } from '../../../../runtime/components/objects/continuous/read-journal';
import { RecentEvents } from '../../../../runtime/components/objects/continuous/recent-events';
import { writeJournal } from '../../../../runtime/components/objects/continuous/journal-writer';
import { Bandwidth } from '../../../../runtime/components/objects/mirror/bandwidth';
import { verifyObjects } from '../../../../runtime/components/objects/verify';
import { DEFAULT_MIRROR_SETTINGS, type MirrorRequest } from '../../../../runtime/components/objects/types';
import type { Bucket } from '../../../../runtime/store/bucket';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { createS3Client } from '../../../../runtime/store/s3-client';
import type { ObjectStore } from '../../../../runtime/store/store';
import { MirrorLab, SOURCE, type MirrorWorld } from './support';

const PREFIX = mirrorPrefix(SOURCE, 'uploads');
const CONTINUOUS = { between: 'continuous' } as const;

/** After the first runs, whose clock is not the machine's. */
const NOW = new Date('2026-11-20T12:00:00Z');

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

/** A source that keeps versions, as buckets with anything of worth do. */
async function versioned(name: string): Promise<MirrorWorld> {
  const world = await lab.world(name);
  const status = { VersioningConfiguration: { Status: 'Enabled' as const } };
  await createS3Client(world.connection).send(
    new PutBucketVersioningCommand({ Bucket: world.sourceBucket, ...status }),
  );
  return world;
}

/** The messages of everything that happened at the source since the last look. */
function messages(world: MirrorWorld): { messageId: string; body: string }[] {
  const own = lab.events.splice(0).filter(({ bucket }) => bucket === world.sourceBucket);
  return own.map(({ name, bucket, key, versionId, etag, time }, index) => ({
    messageId: randomUUID(),
    body: JSON.stringify({
      'detail-type': name.startsWith('ObjectCreated') ? 'Object Created' : 'Object Deleted',
      time: time.toISOString(),
      detail: {
        bucket: { name: bucket },
        // Of a bucket without versions, S3 tells none.
        object: { key, etag, ...(versionId !== 'null' && { 'version-id': versionId }), sequencer: `${index}` },
      },
    }),
  }));
}

interface Handling {
  readonly mirror?: Partial<MirrorRequest>;
  readonly recent?: RecentEvents;
  readonly store?: ObjectStore;
  readonly remainingMs?: number;
  readonly now?: Date;
}

async function handle(world: MirrorWorld, batch: readonly { messageId: string; body: string }[], how: Handling = {}) {
  const mirror: MirrorRequest = {
    ...{
      name: 'uploads',
      from: world.from,
      endpoint: null,
      way: 'by the store',
      include: [],
      exclude: [],
      tags: 'keep',
    },
    ...how.mirror,
  };
  const settings = DEFAULT_MIRROR_SETTINGS;
  const copier = { mirror, vault: world.vault, prefix: PREFIX, settings, bandwidth: new Bandwidth(undefined) };
  const mirrors: EarlyMirror[] = [{ bucket: world.sourceBucket, copier }];
  const lines: Record<string, unknown>[] = [];
  const failed = await handleBatch(batch, {
    source: SOURCE,
    mirrors,
    store: how.store ?? world.store,
    recent: how.recent ?? new RecentEvents(),
    now: () => how.now ?? NOW,
    remainingMs: () => how.remainingMs ?? 60_000,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const counts = lines.find(({ event }) => event === 'mirrored-early');
  return { failed, counts, lines };
}

const operations = (from: number): string[] => lab.requests.slice(from).map(({ operation }) => operation);

test('what was mirrored between the runs is in the next inventory, and nothing is copied again', async () => {
  const world = await versioned('early');
  await world.made({ mirror: CONTINUOUS });
  for (let n = 0; n < 20; n++) await world.put(`k${n}`, `content ${n}`, { Tagging: 'kind=letter' });
  for (const n of [3, 7]) await world.remove(`k${n}`);
  await world.put('k5', 'another content');
  const { failed, counts } = await handle(world, messages(world));
  expect({ failed, counts }).toMatchObject({ failed: [], counts: { copied: 21, deleted: 2, vanished: 0, failed: 0 } });

  const before = lab.requests.length;
  const manifest = await world.made({ mirror: CONTINUOUS });
  expect(manifest.mirrors[0]).toMatchObject({
    objects: 18,
    changes: { copied: 0, unchanged: 18, early: 18, late: 0 },
    missing: { count: 0 },
  });
  expect(operations(before)).not.toContain('CopyObject');
  const entries = await world.entries(manifest);
  for (const { key, versionId, tags } of entries) {
    const expected = key === 'k5' ? 'another content' : `content ${key.slice(1)}`;
    expect((await world.stored(key, versionId)).toString()).toBe(expected);
    expect(tags).toEqual(key === 'k5' ? undefined : { kind: 'letter' });
  }
  expect((await verifyObjects(await world.latest(), 'read', world.context())).outcome).toBe('passed');
  // And it is what the run after that knows.
  expect((await world.made({ mirror: CONTINUOUS })).mirrors[0].changes).toMatchObject({
    copied: 0,
    unchanged: 18,
    early: 0,
  });
});

test('events that come twice, and in another order, copy each version once, and the newest is in the inventory', async () => {
  const world = await versioned('order');
  for (const content of ['one', 'two', 'three']) await world.put('a', content);
  const batch = messages(world).reverse();
  const recent = new RecentEvents();
  const first = await handle(world, [...batch, ...batch.map((one) => ({ ...one, messageId: randomUUID() }))], {
    recent,
  });
  expect(first.counts).toMatchObject({ copied: 3, again: 3 });
  expect((await handle(world, batch, { recent })).counts).toMatchObject({ copied: 0, again: 3 });
  expect(await world.versions(PREFIX)).toEqual({ versions: 3, markers: 0 });
  const manifest = await world.made({ mirror: CONTINUOUS });
  const [{ versionId }] = await world.entries(manifest);
  expect((await world.stored('a', versionId)).toString()).toBe('three');
});

test('an object that is gone before its event comes is counted, and is no failure', async () => {
  const world = await versioned('gone-early');
  await world.put('a', 'x');
  const batch = messages(world);
  const [{ versionId }] = await world.sourceVersions('a');
  await world.removeVersion('a', versionId);
  expect(await handle(world, batch)).toMatchObject({ failed: [], counts: { copied: 0, vanished: 1, failed: 0 } });
});

test('without versions at the source, an event of what was written over leaves it to the event of what is there', async () => {
  const world = await lab.world('unversioned');
  await world.put('a', 'one');
  const late = messages(world);
  await world.put('a', 'another');
  const batch = messages(world);
  expect((await handle(world, late)).counts).toMatchObject({ copied: 0, vanished: 1 });
  expect((await handle(world, batch)).counts).toMatchObject({ copied: 1 });
  expect((await world.made({ mirror: CONTINUOUS })).mirrors[0].changes).toMatchObject({ copied: 0, early: 1 });
});

test('a role that may not list everything is refused what is gone, which is no failure; what is there and refused is one', async () => {
  const world = await versioned('refused');
  await world.put('gone', 'x');
  await world.put('there', 'x');
  const batch = messages(world);
  await world.remove('gone');
  lab.authorize = ({ action, key }) => !(action.startsWith('s3:GetObject') && key !== undefined && key.length < 6);
  const { failed, counts } = await handle(world, batch);
  expect(counts).toMatchObject({ vanished: 1, failed: 1, copied: 0 });
  expect(failed).toEqual([batch[1].messageId]);
});

test('one object that fails comes again, and the others are mirrored; what is no event comes where a person looks', async () => {
  const world = await versioned('partial');
  for (const key of ['a', 'b', 'c']) await world.put(key, 'x');
  const batch = messages(world);
  lab.faults.add({
    operation: 'CopyObject',
    key: `team/${PREFIX}b`,
    times: 10,
    fault: { kind: 'error', code: 'InternalError' },
  });
  const nonsense = { messageId: 'nonsense', body: '{"detail":{}}' };
  const { failed, counts, lines } = await handle(world, [...batch, nonsense]);
  expect(failed.toSorted()).toEqual([batch[1].messageId, 'nonsense'].toSorted());
  expect(counts).toMatchObject({ copied: 2, failed: 2 });
  expect(lines.filter(({ event }) => event === 'mirror-event-failed')).toHaveLength(2);
  lab.faults.clear();
  expect((await handle(world, [batch[1]])).counts).toMatchObject({ copied: 1, failed: 0 });
});

test('copies whose journal could not be stored are failures: the next run would know nothing of them', async () => {
  const world = await versioned('no-journal');
  await world.put('a', 'x');
  const batch = messages(world);
  lab.authorize = ({ key }) => !key?.includes('.journal/');
  const recent = new RecentEvents();
  const { failed } = await handle(world, batch, { recent });
  expect(failed).toEqual([batch[0].messageId]);
  lab.authorize = () => true;
  expect((await handle(world, batch, { recent })).counts).toMatchObject({ copied: 1, again: 0 });
});

test('when the time of the function is over, what was not begun comes again', async () => {
  const world = await versioned('no-time');
  for (let n = 0; n < 5; n++) await world.put(`k${n}`, 'x');
  const batch = messages(world);
  lab.faults.add({ operation: 'CopyObject', times: 100, fault: { kind: 'stall' } });
  const { failed, counts } = await handle(world, batch, { remainingMs: 15_200 });
  expect(failed).toHaveLength(5);
  expect(counts).toMatchObject({ copied: 0, failed: 5 });
});

test('only what the mirror is of is copied: other folders, other buckets and what is excluded are not', async () => {
  const world = await versioned('choice');
  for (const key of ['in/a', 'in/tmp/b', 'out/c']) await world.put(key, 'x');
  const other = JSON.stringify({
    ...{ 'detail-type': 'Object Created', time: new Date().toISOString() },
    detail: { bucket: { name: 'somebody-else' }, object: { key: 'in/a', sequencer: '1' } },
  });
  const batch = [...messages(world), { messageId: 'other', body: other }];
  const { failed, counts } = await handle(world, batch, { mirror: { include: ['in/'], exclude: ['in/tmp/'] } });
  expect(failed).toEqual([]);
  expect(counts).toMatchObject({ copied: 1, foreign: 3 });
});

test('one that may be looked at and not copied fails, and comes again', async () => {
  const world = await versioned('no-tags-right');
  await world.put('a', 'x');
  const batch = messages(world);
  lab.authorize = ({ action }) => action !== 's3:GetObjectVersionTagging';
  expect(await handle(world, batch)).toMatchObject({ failed: [batch[0].messageId], counts: { left: 0, copied: 0 } });
});

test('one that is larger than S3 copies at once is left to the run, which has the time', async () => {
  const world = await versioned('large-early');
  await world.put('a', 'x');
  const describe: Bucket['describe'] = async (...asked) => {
    const found = await world.from.describe(...asked);
    return found && { ...found, sizeBytes: 5 * 1024 ** 3 + 1 };
  };
  const from = Object.assign(Object.create(world.from) as Bucket, { describe });
  const before = lab.requests.length;
  expect((await handle(world, messages(world), { mirror: { from } })).counts).toMatchObject({ copied: 0, left: 1 });
  expect(operations(before)).toEqual(['HeadObject']);
});

test('an archived object is left to the run, which says that it is missing', async () => {
  const world = await versioned('cold-early');
  await world.put('cold', 'x', { StorageClass: 'GLACIER' });
  for (const key of ['a', 'b']) await world.put(key, 'x');
  expect((await handle(world, messages(world))).counts).toMatchObject({ copied: 2, left: 1 });
  expect((await world.made({ mirror: CONTINUOUS })).mirrors[0].missing.count).toBe(1);
});

test('a key that is too long with the prefix, and one of odd characters, are found by the run', async () => {
  const world = await versioned('odd-early');
  for (const key of ['x'.repeat(1020), 'a b+c%2F\n"ü😀']) await world.put(key, 'x');
  expect((await handle(world, messages(world))).counts).toMatchObject({ copied: 2 });
  expect((await world.made({ mirror: CONTINUOUS })).mirrors[0].changes).toMatchObject({ copied: 0, early: 2 });
});

test('a mirror whose events do not come any more says so in its next runs', async () => {
  const world = await versioned('silent');
  await world.made({ mirror: CONTINUOUS });
  await world.put('a', 'x');
  const { mirrors, warnings } = await world.made({ mirror: CONTINUOUS, laterHours: 24 * 365 * 100 });
  expect(mirrors[0].changes).toMatchObject({ copied: 1, late: 1 });
  expect(warnings).toEqual([
    expect.stringContaining('1 objects of mirror "uploads" were copied by this run, though events'),
  ]);
});

test('a damaged piece of the journal is told and not used: its objects are copied again', async () => {
  const world = await versioned('damaged-journal');
  await world.put('a', 'x');
  await handle(world, messages(world));
  const [piece] = lab.server.keys(world.vaultBucket).filter((key) => key.includes('.journal/'));
  await lab.server.damage.truncate({ bucket: world.vaultBucket, key: piece }, 5);
  expect((await world.made({ mirror: CONTINUOUS })).mirrors[0].changes).toMatchObject({ copied: 1, early: 0 });
});

const HEADER = '{"format":"postgres-backup/inventory/1","mirror":"uploads"}';
const GOOD = JSON.stringify({
  ...{ key: 'a', sizeBytes: 1, sourceEtag: '"e"', modified: '2026-11-20T02:00:00.000Z', versionId: 'v', etag: '"e"' },
  sha256: 'a'.repeat(64),
});

test.each([
  [
    'of another mirror',
    `${HEADER.replace('uploads', 'media')}\n${GOOD}\n`,
    'does not begin as an inventory of uploads',
  ],
  ['cut in the middle', `${HEADER}\n${GOOD}`, 'middle of a line'],
  ['of something else', `${HEADER}\n[]\n`, 'begin with a key'],
  ['without a digest', `${HEADER}\n${GOOD.replace('sha256', 'md5')}\n`, 'no digest'],
])('a piece of the journal that is %s is told and not used', async (what, text, told) => {
  const world = await versioned(`bad-${what.replaceAll(' ', '-')}`);
  const read = async (content: string) => {
    await world.store.put(`${journalPrefix(PREFIX)}20261120T120000.000Z-x.jsonl.gz`, gzipSync(content));
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const keys: string[] = [];
    for await (const batch of entriesOfJournal({ name: 'uploads', prefix: PREFIX }, { ...world.context(), reporter })) {
      keys.push(...batch.map(({ key }) => key));
    }
    return { keys, warnings };
  };
  expect(await read(`${HEADER}\n${GOOD}\n`)).toEqual({ keys: ['a'], warnings: [] });
  expect(await read(text)).toEqual({ keys: [], warnings: [expect.stringMatching(told)] });
});

test('what was written down before the last run began is not read again', async () => {
  const world = await versioned('old-journal');
  await world.put('a', 'x');
  await handle(world, messages(world), { now: new Date('2026-11-19T12:00:00Z') });
  const journalReads = async () => {
    const before = lab.requests.length;
    await world.made({ mirror: CONTINUOUS });
    return lab.requests
      .slice(before)
      .filter(({ operation, key }) => operation === 'GetObject' && key?.includes('.journal/'));
  };
  expect(await journalReads()).toHaveLength(1);
  expect(await journalReads()).toHaveLength(0);
});

test('a journal of any size is read in order of its keys, of each key the newest, with a few entries in memory', async () => {
  const world = await versioned('large-journal');
  const entry = (key: string, second: number): InventoryEntry => ({
    ...{ key, sizeBytes: 1, sourceEtag: '"e"', versionId: `${second}`, etag: '"e"', sha256: 'a'.repeat(64) },
    modified: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  });
  // Each piece in an order of its own, and each key in two of them.
  for (let piece = 0; piece < 20; piece++) {
    const numbers = Array.from({ length: 50 }, (_, n) => (n * 37 + piece * 101) % 500);
    const entries = numbers.map((n) => entry(`k${String(n).padStart(3, '0')}`, piece));
    await writeJournal(world.store, { name: 'uploads', prefix: PREFIX }, entries, NOW);
  }
  const expected = new Map<string, number>();
  for (let piece = 0; piece < 20; piece++) {
    for (let n = 0; n < 50; n++) expected.set(`k${String((n * 37 + piece * 101) % 500).padStart(3, '0')}`, piece);
  }
  const read: (readonly [string, number])[] = [];
  for await (const batch of entriesOfJournal({ name: 'uploads', prefix: PREFIX }, world.context(), 40)) {
    expect(batch.length).toBeLessThanOrEqual(40);
    read.push(...batch.map(({ key, versionId }) => [key, Number(versionId)] as const));
  }
  expect(read).toEqual([...expected].sort(([a], [b]) => (a < b ? -1 : 1)));
});

test('a piece of the journal is an inventory that stock programs read', async () => {
  const world = await versioned('by-hand');
  await world.put('a', 'x');
  await handle(world, messages(world));
  const [piece] = lab.server.keys(world.vaultBucket).filter((key) => key.startsWith(`team/${journalPrefix(PREFIX)}`));
  const [header, line] = gunzipSync(await world.read(world.vaultBucket, piece))
    .toString()
    .split('\n');
  expect(header).toBe('{"format":"postgres-backup/inventory/1","mirror":"uploads"}');
  expect(JSON.parse(line)).toMatchObject({ key: 'a', sizeBytes: 1 });
});
