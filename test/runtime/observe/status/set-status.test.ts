/** How sets stand, as metrics and as people see it. */
import type { Component } from '../../../../model';
import { measureStatus } from '../../../../runtime/observe/status/measure-status';
import { readStatus } from '../../../../runtime/observe/status/read-status';
import { MemoryStore } from '../../../support/memory-store';
import { runCli, TARGET } from '../../cli/support/harness';
import { failsByItself, makesPoint, run, verified, TIME, type Task } from '../../system/support';

let store: MemoryStore;
let now: Date;
beforeEach(() => {
  now = TIME;
  store = new MemoryStore(() => now);
});

const GOOD = { dump: makesPoint };
const BAD: Partial<Record<Component, Task>> = { dump: makesPoint, configuration: failsByItself };

async function setAt(time: string, tasks: Partial<Record<Component, Task>>, retention: 'daily' | 'manual' = 'daily') {
  now = new Date(time);
  const components = Object.keys(tasks) as Component[];
  return run(store, tasks, { components, class: retention, time: now }, { now: () => now });
}

async function statusAt(time: string) {
  now = new Date(time);
  const status = await readStatus(store, 'orders', now);
  const [{ values }] = measureStatus(status);
  return { ...status.sets, values };
}

test('a source without sets says nothing of them: the alarm takes that for bad news where sets are due', async () => {
  const { newest, values } = await statusAt('2026-11-20T03:10:00Z');
  expect(newest).toBeUndefined();
  expect(values).not.toHaveProperty('newestSetAge');
});

test('the age counts from when the run began', async () => {
  await setAt('2026-11-20T02:10:00Z', GOOD);
  const { newest, newestGood, kept, values } = await statusAt('2026-11-20T03:10:00Z');
  expect(newest).toMatchObject({ outcome: 'passed', reason: null, members: [{ component: 'dump' }] });
  expect(newestGood).toEqual(newest);
  expect(kept).toBe(1);
  expect(values).toMatchObject({ newestSetAge: 3600, lastSetFailed: 0 });
});

test('on a new stack a set by hand ends all that rings, as nothing of the schedule has failed', async () => {
  await setAt('2026-11-20T02:10:00Z', GOOD, 'manual');
  const { values } = await statusAt('2026-11-20T02:20:00Z');
  expect(values).toMatchObject({ newestAge: 600, newestSetAge: 600, lastSetFailed: 0, lastRunFailed: 0 });
});

test('a set of which a component failed is not the newest good one, alarms, and says which and why', async () => {
  await setAt('2026-11-19T02:10:00Z', GOOD);
  await setAt('2026-11-20T02:10:00Z', BAD);
  const { newest, values } = await statusAt('2026-11-20T03:10:00Z');
  expect(newest).toMatchObject({ outcome: 'failed', reason: 'configuration: public.orders is locked' });
  expect(values).toMatchObject({ newestSetAge: 25 * 3600, lastSetFailed: 1 });
});

test('a set is as good as its members are now', async () => {
  await setAt('2026-11-20T02:10:00Z', GOOD, 'manual');
  await verified(store, 'dump', 'failed');
  const { newest, newestGood, values } = await statusAt('2026-11-20T03:10:00Z');
  expect(newest).toMatchObject({ outcome: 'failed', reason: 'dump: its verification failed' });
  expect(newestGood).toBeNull();
  expect(values.newestSetAge).toBeGreaterThan(300_000_000);
});

test('a good set by hand ends the age, and not the alarm that the schedule’s own failed', async () => {
  await setAt('2026-11-20T02:10:00Z', BAD);
  await setAt('2026-11-20T02:40:00Z', GOOD, 'manual');
  const { values } = await statusAt('2026-11-20T03:10:00Z');
  expect(values).toMatchObject({ newestSetAge: 1800, lastSetFailed: 1 });
});

test('people see the sets in a line of their own, within 100 columns', async () => {
  await setAt('2026-11-19T02:10:00Z', GOOD);
  const set = await setAt('2026-11-20T02:10:00Z', BAD);
  const readStatusAt = () => readStatus(store, 'orders', new Date('2026-11-20T03:10:00Z'));
  const { stdout } = await runCli(['status', ...TARGET], { readStatus: readStatusAt });
  const lines = stdout.split('\n');
  expect(lines).toContain(
    '  ✗ sets       newest 1 h ago   failed: configuration, dump   newest good 25 h ago   1.2 kB in 0.0 s   2 kept',
  );
  expect(lines).toContain(`      set ${set.set}: configuration: public.orders is locked`);
  const json = await runCli(['status', ...TARGET, '--json'], { readStatus: readStatusAt });
  expect(JSON.parse(json.stdout)).toMatchObject({
    sets: {
      newest: { set: set.set, outcome: 'failed', ageSeconds: 3600 },
      newestGood: { ageSeconds: 25 * 3600 },
      kept: 2,
    },
  });
});
