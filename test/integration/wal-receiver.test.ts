/** The log received from a real server: no gap, whatever is killed, and seconds of it are lost with the server at most. */
import { makeBase } from '../runtime/components/base-backup/support';
import { ReceivingLab } from '../runtime/wal/support/receiving-lab';

let lab: ReceivingLab;

beforeAll(async () => {
  lab = await ReceivingLab.start();
}, 60_000);
afterAll(() => lab.stop(), 60_000);

let rows = 0;

/** Rows, each committed by itself; resolves when they are. */
async function commit(count: number): Promise<bigint> {
  await lab.moments.commit(rows + 1, count);
  rows += count;
  return lab.primary.position();
}

const everyRow = () => Array.from({ length: rows }, (_, index) => index + 1);

test('what was committed is archived seconds later, in a part of a segment, and a restore as far as the archive goes has it', async () => {
  const receiver = await lab.receive();
  await lab.primary.archiveAll();
  await makeBase(lab.primary);
  await lab.untilArchived(await commit(20));
  expect(await receiver.stop()).toMatchObject({ interruptions: 0, partials: expect.any(Number) as number });
  expect(receiver.interruptions).toEqual([]);
  expect(await lab.restored()).toEqual(everyRow());
}, 60_000);
