/** Mirrors and files begin when the dump has its snapshot, not when it ends: and belong to that dump, or the set says so. */
import { setImmediate } from 'node:timers/promises';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { addressOf } from '../../../runtime/catalog/run-id';
import type { SystemRunContext } from '../../../runtime/system/run-system';
import { runSystem } from '../../../runtime/system/run-system';
import type { StartRequest, TaskState } from '../../../runtime/system/task';
import { FaultyStore, type StoreFault } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { storeFilesPoint } from '../retention/support';
import { manifestOf } from '../observe/status/support/vault';
import { contextOf, ENDED, requestOf, SOURCE, TIME, type Task } from './support';

const FIRST = new Date('2026-11-20T02:10:05.123Z');
const SECOND = new Date('2026-11-20T02:19:00.456Z');
const TURNS = 400;

let store: MemoryStore;
beforeEach(() => (store = new MemoryStore(() => TIME)));

const backsFilesUp: Task = async (request) => {
  const address = addressOf({ source: SOURCE, ...request, scheduledAt: request.time, startedAt: request.time });
  await storeFilesPoint(store, request.time, [], address);
  return ENDED;
};

/** A dump that is told, step by step, what to do next. */
class SlowDump {
  writer?: PointWriter;
  private state: TaskState = { ended: false, status: 'running' };

  async start(request: StartRequest): Promise<void> {
    const address = addressOf({ source: SOURCE, ...request, scheduledAt: request.time, startedAt: request.time });
    const writer = await PointWriter.claim(store, address, request.time);
    if (writer === 'taken') throw new Error('the point is taken');
    this.writer = writer;
  }

  readonly look = async (): Promise<TaskState> => this.state;

  async takeSnapshot(at: Date): Promise<void> {
    if (!this.writer) throw new Error('it was not started');
    await this.writer.noteSnapshot(at);
  }

  async end(snapshotAt: Date): Promise<void> {
    if (!this.writer) throw new Error('it was not started');
    const manifest = manifestOf(this.writer.address, { scheduledAt: TIME.toISOString() });
    const databases = manifest.databases.map((one) => ({ ...one, snapshotAt: snapshotAt.toISOString() }));
    await this.writer.finish({ ...manifest, databases });
    this.state = { ended: true, exitCode: 0, reason: '' };
  }
}

/** A run of a dump and a mirror, and the moment at which the mirror began. */
function begun(changes: Partial<SystemRunContext> = {}, files = backsFilesUp) {
  const dump = new SlowDump();
  const context = contextOf(store, { files }, changes);
  const started: string[] = [];
  const starter: SystemRunContext['starter'] = {
    start: async (request, signal) => {
      started.push(request.component);
      if (request.component !== 'dump') return context.starter.start(request, signal);
      await dump.start(request);
      return { description: 'task dump', state: dump.look };
    },
  };
  const set = runSystem(requestOf({ components: ['dump', 'files'] }), { ...context, starter });
  return { dump, started, set };
}

/** The same vault, but that no set is there yet. */
class WithoutSets extends FaultyStore {
  constructor(inner: MemoryStore) {
    super(inner, []);
  }

  override async put(...args: Parameters<FaultyStore['put']>): ReturnType<FaultyStore['put']> {
    return super.put(`${args[0]}.again`, args[1], args[2]);
  }
}

async function turns(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS && !until(); turn += 1) await setImmediate();
}

test('files begin as soon as the dump has its snapshot, while it still runs', async () => {
  const { dump, started, set } = begun();
  await turns(() => started.length > 1);
  expect(started).toEqual(['dump']);
  await dump.takeSnapshot(FIRST);
  await turns(() => started.length > 1);
  expect(started).toEqual(['dump', 'files']);
  await dump.end(FIRST);
  expect(await set).toMatchObject({ outcome: 'passed', warnings: [] });
});

test('a dump that was begun again, after the files were listed, is no set to restore, and the set says why', async () => {
  const { dump, started, set } = begun();
  await turns(() => dump.writer !== undefined);
  await dump.takeSnapshot(FIRST);
  await turns(() => started.length > 1);
  await dump.takeSnapshot(SECOND);
  await dump.end(SECOND);
  expect(await set).toMatchObject({
    outcome: 'could not verify',
    members: [
      { component: 'dump', outcome: 'passed' },
      { component: 'files', outcome: 'passed' },
    ],
    warnings: [expect.stringContaining('its snapshot is of 2026-11-20T02:19:00.456Z') as string],
  });
});

