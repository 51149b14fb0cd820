/** The log received from a real server: no gap, whatever is killed, and seconds of it are lost with the server at most. */
import { makeBase } from '../runtime/components/base-backup/support';
import { ReceivingLab } from '../runtime/wal/support/receiving-lab';
import { torment } from '../runtime/wal/support/torment';
import { Seeded } from '../support/seeded';

let lab: ReceivingLab;

beforeAll(async () => {
  lab = await ReceivingLab.start();
  const first = await lab.receive();
  await lab.primary.archiveAll();
  await makeBase(lab.primary);
  await first.stop();
});
afterAll(() => lab.stop());

test('whatever is killed, the archive is in one piece, and a restore as far as it goes has everything committed', async () => {
  const { story, ids } = await torment(lab, new Seeded(5), 6);
  expect(new Set(story).size).toBe(6);
  expect(ids.length).toBeGreaterThan(10);
  expect(await lab.ranges()).toHaveLength(1);
  expect(await lab.restored()).toEqual(ids);
});
