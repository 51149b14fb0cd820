import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openS3Bucket } from '../../../../../runtime/store/s3-bucket';
import { failureOf } from '../../../../support/failure-of';
import { MirrorLab } from '../support';
import { filledReplica, LISTED_AT, ReplicaWorld, type ListRequest, type Row } from './replica-world';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

test('a list of S3 Inventory becomes a recovery point: each key in order, in the version that was the latest, its digest said to be unknown', async () => {
  const { replica, versions } = await filledReplica(lab, 'becomes');
  await replica.list();
  const manifest = await replica.run();
  const entries = await replica.world.entries(manifest);
  const inOrder = [...versions].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(entries.map(({ key, versionId }) => [key, versionId])).toEqual(inOrder);
  expect(entries.every(({ digest, sha256 }) => digest === 'unknown' && sha256 === undefined)).toBe(true);
  const [mirror] = manifest.mirrors;
  expect(mirror.replica).toEqual({ uri: `s3://${replica.replica}/in`, listedAt: new Date(LISTED_AT).toISOString() });
  expect(mirror).toMatchObject({ objects: versions.size, changes: { copied: versions.size, unchanged: 0, gone: 0 } });
  expect(manifest.warnings).toEqual([`mirror "uploads" is as S3 listed it at ${mirror.replica?.listedAt}`]);
  // What came later is in no list, and so in no point.
  await replica.put('a', 'newer');
  await replica.hide('z%20');
  await replica.list({ at: LISTED_AT + 3_600_000 });
  expect((await replica.run()).mirrors[0].changes).toMatchObject({ copied: 1, unchanged: versions.size - 2, gone: 1 });
});

test('of two versions that are both said to be the latest, and of those of which none is, the one written last counts', async () => {
  const replica = await ReplicaWorld.make(lab, 'latest');
  const row = (key: string, version: string, latest: boolean, day: number, marker = false): Row => {
    return [`in/${key}`, version, latest, marker, 1, `2026-11-0${day}T00:00:00.000Z`, 'e'.repeat(32), 'GLACIER'];
  };
  const rows = [
    ...[row('both', 'b1', true, 1), row('both', 'b2', true, 2), row('both', 'b3', false, 3)],
    ...[row('none', 'n1', false, 1), row('none', 'n2', false, 2)],
    ...[row('marked', 'm1', false, 1), row('marked', 'm2', true, 2, true)],
  ];
  await replica.list({ rows });
  const entries = await replica.world.entries(await replica.run());
  expect(entries.map(({ key, versionId, storageClass }) => [key, versionId, storageClass])).toEqual([
    ['both', 'b2', 'GLACIER'],
    ['none', 'n2', 'GLACIER'],
  ]);
});

const OLD = LISTED_AT - 50 * 3_600_000;
const only =
  (part: string, change: (content: Buffer) => Buffer | undefined): ListRequest['tamper'] =>
  (name, content) =>
    name.includes(part) ? change(content) : content;
const flipped = (content: Buffer) =>
  Buffer.concat([content.subarray(0, -1), Buffer.from([content[content.length - 1] ^ 1])]);
const digit = (content: Buffer) =>
  Buffer.from(content.toString().replace(/"size": (\d)/, (_all, n) => `"size": ${(Number(n) % 9) + 1}`));
/** With the checksum that belongs to it. */
const changedManifest = (change: (manifest: Record<string, unknown>) => object): ListRequest['tamper'] => {
  let changed = Buffer.alloc(0);
  return (name, content) => {
    if (name.endsWith('manifest.json')) {
      return (changed = Buffer.from(JSON.stringify(change(JSON.parse(content.toString()) as Record<string, unknown>))));
    }
    return name.endsWith('.checksum') && changed.length > 0
      ? Buffer.from(createHash('md5').update(changed).digest('hex'))
      : content;
  };
};
/** Rows in a file whose size and MD5 are as the manifest says. */
const changedRows = (change: (rows: string) => string): ListRequest['tamper'] => {
  let file = Buffer.alloc(0);
  const toManifest = changedManifest((manifest) => ({
    ...manifest,
    files: (manifest.files as object[]).map((one) => ({
      ...one,
      size: file.length,
      MD5checksum: createHash('md5').update(file).digest('hex'),
    })),
  }));
  return (name, content) =>
    name.endsWith('.gz') ? (file = gzipSync(change(gunzipSync(content).toString()))) : toManifest?.(name, content);
};
const SCHEMA = ['Bucket', 'Key', 'VersionId', 'IsLatest', 'IsDeleteMarker', 'Size', 'LastModifiedDate', 'ETag'];
const without = (name: string) => ({ schema: SCHEMA.filter((one) => one !== name) });
const withRow = (change: (row: Row) => Row) => ({
  rows: [change(['in/a', 'v1', true, false, 1, '2026-11-01T00:00:00.000Z', 'e'.repeat(32), ''])],
});

