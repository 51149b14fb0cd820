/** What belongs together stays together, and a set that ends takes nothing with it. */
import fc from 'fast-check';
import {
  decideSets,
  EXPIRY_TAG,
  heldPoints,
  SET_FORMAT,
  setKey,
  setPrefix,
  type BackupSet,
  type RetainableSet,
  type RetentionPolicy,
  type SetAddress,
} from '../../../model';
import { planRetention } from '../../../runtime/retention/plan-retention';
import { retainAll } from '../../../runtime/retention/retain-all';
import { writeSet } from '../../../runtime/system/sets';
import { MemoryStore } from '../../support/memory-store';
import { Clock, DAY_MS, storeRun } from './support';

const WEEK: RetentionPolicy = { classes: { daily: { keepSeconds: 7 * 86_400 } }, minimumVerified: 1 };
const MONTH: RetentionPolicy = { classes: { daily: { keepSeconds: 30 * 86_400 } }, minimumVerified: 1 };

let clock: Clock;
let store: MemoryStore;
beforeEach(() => {
  clock = new Clock(new Date('2026-10-01T02:10:00Z'));
  store = new MemoryStore(clock.now);
});

async function storeSet(outcome: BackupSet['outcome'] = 'passed'): Promise<SetAddress> {
  const address: SetAddress = { source: 'orders', class: 'daily', time: clock.now(), run: 'aaaaaa' };
  const id = setPrefix(address).split('/').at(-2) ?? '';
  await writeSet(store, address, {
    format: SET_FORMAT,
    set: id,
    source: 'orders',
    class: 'daily',
    outcome,
    startedAt: clock.now().toISOString(),
    finishedAt: clock.now().toISOString(),
    durationMs: 1,
    members: [
      {
        component: 'dump',
        outcome,
        point: id,
        manifestSha256: '',
        durationMs: 1,
        storedBytes: 1,
        items: 1,
        error: null,
      },
    ],
    references: [],
    totals: { storedBytes: 1 },
    warnings: [],
    tool: { name: 'postgres-backup', version: '1.2.3' },
  });
  return address;
}

/** Ten nights; of the first, a set. */
async function tenNights(outcome: BackupSet['outcome'] = 'passed'): Promise<SetAddress> {
  let address: SetAddress | undefined;
  for (let day = 0; day < 10; day += 1) {
    await storeRun(store, { time: clock.now() });
    if (day === 0) address = await storeSet(outcome);
    clock.advance(DAY_MS);
  }
  return address as SetAddress;
}

const context = () => ({ store, now: clock.now, signal: new AbortController().signal });
const request = { source: 'orders', component: 'dump', policy: WEEK } as const;

test('a point that is over stays while a set stays that it is a member of', async () => {
  await tenNights();
  const { runs } = await planRetention({ ...request, policyOfSets: MONTH }, context());
  expect(runs.at(-1)).toMatchObject({
    action: 'keep',
    reason: 'a member of the set 20261001T021000Z-aaaaaa',
  });
  expect(runs.filter(({ action }) => action === 'expire')).toHaveLength(3);
});

test('it ends with its set: the set first is no set any more, then its members are on their own', async () => {
  const address = await tenNights();
  await storeSet();
  const lines: string[] = [];
  const surroundings = {
    store,
    now: clock.now,
    write: (line: string) => void lines.push(line),
    remainingMs: () => 300_000,
  };
  await retainAll({ ...surroundings, requests: [request] });
  expect(await store.tags(setKey(address), null)).toEqual({ [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
    expect.objectContaining({ event: 'sets', ended: 1 }),
  );
  const { runs } = await planRetention(request, context());
  expect(runs.at(-1)).toMatchObject({ action: 'ending' });
});

test('the newest set whose run passed stays whatever its age, and its members with it', async () => {
  await tenNights();
  const { runs } = await planRetention(request, context());
  expect(runs.at(-1)).toMatchObject({ action: 'keep' });
});

test('a set that cannot be read holds nothing and is not touched', async () => {
  const address = await tenNights();
  await store.put(setKey(address), Buffer.from('{'));
  const { runs } = await planRetention(request, context());
  expect(runs.at(-1)).toMatchObject({ action: 'expire' });
  const surroundings = { store, now: clock.now, write: () => undefined, remainingMs: () => 300_000 };
  await retainAll({ ...surroundings, requests: [request] });
  expect(await store.tags(setKey(address), null)).toEqual({});
});

test('of any sets, all members of one that stays are held, and those of no other', () => {
  const set = fc.record({
    age: fc.integer({ min: 0, max: 40 }),
    outcome: fc.constantFrom('passed', 'failed', 'could not verify'),
  });
  const now = new Date('2026-12-01T00:00:00Z');
  fc.assert(
    fc.property(fc.array(set, { maxLength: 12 }), (made) => {
      const sets = made.map(({ age, outcome }, index): RetainableSet => ({
        set: `set-${index}`,
        class: 'daily',
        storedAt: new Date(now.getTime() - age * DAY_MS - index),
        outcome,
        members: [
          { component: 'dump', point: `dump-${index}` },
          { component: 'files', point: index % 2 === 0 ? `files-${index}` : null },
        ],
      }));
      const decisions = decideSets(sets, MONTH, now);
      const kept = decisions.flatMap(({ action }, index) => (action === 'keep' ? [index] : []));
      expect([...heldPoints(sets, decisions, 'dump').keys()]).toEqual(kept.map((index) => `dump-${index}`));
      expect([...heldPoints(sets, decisions, 'files').keys()]).toEqual(
        kept.filter((index) => index % 2 === 0).map((index) => `files-${index}`),
      );
      const newest = made.flatMap(({ outcome }, index) => (outcome === 'passed' ? [index] : []));
      if (newest.length > 0) expect(kept.some((index) => made[index].outcome === 'passed')).toBe(true);
    }),
  );
});
