import { failureOf } from '../../../support/failure-of';
import { MirrorLab } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

test('a mirror holds what is at the source, byte for byte, each object as a version that its inventory names', async () => {
  const world = await lab.world('first');
  await world.put('a.txt', 'one', { ContentType: 'text/plain', Metadata: { colour: 'red' }, Tagging: 'kind=letter' });
  await world.put('folder/', '');
  await world.put('folder/b.bin', Buffer.alloc(100_000, 7));
  const manifest = await world.made();
  const entries = await world.entries(manifest);
  expect(entries.map(({ key, sizeBytes, tags }) => [key, sizeBytes, tags])).toEqual([
    ['a.txt', 3, { kind: 'letter' }],
    ['folder/', 0, undefined],
    ['folder/b.bin', 100_000, undefined],
  ]);
  for (const { key, versionId } of entries) {
    expect(await world.stored(key, versionId)).toEqual(await world.read(world.sourceBucket, key));
  }
  expect(manifest.totals.items).toBe(3);
  expect((await world.latest()).manifest).toEqual(manifest);
});

test('only what changed is copied again, and what is gone stays in the vault', async () => {
  const world = await lab.world('again');
  await world.put('changed', 'old');
  await world.put('gone', 'kept');
  await world.put('same', 'same');
  await world.put('same too', 'same');
  const first = await world.made();
  await world.put('changed', 'new!');
  await world.remove('gone');
  await world.put('added', 'new');
  lab.requests.length = 0;
  const second = await world.made();
  expect(second.mirrors[0].changes).toEqual({ copied: 2, copiedBytes: 7, unchanged: 2, gone: 1, vanished: 0 });
  const copies = lab.requests.filter(({ operation }) => operation === 'CopyObject').map(({ key }) => key?.slice(-7));
  expect(copies.sort()).toEqual(['changed', 's/added']);
  expect((await world.entries(second)).map(({ key }) => key)).toEqual(['added', 'changed', 'same', 'same too']);
  const [changed, gone] = await world.entries(first);
  expect((await world.stored('changed', changed.versionId)).toString()).toBe('old');
  expect((await world.stored('gone', gone.versionId)).toString()).toBe('kept');
  expect(await world.versions('orders/mirrors/')).toEqual({ versions: 6, markers: 0 });
});

test('a mirror that holds nothing is told: a prefix that is wrong looks like that', async () => {
  const world = await lab.world('nothing');
  await world.put('invoices/1', 'x');
  const warned: string[] = [];
  const { warnings } = await world.made({ mirror: { include: ['invoice-'] }, warn: (message) => warned.push(message) });
  expect(warnings).toEqual(['mirror "uploads" holds nothing: no object of s3://nothing-source was chosen and copied']);
  expect(warned).toEqual(warnings);
  expect((await world.made({ mirror: { include: ['invoice'] } })).warnings).toEqual([]);
});

test('a vault that keeps no versions is refused', async () => {
  const world = await lab.world('flat', { versioning: false });
  await world.put('a', 'x');
  const failure = await failureOf(world.run());
  expect(failure.code).toBe('configuration-invalid');
});