test.each<[what: string, request: ListRequest | undefined, code: string, words: RegExp]>([
  ['there is none', undefined, 'object-missing', /no complete list/],
  ['it is not complete yet', { tamper: only('.checksum', () => undefined) }, 'object-missing', /no complete list/],
  ['the newest is too old', { at: OLD }, 'object-missing', /2026-11-17T20:00:00.000Z, which is more than 48 hours/],
  ['it is of a time to come', { at: LISTED_AT + 48 * 3_600_000 }, 'object-damaged', /which is to come/],
  ['its manifest was changed', { tamper: only('manifest.json', digit) }, 'object-damaged', /MD5 of its manifest/],
  [
    'it is of another bucket',
    { tamper: changedManifest((m) => ({ ...m, sourceBucket: 'b' })) },
    'object-damaged',
    /bucket "b"/,
  ],
  [
    'a file is not the one that was listed',
    {
      tamper: changedManifest((m) => ({
        ...m,
        files: (m.files as object[]).map((one) => ({ ...one, MD5checksum: 'd'.repeat(32) })),
      })),
    },
    'object-damaged',
    /MD5 of its file .* its manifest says d{32}/,
  ],
  [
    'it is not CSV',
    { tamper: changedManifest((m) => ({ ...m, fileFormat: 'ORC' })) },
    'object-damaged',
    /"ORC", not CSV/,
  ],
  ['a file of it is missing', { tamper: only('data/', () => undefined) }, 'object-missing', /data\/00000000/],
  [
    'a file of it was cut off',
    { tamper: only('data/', (content) => content.subarray(0, -9)) },
    'object-damaged',
    /there are|decompressed/,
  ],
  ['a file of it was changed', { tamper: only('data/', flipped) }, 'object-damaged', /decompressed|MD5/],
  ['it has no versions', without('VersionId'), 'object-damaged', /no VersionId: list all versions/],
  ['it has no ETags', without('ETag'), 'object-damaged', /no ETag/],
  ['a row has no size', withRow((row) => row.with(4, -1) as Row), 'object-damaged', /its size is "-1"/],
  ['a row has no time', withRow((row) => row.with(5, 'soon') as Row), 'object-damaged', /its time is "soon"/],
  [
    'a row is of another bucket',
    { tamper: changedRows((rows) => rows.replace('"not-', '"other-')) },
    'object-damaged',
    /it is of the bucket "other-/,
  ],
  [
    'a row has a value too many',
    { tamper: changedRows((rows) => rows.replace('\n', ',"x"\n')) },
    'object-damaged',
    /it has not 10 values/,
  ],
  [
    'a key is not encoded',
    { tamper: changedRows((rows) => rows.replace('"in/a"', '"in/%E0%A4%A"')) },
    'object-damaged',
    /its key is not URL-encoded/,
  ],
  [
    'a row is neither the latest nor not',
    { tamper: changedRows((rows) => rows.replace('"true"', '"yes"')) },
    'object-damaged',
    /neither true nor false/,
  ],
  [
    'its last row breaks off',
    { tamper: changedRows((rows) => rows.slice(0, -1)) },
    'object-damaged',
    /ends in the middle of a row/,
  ],
  ['a row has no version', withRow((row) => row.with(1, '') as Row), 'object-damaged', /it has no version/],
])('no recovery point is made when %s', async (what, request, code, words) => {
  const replica = await ReplicaWorld.make(lab, `not-${what.replace(/\W+/g, '-').toLowerCase()}`);
  await replica.put('a', 'content');
  if (request) await replica.list(request);
  const scratch = await mkdtemp(path.join(tmpdir(), 'scratch-test-'));
  const error = await failureOf(replica.run({ settings: { scratchDirectory: scratch } }));
  expect(error).toMatchObject({ code });
  expect([error.message, error.detail].join(' ')).toMatch(words);
  expect((await failureOf(replica.world.latest())).code).toBe('point-missing');
  expect(await readdir(scratch)).toEqual([]);
  await rm(scratch, { recursive: true });
});

test('an older list is not taken while a newer one is complete; one that is not complete yet is passed over', async () => {
  const replica = await ReplicaWorld.make(lab, 'newest');
  await replica.put('a', 'content');
  await replica.list();
  await replica.list({ at: LISTED_AT + 3_600_000, tamper: only('.checksum', () => undefined) });
  const { mirrors } = await replica.run();
  expect(mirrors[0].replica?.listedAt).toBe(new Date(LISTED_AT).toISOString());
});

test('a list that lacks most of what the last recovery point has makes none', async () => {
  const { replica } = await filledReplica(lab, 'loss');
  await replica.list();
  await replica.run();
  const rows = (await replica.rows()).slice(0, 2);
  await replica.list({ rows, at: LISTED_AT + 3_600_000 });
  expect((await failureOf(replica.run())).code).toBe('objects-lost');
  const { mirrors } = await replica.run({ settings: { loss: 'accept' } });
  expect(mirrors[0].objects).toBeLessThan(3);
});

test('a later run of a task does not take over what only a replica has', async () => {
  const { replica } = await filledReplica(lab, 'changed-engine');
  await replica.list();
  const listed = (await replica.world.entries(await replica.run())).find(({ key }) => key === 'a');
  const from = openS3Bucket({ bucket: replica.replica, prefix: 'in/' }, replica.world.connection);
  const copied = await replica.world.made({ mirror: { from } });
  expect(copied.mirrors[0].changes.unchanged).toBe(0);
  expect((await replica.world.entries(copied)).find(({ key }) => key === 'a')).toMatchObject({
    sourceEtag: listed?.etag,
    sha256: createHash('sha256').update('of a').digest('hex'),
  });
});
