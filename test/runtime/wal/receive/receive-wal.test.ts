/** The receiver and its slot, on a real server: what the server keeps, what it may drop, and what is told when it dropped too much. */
import { rm } from 'node:fs/promises';
import { formatLsn, parseLsn } from '../../../../model';
import { failureOf } from '../../../support/failure-of';
import { FaultyStore, type StoreFault } from '../../../support/faulty-store';
import { processTree, until } from '../../../support/processes';
import { makeBase } from '../../components/base-backup/support';
import { END_SEGMENT } from '../support/archiving-lab';
import { ReceivingLab, SLOT } from '../support/receiving-lab';

let lab: ReceivingLab;

beforeAll(async () => {
  // Room for a slot of two segments; as little log besides as there can be.
  lab = await ReceivingLab.start({ min_wal_size: '32MB', max_wal_size: '64MB', full_page_writes: 'on' });
});
afterAll(() => lab.stop(), 60_000);
afterEach(() => lab.stopReceivers());

let rows = 0;

/** Rows, each committed by itself; gives the position after the last. */
async function commit(count: number, sql = (script: string) => lab.primary.sql(script)): Promise<bigint> {
  await lab.moments.commit(rows + 1, count, sql);
  rows += count;
  return parseLsn(await sql('SELECT pg_current_wal_lsn()')) as bigint;
}

const everyRow = () => Array.from({ length: rows }, (_, index) => index + 1);
const segments = (count: number) => lab.primary.sql(`${END_SEGMENT}; `.repeat(count) + 'CHECKPOINT; CHECKPOINT');

test('what was committed is archived seconds later, in a part of a segment, and then nothing is behind', async () => {
  const receiver = await lab.receive();
  await lab.primary.archiveAll();
  await makeBase(lab.primary);
  await lab.untilArchived(await commit(10));
  await until('nothing is behind', () => receiver.looks.at(-1)?.lagBytes === 0);
  expect(receiver.looks.at(-1)).toMatchObject({ lagSeconds: 0 });
  const report = await receiver.stop();
  expect(report.partials).toBeGreaterThan(0);
  expect(receiver.interruptions).toEqual([]);
});

test('while nothing can be archived the server keeps all of it, whatever was received; then it may go', async () => {
  const { store } = lab.primary.lab;
  const faults: StoreFault[] = [{ on: 'put', effect: 'fail' }];
  const failing = new FaultyStore(store, faults);
  const before = parseLsn((await lab.slot())?.restart ?? '') as bigint;
  const receiver = await lab.receive({}, { store: failing });
  await segments(3);
  const target = await commit(3);
  await until('it is told', () => receiver.interruptions.length > 0);
  await until('it is behind', () => (receiver.looks.at(-1)?.slotBytes ?? 0) > 3 * 16 * 1024 * 1024);
  expect(parseLsn((await lab.slot())?.restart ?? '')).toBe(before);
  await until('time passes', () => (receiver.looks.at(-1)?.lagSeconds ?? 0) > 0);
  faults.length = 0;
  await lab.untilArchived(target);
  await until('the slot has moved', async () => (parseLsn((await lab.slot())?.restart ?? '') as bigint) > before);
  await receiver.stop();
  expect(await lab.ranges()).toHaveLength(1);
});

test('a receiver that is ended again and again before it looks at the server: what it archived may go all the same', async () => {
  const lookEverySeconds = 3600;
  const first = await lab.receive({ lookEverySeconds });
  const before = parseLsn((await lab.slot())?.restart ?? '') as bigint;
  await segments(3);
  await lab.untilArchived(await commit(3));
  await first.stop();
  expect(parseLsn((await lab.slot())?.restart ?? '')).toBe(before);
  const { to } = (await lab.ranges())[0];
  const second = await lab.receive({ lookEverySeconds });
  await until('it streams', () => second.streams.length > 0);
  // Nothing of it is received once more.
  expect(second.streams[0]).toBe(`${formatLsn(to)} 1`);
  expect(parseLsn((await lab.slot())?.restart ?? '')).toBe(to);
  expect(to).toBeGreaterThan(before);
  await second.stop();
});

