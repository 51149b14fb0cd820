/**
 * Kills whatever has to do with receiving a log, at many moments chosen from a seed; with a commit that waits for the receiver, too.
 * `SEED=n npm run test:long -- receiver`.
 */
import { parseLsn } from '../../model';
import { makeBase } from '../runtime/components/base-backup/support';
import { ReceivingLab, SLOT } from '../runtime/wal/support/receiving-lab';
import { torment } from '../runtime/wal/support/torment';
import { until } from '../support/processes';
import { Seeded } from '../support/seeded';

const SEEDS = 6;
const ROUNDS = 18;
const FAIL_OVERS = 4;
const first = Number(process.env.SEED ?? 1);

let lab: ReceivingLab;

beforeEach(async () => {
  lab = await ReceivingLab.start({ full_page_writes: 'on', wal_keep_size: '256MB', max_slot_wal_keep_size: '32GB' });
  // Some gigabytes of log wait while the store fails, and its requests are repeated with longer and longer pauses.
  lab.patienceMs = 240_000;
  const receiver = await lab.receive();
  await lab.primary.archiveAll();
  await makeBase(lab.primary);
  await receiver.stop();
}, 120_000);
afterEach(async () => {
  await lab.stopReceivers();
  await lab.stop();
}, 120_000);

test.each(Array.from({ length: SEEDS }, (_, index) => first * 100 + index))(
  'seed %d: in one piece, and everything committed is restored',
  async (seed) => {
    const { story, ids } = await torment(lab, new Seeded(seed), ROUNDS);
    const ranges = await lab.ranges();
    expect({ seed, story, ranges: ranges.length }).toEqual({ seed, story, ranges: 1 });
    const restored = await lab.restored();
    const why = restored.length === ids.length ? '' : await lab.described();
    expect([why, ...restored.slice(-3)]).toEqual(['', ...ids.slice(-3)]);
    expect(restored).toEqual(ids);
  },
  600_000,
);

test('fail-over after fail-over, each standby without a slot', async () => {
  const random = new Seeded(first);
  let sql = (script: string) => lab.primary.sql(script);
  let port: number | undefined;
  let rows = 0;
  const commit = async (count: number) => {
    await lab.moments.commit(rows + 1, count, sql);
    rows += count;
    return parseLsn(await sql('SELECT pg_current_wal_lsn()')) as bigint;
  };
  for (let timeline = 1; timeline <= FAIL_OVERS; timeline += 1) {
    const receiver = await lab.receive({}, {}, port === undefined ? {} : { port });
    const standby = await lab.standby(port);
    // Somewhere in a segment, or a few of them on.
    for (let round = random.below(3); round >= 0; round -= 1) {
      await commit(5 + random.below(20));
      if (random.below(2) === 0) await sql('SELECT pg_switch_wal()');
    }
    await lab.untilArchived(await commit(3), timeline).catch((error: Error) => {
      throw new Error([error.message, ...receiver.streams, ...receiver.warnings, ...receiver.interruptions].join('\n'));
    });
    await until('the standby has it', async () => (await standby.sql('SELECT count(*) FROM ledger')) === String(rows));
    await receiver.stop();
    expect(receiver.interruptions).toEqual([]);
    await standby.promote();
    ({ sql, port } = standby);
  }
  const last = await lab.receive({}, {}, { port });
  await lab.untilArchived(await commit(5), FAIL_OVERS + 1);
  await last.stop();
  expect(await lab.restored()).toEqual(Array.from({ length: rows }, (_, index) => index + 1));
}, 600_000);

test('a commit that waited for the receiver survives the server, again and again', async () => {
  await lab.primary.sql(`ALTER SYSTEM SET synchronous_standby_names = '${SLOT}'; SELECT pg_reload_conf()`);
  const directory = await lab.directory();
  for (let round = 0; round < 5; round += 1) {
    const receiver = await lab.startProcess(directory, ['--synchronous', '--partial-every', '1h']);
    await lab.moments.commit(round * 10 + 1, 10);
    receiver.child.kill('SIGKILL');
    await receiver.ended;
    // What it had is archived without the server.
    const after = await lab.receive({ directory }, {}, { port: 1 });
    await until('the server is missed', () => after.interruptions.length > 0);
    await after.stop();
    expect((await lab.restored()).length).toBe((round + 1) * 10);
  }
}, 600_000);
