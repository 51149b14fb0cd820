import { pointId, setKey, type BackupSet } from '../../../model';
import { readText } from '../../../runtime/catalog/read-text';
import { BackupError } from '../../../runtime/errors';
import { findSet, listSets, memberAddress } from '../../../runtime/system/sets';
import { failureOf } from '../../support/failure-of';
import { MemoryStore } from '../../support/memory-store';
import { setImmediate } from 'node:timers/promises';
import { PointWriter } from '../../../runtime/catalog/point-writer';
import { addressOf } from '../../../runtime/catalog/run-id';
import { RefusedForNow, type StartRequest } from '../../../runtime/system/task';
import { manifestOf } from '../observe/status/support/vault';
import {
  contextOf,
  failsByItself,
  isKilled,
  makesPoint,
  requestOf,
  run,
  SOURCE,
  TIME,
  verified,
  type Task,
} from './support';
import { runSystem } from '../../../runtime/system/run-system';

let store: MemoryStore;
beforeEach(() => (store = new MemoryStore(() => TIME)));

describe('a set', () => {
  test('names the recovery points of one run, with what proves them unchanged, and is the latest', async () => {
    const set = await run(store, { dump: makesPoint });
    expect(set).toMatchObject({
      format: 'postgres-backup/set/1',
      outcome: 'passed',
      class: 'manual',
      totals: { storedBytes: 1200 },
      members: [
        {
          component: 'dump',
          outcome: 'passed',
          point: expect.stringMatching(/^20261120T021000Z-/) as string,
          manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
          storedBytes: 1200,
          error: null,
        },
      ],
    });
    const [address] = await listSets(store, SOURCE);
    expect(setKey(address)).toBe(`orders/sets/manual/2026/11/20/${set.set}/set.json`);
    expect(await findSet(store, SOURCE, 'latest')).toEqual(set);
    expect(await findSet(store, SOURCE, set.set)).toEqual(set);
  });

  test('of a run in which a component failed says so, keeps the others, and is not to be restored', async () => {
    const good = await run(store, { dump: makesPoint }, { time: new Date('2026-11-19T02:10:00Z') });
    const set = await run(
      store,
      { dump: makesPoint, configuration: failsByItself },
      { components: ['configuration', 'dump'] },
    );
    expect(set.outcome).toBe('failed');
    expect(set.members).toMatchObject([
      {
        component: 'configuration',
        outcome: 'failed',
        point: null,
        error: { code: 'task-failed', message: 'public.orders is locked', detail: 'table-locked' },
      },
      { component: 'dump', outcome: 'passed' },
    ]);
    const passedOver: string[] = [];
    expect(await findSet(store, SOURCE, 'latest', (id) => passedOver.push(id))).toEqual(good);
    expect(passedOver).toEqual([set.set]);
    expect(await failureOf(findSet(store, SOURCE, set.set))).toMatchObject({ code: 'manifest-invalid' });
  });

  test('is not written over: the second run of the same time is refused', async () => {
    await run(store, { dump: makesPoint });
    const again = { dump: async () => ({ ended: true, exitCode: 0, reason: '' }) as const };
    expect(await failureOf(run(store, again))).toMatchObject({ code: 'store-conflict' });
  });

  test.each<[string, (set: BackupSet) => Promise<void>]>([
    ['whose member failed its verification', () => verified(store, 'dump', 'failed')],
    [
      'of which a manifest is another than it was',
      async (set) => {
        const key = `${prefixOf(set)}manifest.json`;
        await store.put(key, Buffer.from((await readText(store, key))?.replace('1200', '1201') ?? ''));
      },
    ],
    [
      'that is no JSON',
      async () => void (await store.put(setKey((await listSets(store, SOURCE))[0]), Buffer.from('{'))),
    ],
    [
      'whose member is none',
      async (set) => {
        const [address] = await listSets(store, SOURCE);
        await store.put(setKey(address), Buffer.from(JSON.stringify({ ...set, members: [{}] })));
      },
    ],
    [
      'that passed without a recovery point',
      async (set) => {
        const [address] = await listSets(store, SOURCE);
        const members = set.members.map((member) => ({ ...member, point: null }));
        await store.put(setKey(address), Buffer.from(JSON.stringify({ ...set, members })));
      },
    ],
    [
      'that is another’s',
      async (set) => {
        const [address] = await listSets(store, SOURCE);
        await store.put(setKey(address), Buffer.from(JSON.stringify({ ...set, source: 'billing' })));
      },
    ],
  ])('%s is no longer the latest', async (_name, damage) => {
    const set = await run(store, { dump: makesPoint });
    await damage(set);
    expect(await failureOf(findSet(store, SOURCE, 'latest'))).toMatchObject({ code: 'point-missing' });
  });
});

function prefixOf(set: BackupSet): string {
  const { class: retention, time, run: id } = memberAddress(set, set.members[0]);
  return `orders/dump/${retention}/2026/11/20/${pointId({ time, run: id })}/`;
}

