/**
 * Restores to many moments, chosen from a seed: by time and by position, under the load of others, over several base backups and a
 * fail-over. `SEED=n npm run test:long -- moments`.
 */
import path from 'node:path';
import { makeBase } from '../runtime/components/base-backup/support';
import { BALANCED, MomentLab, removeDirectory, type Mark } from '../runtime/recovery/support';
import { Seeded } from '../support/seeded';

const MOMENTS = 12;
const seed = Number(process.env.SEED ?? 1);

let lab: MomentLab;
let marks: Mark[] = [];

beforeAll(async () => {
  lab = await MomentLab.start();
  await lab.primary.archiveAll();
  await lab.withPgbench(async () => {
    for (let round = 0; round < 3; round += 1) {
      await makeBase(lab.primary);
      marks.push(...(await lab.commit(1 + round * 60, 60)));
    }
  });
  await lab.primary.archiveAll();
  // The very first rows may be older than the first base backup's end.
  marks = marks.slice(10);
}, 300_000);
afterAll(() => lab.stop(), 60_000);

test.each(Array.from({ length: MOMENTS }, (_, index) => index))(
  `moment %d of seed ${seed}`,
  async (index) => {
    const random = new Seeded(seed * 1000 + index);
    const mark = random.pick(marks.slice(0, -1));
    const byTime = random.below(2) === 0;
    const target = byTime ? ({ kind: 'time', at: mark.at } as const) : ({ kind: 'lsn', lsn: mark.lsn } as const);
    const report = await lab.restore({ target });
    expect(report).toMatchObject({ outcome: 'passed', end: 'promoted', timeline: 1 });
    const sql = await lab.open(report.dataDirectory);
    const [count, newest] = (await sql('SELECT count(*), max(id) FROM ledger')).split('|').map(Number);
    expect(count).toBe(newest);
    // A position takes the record that begins there too.
    expect(byTime ? [mark.id] : [mark.id, mark.id + 1]).toContain(newest);
    expect(await sql(BALANCED)).toBe('t');
    await lab.closeAll();
    await removeDirectory(report.dataDirectory);
  },
  180_000,
);

test('after a fail-over, moments of both sides', async () => {
  const latest = await lab.restore({ target: { kind: 'latest' } });
  const archive = { archive_mode: 'on', archive_command: `${path.join(lab.primary.directory, 'archive')} %p %f` };
  const promoted = await lab.open(latest.dataDirectory, archive);
  const newer = await lab.commit(1001, 20, promoted);
  await promoted('SELECT pg_switch_wal()');
  const older = await lab.commit(2001, 20);
  await lab.primary.archiveAll();
  await lab.primary.wakingUntil('the other timeline is archived', async () => {
    const [last] = (await lab.primary.archive.coveredRanges(lab.primary.systemIdentifier, 2)).slice(-1);
    return last !== undefined && last.to > newer[newer.length - 1].lsn;
  });
  const random = new Seeded(seed);
  for (const [side, timeline] of [
    [newer, 2],
    [older, 1],
  ] as const) {
    const mark = random.pick(side.slice(0, -1));
    const report = await lab.restore({ target: { kind: 'lsn', lsn: mark.lsn }, timeline });
    const ids = await lab.ids(report.dataDirectory);
    const expected = ids.filter((id) => id <= 180 || (id > side[0].id - 1 && id <= side[side.length - 1].id));
    expect(ids).toEqual(expected);
    expect([mark.id, mark.id + 1]).toContain(ids[ids.length - 1]);
  }
}, 300_000);