test('what begins late has no more time than the set: it is counted from the begin of the run', async () => {
  let now = TIME.getTime();
  const wait = async () => {
    await setImmediate();
    now += 60_000;
  };
  const never: Task = async () => ({ ended: false, status: 'running' });
  const { dump, started, set } = begun({ now: () => new Date(now), wait, patienceMs: 3_600_000 }, never);
  await turns(() => dump.writer !== undefined && now > TIME.getTime() + 30 * 60_000);
  await dump.takeSnapshot(FIRST);
  await turns(() => started.length > 1);
  await dump.end(FIRST);
  const { members, durationMs } = await set;
  expect(members).toMatchObject([
    { component: 'dump', outcome: 'passed' },
    { component: 'files', outcome: 'failed', error: { message: 'task files is late: not done after 1 h' } },
  ]);
  expect(durationMs).toBeLessThan(65 * 60_000);
});

test('a vault that does not answer for a moment while the dump runs ends neither the waiting nor the set', async () => {
  const faults = [
    { on: 'list', key: /snapshot-/, nth: 2, effect: 'fail' },
    { on: 'list', key: /orders\/dump\/.*\/$/, nth: 3, effect: 'fail' },
  ] as const;
  const faulty = new FaultyStore(store, faults);
  const { dump, started, set } = begun({ store: faulty });
  await turns(() => dump.writer !== undefined && faulty.fired.length === 2);
  await dump.takeSnapshot(FIRST);
  await turns(() => started.length > 1);
  await dump.end(FIRST);
  expect(await set).toMatchObject({ outcome: 'passed', warnings: [] });
  expect(faulty.fired).toHaveLength(2);
});

test('a vault that stays silent is told of the component, after a while', async () => {
  let now = TIME.getTime();
  const wait = async () => {
    await setImmediate();
    now += 60_000;
  };
  const faults: StoreFault[] = [];
  const silent = new FaultyStore(store, faults);
  const { dump, set } = begun({ store: silent, now: () => new Date(now), wait });
  await turns(() => dump.writer !== undefined);
  const begunMs = now;
  faults.push({ on: 'list', key: /orders\/dump\/.*\/$/, effect: 'fail' });
  const [member] = (await set).members;
  expect(member).toMatchObject({ outcome: 'failed', error: { code: 'store-unreachable' } });
  expect(member.durationMs).toBeGreaterThanOrEqual(begunMs - TIME.getTime() + 15 * 60_000);
});

test('where the snapshot of the dump cannot be read at the end, it is no set to restore, and there is one', async () => {
  const unread = new FaultyStore(store, [{ on: 'get', key: /dump\/.*manifest\.json$/, nth: 2, effect: 'fail' }]);
  const { dump, started, set } = begun({ store: unread });
  await turns(() => dump.writer !== undefined);
  await dump.takeSnapshot(FIRST);
  await turns(() => started.length > 1);
  await dump.end(FIRST);
  expect(await set).toMatchObject({
    outcome: 'could not verify',
    warnings: [expect.stringContaining('it is not known whether objects and files were listed') as string],
  });
});

test('what a run that was killed left of files is no part of a dump that was begun again since', async () => {
  const killed = begun();
  await turns(() => killed.dump.writer !== undefined);
  await killed.dump.takeSnapshot(FIRST);
  await turns(() => killed.started.length > 1);
  await killed.dump.takeSnapshot(SECOND);
  await killed.dump.end(SECOND);
  await killed.set;
  // Of its set there is no word, as if it had been killed; everything else is there already.
  const again = begun({ store: new WithoutSets(store) });
  expect(await again.set).toMatchObject({
    outcome: 'could not verify',
    warnings: [expect.stringContaining('the dump was begun again') as string],
  });
  expect(again.started).toEqual([]);
});

test('a run that finds all made by another, for one snapshot, is as good as that one', async () => {
  const other = begun();
  await turns(() => other.dump.writer !== undefined);
  await other.dump.takeSnapshot(FIRST);
  await turns(() => other.started.length > 1);
  await other.dump.end(FIRST);
  await other.set;
  expect(await begun({ store: new WithoutSets(store) }).set).toMatchObject({ outcome: 'passed', warnings: [] });
});

test('a dump of before this version leaves no word: files begin when it has ended, and the set is good', async () => {
  const { dump, started, set } = begun();
  await turns(() => started.length > 1);
  await dump.end(FIRST);
  expect(await set).toMatchObject({ outcome: 'passed', warnings: [] });
  expect(started).toEqual(['dump', 'files']);
});

test('a component that is late makes the set fail, by its name, and does not hold it', async () => {
  let now = TIME.getTime();
  const wait = async () => {
    await setImmediate();
    now += 60_000;
  };
  const { set } = begun({ now: () => new Date(now), wait, patienceMs: 3_600_000 });
  expect(await set).toMatchObject({
    outcome: 'failed',
    members: [
      { component: 'dump', outcome: 'failed', error: { message: 'task dump is late: not done after 1 h' } },
      { component: 'files', outcome: 'passed' },
    ],
  });
});
