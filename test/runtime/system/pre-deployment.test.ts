import type { Component } from '../../../model';
import { handleDeployment, type HandleContext } from '../../../runtime/system/handle-deployment';
import type { DeploymentProperties, Held } from '../../../runtime/system/pre-deployment';
import { RefusedForNow, type TaskState } from '../../../runtime/system/task';
import { BackupError } from '../../../runtime/errors';
import { MemoryStore } from '../../support/memory-store';
import { storeVerification } from '../retention/support';
import { sha256Of } from '../../../runtime/catalog/verification-record';
import { readText } from '../../../runtime/catalog/read-text';
import { failsByItself, makesPoint, SOURCE, TIME } from './support';
import { MANIFEST_NAME, pointPrefix } from '../../../model';
import { addressOf } from '../../../runtime/catalog/run-id';

const PROPERTIES: DeploymentProperties = {
  trigger: 'b',
  synthesisedAt: '2026-11-20T02:00:00.000Z',
  acceptYoungerThanSeconds: '0',
  timeoutSeconds: '1800',
};
const OLD: DeploymentProperties = { ...PROPERTIES, trigger: 'a', synthesisedAt: '2026-11-19T02:00:00.000Z' };
const RUNNING: TaskState = { ended: false, status: 'running' };

let now: Date;
let store: MemoryStore;
let started: Component[];
let state: TaskState;
/** What ECS says to the next starts, and to the next questions. */
let refusals: Error[];
let log: string;
beforeEach(() => {
  refusals = [];
  log = '';
  now = TIME;
  store = new MemoryStore(() => now);
  started = [];
  state = RUNNING;
});

function call(event: object): Promise<{ Data?: Held; IsComplete?: boolean; PhysicalResourceId?: string }> {
  const refuse = (): void => {
    const refusal = refusals.shift();
    if (refusal) throw refusal;
  };
  const task = { description: 'task 1', arn: 'arn:task/1', state: async () => (refuse(), state) };
  const context: HandleContext = {
    env: { vault: 's3://acme-vault', source: SOURCE },
    open: async () => ({
      store,
      components: ['dump'],
      starter: { start: async ({ component }) => (refuse(), started.push(component), task) },
      task: () => task,
      wait: async () => void (now = new Date(now.getTime() + 5_000)),
    }),
    write: (line) => void (log += line),
    now: () => now,
  };
  return handleDeployment(event, context);
}

const update = (changes: object = {}) =>
  call({ RequestType: 'Update', ResourceProperties: PROPERTIES, OldResourceProperties: OLD, ...changes });

async function look(held: Held | undefined): Promise<boolean | undefined> {
  return (await update({ Data: held })).IsComplete;
}

const request = { component: 'dump', class: 'pre-deployment', time: TIME } as const;

async function verify(outcome: 'passed' | 'failed' | 'could not verify'): Promise<void> {
  const address = addressOf({ source: SOURCE, ...request, scheduledAt: TIME, startedAt: TIME });
  const text = (await readText(store, `${pointPrefix(address)}${MANIFEST_NAME}`)) ?? '';
  await storeVerification(store, address, outcome, sha256Of(text));
}

test('a deployment waits until the backup that it starts is there and verified', async () => {
  const { Data: held, PhysicalResourceId } = await update();
  expect(started).toEqual(['dump']);
  expect(held).toEqual({
    phase: 'waiting',
    time: TIME.toISOString(),
    tasks: [{ component: 'dump', arn: 'arn:task/1' }],
  });
  expect(PhysicalResourceId).toBe('pre-deployment-backup');
  expect(await look(held)).toBe(false);
  await makesPoint(request, store);
  state = { ended: true, exitCode: 0, reason: '' };
  expect(await look(held)).toBe(false);
  await verify('passed');
  expect(await look(held)).toBe(true);
});

describe('it fails, and says why and where to look,', () => {
  const LOOK = 'Look: postgres-backup status --vault memory://vault --source orders';

  test('when the backup failed', async () => {
    const { Data: held } = await update();
    await failsByItself(request, store);
    await expect(look(held)).rejects.toThrow(
      'does not go on without a backup. dump of orders: public.orders is locked',
    );
    await expect(look(held)).rejects.toThrow(LOOK.replace('memory://vault', store.uri));
  });

  test('when the task ended and left nothing', async () => {
    const { Data: held } = await update();
    state = { ended: true, exitCode: 137, reason: 'OutOfMemory' };
    await expect(look(held)).rejects.toThrow('its task ended without a recovery point (137)');
  });

  test.each(['failed', 'could not verify'] as const)('when its verification ended as "%s"', async (outcome) => {
    const { Data: held } = await update();
    await makesPoint(request, store);
    await verify(outcome);
    await expect(look(held)).rejects.toThrow(`its verification ended as "${outcome}"`);
  });

  test('when it takes longer than it may', async () => {
    const { Data: held } = await update();
    now = new Date(TIME.getTime() + 1_799_000);
    expect(await look(held)).toBe(false);
    now = new Date(TIME.getTime() + 1_800_000);
    await expect(look(held)).rejects.toThrow('no verified recovery point after 1800 s');
  });
});