describe('a run', () => {
  test('of some components alone leaves no set', async () => {
    const set = await run(store, { dump: makesPoint }, { record: 'none' });
    expect(set.outcome).toBe('passed');
    expect(await listSets(store, SOURCE)).toEqual([]);
  });

  test.each([
    ['killed without a word', isKilled, 'task dump ended with exit code 137 and left no recovery point'],
    ['that was never started', undefined, 'ECS did not start dump'],
    [
      'that ended well and left nothing',
      async () => ({ ended: true, exitCode: 0, reason: '' }) as const,
      'task dump ended with exit code 0 and left no recovery point',
    ],
  ])('of a task %s has failed', async (_name, task, message) => {
    const set = await run(store, task ? { dump: task } : {});
    expect(set).toMatchObject({ outcome: 'failed', members: [{ outcome: 'failed', error: { message } }] });
  });

  describe('whose start is refused for now', () => {
    const refusal = new RefusedForNow('task-failed', 'ECS did not start dump now', { detail: 'no capacity' });
    const refusing = (times: number) => {
      let left = times;
      const task: Task = async (request, vault) => {
        if (left-- > 0) throw refusal;
        return makesPoint(request, vault);
      };
      return task;
    };

    test('starts it a little later', async () => {
      expect(await run(store, { dump: refusing(3) })).toMatchObject({ outcome: 'passed' });
    });

    test('has failed after an hour of it', async () => {
      let looks = 0;
      const now = () => new Date(TIME.getTime() + looks * 60_000);
      const wait = async () => void (looks += 1);
      const set = await run(store, { dump: refusing(1_000) }, {}, { now, wait });
      expect(set).toMatchObject({ outcome: 'failed', members: [{ error: { detail: 'no capacity' } }] });
      expect(looks).toBeLessThan(75);
    });

    test('goes on when ECS cannot say for a moment how a task stands', async () => {
      let asked = 0;
      const starter = {
        start: async () => ({
          description: 'task dump',
          state: async () => {
            asked += 1;
            if (asked === 1) throw refusal;
            await makesPoint({ component: 'dump', class: 'manual', time: TIME }, store);
            return { ended: true, exitCode: 0, reason: '' } as const;
          },
        }),
      };
      expect(await run(store, {}, {}, { starter })).toMatchObject({ outcome: 'passed' });
    });
  });

  test('again for the same time goes by the end of its own attempt, and not of one before', async () => {
    expect(await run(store, { dump: failsByItself }, { record: 'none' })).toMatchObject({ outcome: 'failed' });
    const again: Task = async (request, vault) => {
      const address = addressOf({ source: SOURCE, ...request, scheduledAt: request.time, startedAt: request.time });
      const writer = await PointWriter.claim(vault, address, request.time, {});
      if (writer === 'taken') throw new Error('it is to be an attempt of its own');
      await writer.finish(manifestOf(writer.address, { scheduledAt: request.time.toISOString() }));
      return { ended: true, exitCode: 0, reason: '' };
    };
    // The first look is before the task has written anything.
    const starter = {
      start: async (request: StartRequest) => {
        const ended = setImmediate().then(() => again(request, store));
        return { description: 'task dump', state: () => ended };
      },
    };
    expect(await run(store, {}, { record: 'none' }, { starter })).toMatchObject({ outcome: 'passed' });
    const context = contextOf(store, {});
    expect(await runSystem(requestOf({ record: 'none' }), context)).toMatchObject({ outcome: 'passed' });
    expect(context.started).toEqual([]);
  });

  test('looks once more after a task ended: what it wrote last may be there only then', async () => {
    let looks = 0;
    const late = async () => ({ ended: true, exitCode: 0, reason: '' }) as const;
    const wait = async () => {
      looks += 1;
      if (looks === 1) await makesPoint({ component: 'dump', class: 'manual', time: TIME }, store);
    };
    expect(await run(store, { dump: late }, {}, { wait })).toMatchObject({ outcome: 'passed' });
  });

  test('begins mirrors and files when the dump has ended, where it left no word of a snapshot', async () => {
    const context = contextOf(store, { dump: makesPoint, objects: failsByItself, files: failsByItself });
    const seen: unknown[] = [];
    const starter = {
      start: async (...args: Parameters<typeof context.starter.start>) => {
        const points = [];
        for await (const entry of store.list('orders/dump/')) if (entry.kind === 'object') points.push(entry.key);
        seen.push([args[0].component, points.some((key) => key.endsWith('/manifest.json'))]);
        return context.starter.start(...args);
      },
    };
    await runSystem(requestOf({ components: ['objects', 'files', 'dump'] }), { ...context, starter });
    expect(seen).toEqual([
      ['dump', false],
      ['objects', true],
      ['files', true],
    ]);
  });

  test('that waits for the verification ends as that does', async () => {
    let outcome: 'passed' | 'could not verify' = 'passed';
    const wait = async () => verified(store, 'dump', outcome);
    const passed = await run(store, { dump: makesPoint }, {}, { wait, until: 'verified' });
    expect(passed.outcome).toBe('passed');
    store = new MemoryStore(() => TIME);
    outcome = 'could not verify';
    const doubtful = await run(store, { dump: makesPoint }, {}, { wait, until: 'verified' });
    expect(doubtful).toMatchObject({ outcome: 'could not verify', members: [{ outcome: 'could not verify' }] });
  });

  test('that is stopped ends with the reason and leaves no set', async () => {
    const controller = new AbortController();
    const never = async () => ({ ended: false, status: 'running' }) as const;
    const wait = async (signal: AbortSignal) => {
      controller.abort(new BackupError('terminated', 'stopped by SIGTERM'));
      signal.throwIfAborted();
    };
    const ended = run(store, { dump: never }, {}, { wait, signal: controller.signal });
    expect(await failureOf(ended)).toMatchObject({ code: 'terminated' });
    expect(await listSets(store, SOURCE)).toEqual([]);
  });
});
