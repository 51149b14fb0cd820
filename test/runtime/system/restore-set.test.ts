import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DrilledCheck } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { silentReporter } from '../../../runtime/observe/reporter';
import { COUNT_TAG, ecsServices } from '../../../runtime/system/ecs-services';
import { openEcs } from '../../../runtime/system/ecs-tasks';
import { performStep } from '../../../runtime/system/perform-step';
import {
  restoreSet,
  type RestoreSetContext,
  type RestoreStep,
  type ServiceControl,
} from '../../../runtime/system/restore-set';
import { restoreStateFile } from '../../../runtime/system/restore-state';
import { failureOf } from '../../support/failure-of';
import { startJsonApi } from '../../support/json-api';
import { TIME } from './support';

const STEPS: RestoreStep[] = ['database orders', 'objects: uploads', 'files'].map((name) => ({
  name,
  argv: [name],
  env: {},
  into: '',
}));
const REQUEST = { set: 'set-1', services: ['web', 'worker'], steps: STEPS };

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'restore-set-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writers as they stand, and everything that was done, in order. */
class World implements ServiceControl {
  readonly counts: Record<string, number> = { web: 3, worker: 1 };
  readonly story: string[] = [];
  failing: string | undefined;

  async desiredCount(service: string): Promise<number> {
    return this.counts[service];
  }

  async stop(service: string): Promise<void> {
    this.say(`stop ${service}`);
    this.counts[service] = 0;
  }

  async start(service: string, count: number): Promise<void> {
    this.say(`start ${service}`);
    this.counts[service] = count;
  }

  say(what: string): void {
    this.story.push(what);
    if (this.failing === what) throw new BackupError('restore-failed', `${what} failed`);
  }

  context(changes: Partial<RestoreSetContext> = {}): RestoreSetContext {
    return {
      services: this,
      state: restoreStateFile(path.join(folder, 'state.json')),
      perform: async ({ name }) => {
        this.say(name);
        return 'done';
      },
      check: async () => {
        this.say('checks');
        return [];
      },
      reporter: silentReporter,
      signal: new AbortController().signal,
      now: () => TIME,
      ...changes,
    };
  }
}

let world: World;
beforeEach(() => (world = new World()));

test('the writers are stopped, everything is restored in order, and the writers come back', async () => {
  const report = await restoreSet(REQUEST, world.context());
  expect(report).toMatchObject({ outcome: 'passed', notStarted: [] });
  expect(world.story).toEqual([
    'stop web',
    'stop worker',
    'database orders',
    'objects: uploads',
    'files',
    'checks',
    'start web',
    'start worker',
  ]);
  expect(world.counts).toEqual({ web: 3, worker: 1 });
  expect(await world.context().state.read()).toBeUndefined();
});

test.each(['stop worker', 'database orders', 'files', 'checks'])(
  'when "%s" fails nothing after it is done, and what was stopped is started all the same',
  async (failing) => {
    world.failing = failing;
    const report = await restoreSet(REQUEST, world.context());
    expect(report.outcome).toBe('failed');
    expect(report.steps.find(({ name }) => name === failing)).toMatchObject({
      outcome: 'failed',
      detail: `${failing} failed`,
    });
    expect(world.story.at(-2)).toBe('start web');
    expect(world.counts).toEqual({ web: 3, worker: 1 });
    const next = world.story.indexOf(failing) + 1;
    expect(world.story[next]).toBe('start web');
  },
);

test('the same command goes on: what is done is not done again, and the counts are those from before', async () => {
  world.failing = 'objects: uploads';
  world.start = async () => {
    throw new BackupError('task-failed', 'ECS does not answer');
  };
  const broken = await restoreSet(REQUEST, world.context());
  expect(broken.notStarted).toEqual(['web', 'worker']);
  expect(world.counts).toEqual({ web: 0, worker: 0 });

  const counts = { ...world.counts };
  world = new World();
  Object.assign(world.counts, counts);
  const report = await restoreSet(REQUEST, world.context());
  expect(report.outcome).toBe('passed');
  expect(world.story).not.toContain('database orders');
  expect(world.story).toContain('objects: uploads');
  expect(world.counts).toEqual({ web: 3, worker: 1 });
});

test.each<[string, Partial<RestoreStep>]>([
  ['to another place', { argv: ['database orders', '--to', '/elsewhere'] }],
  ['into another server', { into: 'admin@new.internal:5432/orders' }],
])('a step that was done once is done again %s', async (_, change) => {
  world.failing = 'files';
  await restoreSet(REQUEST, world.context());
  world = new World();
  const steps = [{ ...STEPS[0], ...change }, ...STEPS.slice(1)];
  expect(await restoreSet({ ...REQUEST, steps }, world.context())).toMatchObject({ outcome: 'passed' });
  expect(world.story).toContain('database orders');
  expect(world.story).not.toContain('objects: uploads');
});