describe('a start that ECS refuses', () => {
  const forNow = () => new RefusedForNow('task-failed', 'ECS did not start dump now', { detail: 'RESOURCE:ENI' });

  test('for now is tried again, and the log says so; the time that names the backup stays', async () => {
    refusals = [forNow(), forNow()];
    const { Data: held } = await update();
    expect(held).toMatchObject({ phase: 'waiting', time: TIME.toISOString(), tasks: [{ arn: 'arn:task/1' }] });
    expect(started).toEqual(['dump']);
    expect(now).toEqual(new Date(TIME.getTime() + 60_000));
    expect(log.match(/ECS did not start dump now, tried again: RESOURCE:ENI/g)).toHaveLength(2);
  });

  test.each([
    ['1800', 600_000, '10 min'],
    ['60', 60_000, '1 min'],
  ])('for longer than it may, of %s s, fails the deployment', async (timeoutSeconds, triedForMs, words) => {
    refusals = Array.from({ length: 100 }, forNow);
    await expect(update({ ResourceProperties: { ...PROPERTIES, timeoutSeconds } })).rejects.toThrow(
      `dump of orders: ECS did not start dump now, tried for ${words}: RESOURCE:ENI`,
    );
    expect(started).toEqual([]);
    expect(now.getTime() - TIME.getTime()).toBeLessThanOrEqual(triedForMs + 30_000);
    expect(now.getTime() - TIME.getTime()).toBeGreaterThan(triedForMs);
  });

  test('for good fails it at once', async () => {
    refusals = [new BackupError('task-failed', 'ECS did not start dump', { detail: 'AccessDenied' })];
    await expect(update()).rejects.toThrow('ECS did not start dump: AccessDenied');
    expect(now).toEqual(TIME);
  });

  test('to say how its task stands ends nothing', async () => {
    const { Data: held } = await update();
    refusals = [forNow()];
    expect(await look(held)).toBe(false);
  });
});

describe('nothing is started and nothing waited for', () => {
  test.each([
    ['a rollback', { ResourceProperties: OLD, OldResourceProperties: PROPERTIES }],
    ['what triggers it is the same', { OldResourceProperties: { ...OLD, trigger: 'b' } }],
    ['it is taken out of the stack', { RequestType: 'Delete' }],
    ['the first deployment of all', { RequestType: 'Create', OldResourceProperties: undefined }],
  ])('when it is %s', async (_name, event) => {
    const { Data: held } = await update(event);
    expect(held?.phase).toBe('nothing');
    expect(started).toEqual([]);
    expect((await update({ ...event, Data: held })).IsComplete).toBe(true);
  });

  test('when a verified one is young enough; not when it is older, or not verified', async () => {
    const accepting = { ResourceProperties: { ...PROPERTIES, acceptYoungerThanSeconds: '3600' } };
    await makesPoint(request, store);
    now = new Date(Date.parse('2026-11-20T02:20:00Z'));
    expect((await update(accepting)).Data?.phase).toBe('waiting');
    await verify('passed');
    expect((await update(accepting)).Data?.phase).toBe('nothing');
    now = new Date(Date.parse('2026-11-20T05:00:00Z'));
    expect((await update(accepting)).Data?.phase).toBe('waiting');
  });
});

test('where the time of synthesis is always the same, another trigger makes a backup all the same', async () => {
  const before = { ...OLD, synthesisedAt: PROPERTIES.synthesisedAt };
  expect((await update({ OldResourceProperties: before })).Data?.phase).toBe('waiting');
});

test('added to a stack that has backups already, it makes one', async () => {
  await makesPoint({ ...request, time: new Date('2026-11-19T02:10:00Z') }, store);
  expect((await update({ RequestType: 'Create', OldResourceProperties: undefined })).Data?.phase).toBe('waiting');
});

test('a store that does not answer lets nothing go on', async () => {
  const { Data: held } = await update();
  store.list = () => {
    throw new BackupError('store-unreachable', 'the store does not answer');
  };
  await expect(look(held)).rejects.toThrow('the store does not answer');
});
