/** What a run knows to be in the vault already: of each mirror, whatever other runs were about. */
import { dataAt } from '../../../../model';
import { BackupError } from '../../../../runtime/errors';
import { failureOf } from '../../../support/failure-of';
import { MirrorLab, SOURCE } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

test('a recovery point without a mirror, as somebody made one by hand of another, hides nothing of it from the next run', async () => {
  const world = await lab.world('another');
  for (const key of ['a', 'b', 'c', 'd']) await world.put(key, 'some content');
  await world.made();
  const other = { name: 'other', include: ['a'] };
  await world.made({ mirror: other });
  expect((await world.made()).mirrors[0].changes).toMatchObject({ copied: 0, unchanged: 4 });
  await world.made({ mirror: other });
  for (const key of ['a', 'b', 'c']) await world.remove(key);
  expect((await failureOf(world.run())).code).toBe('objects-lost');
});

test('a recovery point by hand of one mirror is as old as the mirror that it lacks', async () => {
  const world = await lab.world('lacks');
  await world.put('a', 'some content');
  const uploads = await world.made({ given: 'everything' });
  const warned: string[] = [];
  const byHand = await world.made({ mirror: { name: 'media' }, warn: (message) => void warned.push(message) });
  expect(byHand.lacks).toEqual([{ name: 'uploads', point: uploads.point, at: uploads.startedAt }]);
  expect(dataAt(byHand, new Date(byHand.startedAt))).toEqual(new Date(uploads.startedAt));
  expect(warned).toContainEqual(expect.stringContaining(`it lacks "uploads"`));
  const again = await world.made({ mirror: { name: 'media' } });
  expect(again.lacks).toEqual(byHand.lacks);
  expect((await world.made({ given: 'everything' })).lacks).toBeUndefined();
  expect((await world.latest()).manifest.mirrors.map(({ name }) => name)).toEqual(['uploads']);
});

test('what several attempts at one recovery point had copied is not copied again, whichever goes on', async () => {
  const world = await lab.world('attempts');
  for (let i = 0; i < 6; i++) await world.put(`k${i}`, 'x');
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  const settings = { concurrency: 1, segmentCopies: 2 };
  /** Ends when it begins to copy this one. */
  const failAt = async (name: string) => {
    const key = `team/${SOURCE}/mirrors/uploads/${name}`;
    lab.faults.add({ operation: 'CopyObject', key, times: 9, fault: { kind: 'error', code: 'InternalError' } });
    expect(await failureOf(world.run({ scheduledAt, settings }))).toBeInstanceOf(BackupError);
    lab.faults.clear();
  };
  await failAt('k3');
  await failAt('k5');
  expect((await world.made({ scheduledAt, settings })).mirrors[0].changes).toMatchObject({ copied: 2, unchanged: 4 });
});