test('a count is on disk before its service is stopped', async () => {
  world.stop = async () => {
    expect(await world.context().state.read()).toMatchObject({ counts: { web: 3 } });
    throw new BackupError('terminated', 'killed');
  };
  expect((await restoreSet({ ...REQUEST, services: ['web'] }, world.context())).outcome).toBe('failed');
});

test('checks that do not pass make it fail, by name', async () => {
  const failed = { name: 'active tenants', outcome: 'failed', finding: 'it is 0' } as DrilledCheck;
  const report = await restoreSet(REQUEST, world.context({ check: async () => [failed] }));
  expect(report.outcome).toBe('failed');
  expect(report.steps.find(({ name }) => name === 'checks')?.detail).toContain('active tenants: it is 0');
});

test('the restore of another set that was broken off is not mixed with this one', async () => {
  await world.context().state.write({ set: 'set-0', counts: {}, done: ['database orders'] });
  expect(await failureOf(restoreSet(REQUEST, world.context()))).toMatchObject({
    message: 'a restore of the set set-0 was broken off',
  });
  expect(world.story).toEqual([]);
});

test.each(['{', '{}', '{"set":"a","done":[],"counts":{"web":-1}}'])(
  'a state %s is refused, not guessed',
  async (text) => {
    const file = path.join(folder, 'state.json');
    await writeFile(file, text);
    expect((await failureOf(restoreStateFile(file).read())).hint).toContain('postgres-backup:desired-count');
  },
);

describe('a step', () => {
  const program = [process.execPath, '-e'] as const;
  const surroundings = { env: {}, vaultUri: 's3://v', source: 'orders', signal: new AbortController().signal };
  const step = (script: string): RestoreStep => ({
    ...{ name: 'files', argv: [script], into: '' },
    env: { PGDATABASE: 'x' },
  });

  test('is a command of this program with the vault, the source and its own environment', async () => {
    const script = `console.log('a\\n' + [process.env.POSTGRES_BACKUP_VAULT, process.env.POSTGRES_BACKUP_SOURCE, process.env.PGDATABASE])`;
    expect(await performStep(program, step(script), surroundings)).toBe('s3://v,orders,x');
  });

  test.each([
    [`console.error('no room'); process.exit(3)`, 'files ended with exit code 3', 'no room'],
    [`process.kill(process.pid, 'SIGKILL')`, 'files was ended by SIGKILL', ''],
  ])('that does not end with 0 has failed: %s', async (script, message, detail) => {
    expect(await failureOf(performStep(program, step(script), surroundings))).toMatchObject({ message, detail });
  });
});

describe('an ECS service', () => {
  const service = { serviceArn: 'arn:aws:ecs:eu-central-1:1:service/shop/web', desiredCount: 3, runningCount: 3 };
  let tags: { key: string; value: string }[] = [];
  let looks = 0;

  async function withService<Result>(work: (control: ServiceControl) => Promise<Result>) {
    const state = { ...service };
    const api = await startJsonApi({
      DescribeServices: () => {
        looks += 1;
        if (state.desiredCount === 0 && looks > 3) state.runningCount = 0;
        return { services: [{ ...state, tags }] };
      },
      UpdateService: ({ desiredCount }) => {
        state.desiredCount = Number(desiredCount);
        return { service: state };
      },
      TagResource: (request) => {
        tags = request.tags as typeof tags;
        return {};
      },
      UntagResource: () => {
        tags = [];
        return {};
      },
    });
    const waiting = { signal: new AbortController().signal, wait: async () => undefined };
    const control = ecsServices('shop', waiting, async () => {
      const { sdk } = await openEcs();
      const credentials = { accessKeyId: 'A', secretAccessKey: 'S' };
      return { sdk, client: new sdk.ECSClient({ endpoint: api.endpoint, region: 'eu-central-1', credentials }) };
    });
    try {
      return await work(control);
    } finally {
      await api.close();
    }
  }

  test('is stopped until none of its tasks runs, with its count in a tag, and started with that count', async () => {
    looks = 0;
    await withService(async (control) => {
      const count = await control.desiredCount('web');
      expect(count).toBe(3);
      await control.stop('web', count);
      expect(tags).toEqual([{ key: COUNT_TAG, value: '3' }]);
      expect(looks).toBeGreaterThan(3);
      // The laptop is lost, and with it the state: the count is not.
      expect(await control.desiredCount('web')).toBe(3);
      await control.start('web', count);
      expect(tags).toEqual([]);
      expect(await control.desiredCount('web')).toBe(3);

      await control.stop('web', count);
      tags = [{ key: COUNT_TAG, value: 'three' }];
      const { message } = await failureOf(control.desiredCount('web'));
      expect(message).toBe(`the tag ${COUNT_TAG} of the service web is "three"`);
    });
  });
});