test('a pg_receivewal that hangs is ended and started anew', async () => {
  const receiver = await lab.receive({ stallSeconds: 2 });
  await until('it streams', () => receiver.looks.length > 0);
  const tree = await processTree(process.pid);
  const tool = tree.find(({ arguments: args }) => /pg_receivewal .*--directory/.test(args));
  process.kill(tool?.pid ?? 0, 'SIGSTOP');
  const target = await commit(3);
  await lab.untilArchived(target);
  expect(receiver.interruptions.join()).toMatch(/received nothing for 2 s/);
  await receiver.stop();
});

test('what a receiver left on its disk is archived when the server is gone, before that is asked for anything', async () => {
  const directory = await lab.directory();
  const deaf = new FaultyStore(lab.primary.lab.store, [{ on: 'put', effect: 'fail' }]);
  const first = await lab.receive({ directory }, { store: deaf });
  await segments(1);
  const target = await commit(3);
  await until('it is received', () => first.interruptions.length > 1);
  await until('it is behind by what was committed', () => (first.looks.at(-1)?.lagBytes ?? 0) > 0);
  await first.stop();
  const port = 1;
  const second = await lab.receive({ directory }, {}, { port });
  await lab.untilArchived(target);
  await until('the server is missed', () => second.interruptions.join().includes('server-unreachable'));
  await second.stop();
});

test('after a fail-over it goes on along the new timeline, without a slot there at first, and without a gap', async () => {
  const receiver = await lab.receive();
  const standby = await lab.standby();
  await lab.untilArchived(await commit(5));
  await receiver.stop();
  // Of the old timeline, and to be had from the new primary alone.
  await lab.primary.sql(END_SEGMENT);
  await commit(5);
  await until('the standby has it', async () => (await standby.sql('SELECT count(*) FROM ledger')) === String(rows));
  await standby.promote();
  const next = await lab.receive({}, {}, { port: standby.port });
  await until('it streams', () => next.streams.length > 0);
  await lab.untilArchived(await commit(5, standby.sql), 2);
  await next.stop();
  expect(next.interruptions).toEqual([]);
  expect(await lab.primary.lab.keys('orders/wal/')).toContainEqual(expect.stringContaining('/00000002.history.zst'));
  expect(await lab.restored()).toEqual(everyRow());
});

test('a receiver that was killed leaves nobody who goes on confirming what nobody archives', async () => {
  const directory = await lab.directory();
  const killed = await lab.startProcess(directory);
  const orphan = await lab.toolOf(killed.pid);
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await processTree(orphan)).toHaveLength(1);
  const receiver = await lab.receive({ directory });
  await until('the orphan has ended', async () => (await processTree(orphan)).length === 0);
  await lab.untilArchived(await commit(3));
  expect(receiver.warnings.join()).toMatch(/another receiver with the name postgres_backup_orders was ended/);
});

describe('what the server dropped before it was archived', () => {
  test('is a failure that names it, and no slot is left that nobody moves', async () => {
    await lab.primary.sql(`SELECT pg_drop_replication_slot('${SLOT}')`);
    const archivedTo = (await lab.ranges())[0].to;
    await segments(8);
    const error = await failureOf((await lab.receive()).ended);
    expect(error).toMatchObject({ code: 'wal-missing' });
    expect(error.message).toContain(`from ${formatLsn(archivedTo)} on`);
    expect(error.hint).toContain('--on-gap go-on');
    expect(await lab.slot()).toBeUndefined();
  });

  test('it goes on behind, where that is said; the audit has the gap', async () => {
    const receiver = await lab.receive({ onGap: 'go on' });
    await lab.primary.sql(END_SEGMENT);
    await until('the archive goes on', async () => (await lab.ranges()).length === 2);
    expect(receiver.warnings.join()).toMatch(/goes on behind the gap/);
    await receiver.stop();
  });
});

test('commits that wait for a synchronous receiver are on its disk when they return', async () => {
  const directory = await lab.directory();
  const deaf = new FaultyStore(lab.primary.lab.store, [{ on: 'put', effect: 'fail' }]);
  const receiver = await lab.receive({ directory, mode: 'synchronous' }, { store: deaf });
  await until('it streams', () => receiver.looks.length > 0);
  await lab.primary.sql(`ALTER SYSTEM SET synchronous_standby_names = '${SLOT}'; SELECT pg_reload_conf()`);
  const target = await commit(5);
  // At once: nothing is waited for that would bring it.
  await receiver.stop();
  await lab.primary.sql('ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()');
  const second = await lab.receive({ directory }, {}, { port: 1 });
  await lab.untilArchived(target);
  await second.stop();
  await rm(directory, { recursive: true, force: true });
});
