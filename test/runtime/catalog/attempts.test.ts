import { MOST_ATTEMPTS, pointPrefix, type PointAddress } from '../../../model';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { surveyRun } from '../../../runtime/catalog/survey';
import { BackupError } from '../../../runtime/errors';
import { endOf } from '../../../runtime/observe/status/failed-runs';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { manifestOf } from '../observe/status/support/vault';

const HOUR_MS = 3_600_000;
const ADDRESS: PointAddress = {
  source: 'orders',
  component: 'dump',
  class: 'daily',
  time: new Date('2026-11-20T02:10:00Z'),
  run: '4k2m9x',
};
const FOLDER = pointPrefix(ADDRESS);
const FAILURE = new BackupError('authentication-failed', 'the server refused');

/** A vault whose clock the test moves, and runs for one scheduled time. */
function vault() {
  const clock = { now: new Date('2026-11-20T02:10:40Z') };
  const store = new MemoryStore(() => clock.now);
  const claim = (deadlineSeconds = 3600) => PointWriter.claim(store, ADDRESS, clock.now, { deadlineSeconds });
  const begin = async () => {
    const writer = await claim();
    if (writer === 'taken') throw new Error('the point is taken');
    return writer;
  };
  const later = (hours: number) => (clock.now = new Date(clock.now.getTime() + hours * HOUR_MS));
  return { clock, store, claim, begin, later };
}

describe('a run for a scheduled time that had one before', () => {
  it('is not made while that one is at work, nor after it made the recovery point, however long ago', async () => {
    const { claim, begin, later } = vault();
    const writer = await begin();
    later(1);
    expect(await claim()).toBe('taken');
    await writer.finish(manifestOf(ADDRESS));
    later(200);
    expect(await claim()).toBe('taken');
  });

  it('is made after that one failed, with records and a folder of its own, and the manifest in the one place', async () => {
    const { store, begin } = vault();
    await (await begin()).fail(FAILURE, new Date());
    const second = await begin();
    expect([second.attempt, second.prefix, second.uri]).toEqual([2, `${FOLDER}attempt.2/`, `memory://vault/${FOLDER}`]);
    await second.fail(FAILURE, new Date());
    const third = await begin();
    await third.finish(manifestOf(ADDRESS));
    expect(store.keys().map((key) => key.slice(FOLDER.length))).toEqual([
      'failure-2.json',
      'failure.json',
      'manifest.json',
      'started-2.json',
      'started-3.json',
      'started.json',
    ]);
  });

  it('is made after that one was killed: no end within its deadline, and some minutes for clocks', async () => {
    const { begin, claim, later } = vault();
    await begin();
    later(1.2);
    expect(await claim()).toBe('taken');
    expect(await claim(12 * 3600)).toBe('taken');
    later(0.1);
    expect((await begin()).attempt).toBe(2);
    expect(await claim()).toBe('taken');
  });

  it('makes one recovery point, whichever of the two ends first', async () => {
    for (const first of ['the one taken for dead', 'the one that took over'] as const) {
      const { begin, later, store } = vault();
      const old = await begin();
      later(2);
      const young = await begin();
      const [winner, loser] = first === 'the one taken for dead' ? [old, young] : [young, old];
      await winner.finish(manifestOf(ADDRESS, { warnings: [first] }));
      expect((await failureOf(loser.finish(manifestOf(ADDRESS)))).code).toBe('store-conflict');
      expect(await loser.isTakenOver()).toBe(true);
      expect(String(store.bytesOf(`${FOLDER}manifest.json`))).toContain(first);
    }
  });

  it('has no other attempt to blame where there was none: a manifest in its place is a conflict', async () => {
    const { begin, store } = vault();
    const writer = await begin();
    await store.put(`${FOLDER}manifest.json`, Buffer.from('{}'));
    expect((await failureOf(writer.finish(manifestOf(ADDRESS)))).code).toBe('store-conflict');
    expect(await writer.isTakenOver()).toBe(false);
  });

  it('is made so often and no oftener', async () => {
    const { begin, claim, store } = vault();
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) await (await begin()).fail(FAILURE, new Date());
    const keys = store.keys();
    const refused = await failureOf(claim());
    expect(refused.code).toBe('store-conflict');
    expect(refused.hint).toContain('without --scheduled-at');
    expect(store.keys()).toEqual(keys);
    expect(await surveyRun(store, ADDRESS)).toMatchObject({ failureName: 'failure-5.json' });
  });

  it('of many at once one is made', async () => {
    const { begin, claim } = vault();
    await (await begin()).fail(FAILURE, new Date());
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim()));
    expect(claims.filter((one) => one !== 'taken')).toHaveLength(1);
  });

  it('is not made on a guess: where the role may not look, or nobody asked for it', async () => {
    const { clock, store, begin } = vault();
    await (await begin()).fail(FAILURE, new Date());
    const blind = new FaultyStore(store, [
      { on: 'head', effect: 'fail', error: () => new BackupError('store-denied', '403') },
    ]);
    expect(await PointWriter.claim(blind, ADDRESS, clock.now, {})).toBe('taken');
    expect(await PointWriter.claim(store, ADDRESS, clock.now)).toBe('taken');
    const down = new FaultyStore(store, [{ on: 'head', effect: 'fail' }]);
    expect((await failureOf(PointWriter.claim(down, ADDRESS, clock.now, {}))).code).toBe('store-unreachable');
  });
});

describe('a survey of a run that was repeated', () => {
  it('dates the point by the attempt that made it, where those before it left word that they failed', async () => {
    const { clock, store, begin, later } = vault();
    await (await begin()).fail(FAILURE, clock.now);
    later(3);
    const second = await begin();
    const startedAt = clock.now;
    later(0.5);
    await second.finish(manifestOf(ADDRESS));
    expect(await surveyRun(store, ADDRESS)).toMatchObject({ startedAt, manifestAt: clock.now });
  });

  it('dates it by the first that left no word: it may be of that one', async () => {
    const { clock, store, begin, later } = vault();
    const startedAt = clock.now;
    await begin();
    later(3);
    await (await begin()).finish(manifestOf(ADDRESS));
    expect(await surveyRun(store, ADDRESS)).toMatchObject({ startedAt });
  });

  it('tells of the newest failure, until an attempt succeeds', async () => {
    const { clock, store, begin, later } = vault();
    await (await begin()).fail(FAILURE, clock.now);
    later(1);
    const second = await begin();
    await second.fail(FAILURE, clock.now);
    const failedAt = clock.now;
    later(1);
    const third = await begin();
    const failed = await surveyRun(store, ADDRESS);
    expect(failed).toMatchObject({ failedAt, failureName: 'failure-2.json' });
    expect(failed && endOf(failed, clock.now)?.end).toBe('failed');
    await third.finish(manifestOf(ADDRESS));
    const made = await surveyRun(store, ADDRESS);
    expect(made && endOf(made, clock.now)?.end).toBe('succeeded');
  });
});
