/** A server is restored to a moment: what was committed before it is there, and nothing of after. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Seeded } from '../../support/seeded';
import { makeBase } from '../components/base-backup/support';
import { BALANCED, MomentLab, type Mark } from './support';

let lab: MomentLab;
let marks: Mark[] = [];

beforeAll(async () => {
  lab = await MomentLab.start();
  await lab.primary.archiveAll();
  await lab.withPgbench(async () => {
    marks = await lab.commit(1, 5);
    await makeBase(lab.primary);
    marks.push(...(await lab.commit(6, 30)));
    await lab.primary.sql("SELECT pg_create_restore_point('before the release')");
    marks.push(...(await lab.commit(36, 10)));
  });
  await lab.primary.archiveAll();
});
afterAll(() => lab.stop());

const upTo = (id: number): number[] => Array.from({ length: id }, (_, index) => index + 1);

test('to a time between two commits, under the load of others', async () => {
  const mark = new Seeded(Number(process.env.SEED ?? 1)).pick(marks.filter(({ id }) => id > 6 && id < 45));
  const report = await lab.restore({ target: { kind: 'time', at: mark.at } });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted', timeline: 1, warnings: [] });
  expect(report.canary.finding).toMatch(/is the last before it in the archive and in the server/);
  expect(Date.parse(`${report.reached?.lastTransactionAt}Z`)).toBeLessThanOrEqual(mark.at.getTime());
  const sql = await lab.open(report.dataDirectory);
  expect((await sql('SELECT id FROM ledger ORDER BY id')).split('\n').map(Number)).toEqual(upTo(mark.id));
  expect(await sql(BALANCED)).toBe('t');
  expect(await sql('SELECT pg_is_in_recovery(), current_setting($$archive_mode$$)')).toBe('f|off');
  const settings = await readFile(path.join(report.dataDirectory, 'postgresql.auto.conf'), 'utf8');
  expect(settings).not.toMatch(/recovery_target|restore_command/);
});

test('to a position of the log', async () => {
  const mark = new Seeded(Number(process.env.SEED ?? 2)).pick(marks.filter(({ id }) => id > 6 && id < 45));
  const report = await lab.restore({ target: { kind: 'lsn', lsn: mark.lsn } });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted' });
  // An inclusive position takes the record that begins there too, which is at most the next commit.
  expect([upTo(mark.id), upTo(mark.id + 1)]).toContainEqual(await lab.ids(report.dataDirectory));
});

test('to a name', async () => {
  const report = await lab.restore({ target: { kind: 'name', name: 'before the release' } });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted' });
  expect(await lab.ids(report.dataDirectory)).toEqual(upTo(35));
});

test('what is to wait at the moment is no primary, archives nothing, and says how it came there', async () => {
  const report = await lab.restore({ target: { kind: 'lsn', lsn: marks[20].lsn }, end: 'pause' });
  expect(report).toMatchObject({ outcome: 'passed', end: 'paused' });
  expect(await readdir(report.dataDirectory)).toContain('recovery.signal');
  const settings = await readFile(path.join(report.dataDirectory, 'postgresql.auto.conf'), 'utf8');
  expect(settings).toMatch(/^archive_mode = 'off'$/m);
  expect(settings).toMatch(/^restore_command = 'postgres-backup archive-get %f %p /m);
  expect(settings).toMatch(
    /^recovery_target_action = 'pause'\n(recovery_target\w* = ''\n)+recovery_target_lsn = '\w+\/\w+'$/m,
  );
});

test('to the end of the archive, and from there both ways: each side of a fail-over can be restored', async () => {
  const latest = await lab.restore({ target: { kind: 'latest' } });
  expect(latest).toMatchObject({ outcome: 'passed', timeline: 1 });
  // It becomes the primary, on a timeline of its own, and archives to the same place.
  const archive = { archive_mode: 'on', archive_command: `${path.join(lab.primary.directory, 'archive')} %p %f` };
  const promoted = await lab.open(latest.dataDirectory, archive);
  expect(await promoted('SELECT count(*) FROM ledger')).toBe('45');
  await lab.commit(101, 5, promoted);
  await promoted('SELECT pg_switch_wal()');
  // The old one goes on too: that is what must not be mixed.
  await lab.commit(201, 5);
  await lab.primary.archiveAll();
  await lab.primary.wakingUntil('the other timeline is archived', async () => {
    const ranges = await lab.primary.archive.coveredRanges(lab.primary.systemIdentifier, 2);
    return ranges.length > 0;
  });
  const newSide = await lab.restore({ target: { kind: 'latest' } });
  expect(newSide).toMatchObject({ outcome: 'passed', timeline: 2 });
  expect(await lab.ids(newSide.dataDirectory)).toEqual([...upTo(45), 101, 102, 103, 104, 105]);
  const oldSide = await lab.restore({ target: { kind: 'latest' }, timeline: 1 });
  expect(oldSide).toMatchObject({ outcome: 'passed', timeline: 1 });
  expect(await lab.ids(oldSide.dataDirectory)).toEqual([...upTo(45), 201, 202, 203, 204, 205]);
}, 180_000);
