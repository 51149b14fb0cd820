import { ENVIRONMENT, FUNCTION_ENVIRONMENT, METRICS, type RetentionPolicy } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { retain } from '../../../runtime/retention/retain';
import { readRetentionSettings } from '../../../runtime/retention/settings';
import type { ObjectStore } from '../../../runtime/store/store';
import { failureOf } from '../../support/failure-of';
import { FaultyStore } from '../../support/faulty-store';
import { MemoryStore } from '../../support/memory-store';
import { Clock, DAY_MS, storeRun } from './support';

const POLICY: RetentionPolicy = { classes: { daily: { keepSeconds: 7 * 86_400 } }, minimumVerified: 1 };

let clock: Clock;
let store: MemoryStore;
let prefixes: string[];
let lines: string[];

/** Ten nights, of which the first four are over. */
beforeEach(async () => {
  clock = new Clock(new Date('2026-10-01T02:10:00Z'));
  store = new MemoryStore(clock.now);
  prefixes = [];
  lines = [];
  for (let day = 0; day < 10; day += 1) {
    prefixes.push(await storeRun(store, { time: clock.now() }));
    clock.advance(DAY_MS);
  }
});

async function run(through: ObjectStore = store, remainingMs = () => 300_000): Promise<void> {
  await retain({
    request: { source: 'orders', component: 'dump', policy: POLICY },
    store: through,
    write: (line) => void lines.push(line),
    now: clock.now,
    remainingMs,
  });
}

function told(): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('each end is told with its reason, and counted', async () => {
  await run();
  const events = told();
  expect(events.filter(({ event }) => event === 'expired')).toMatchObject([
    { point: '20261004T021000Z-aaaaaa', class: 'daily' },
    { point: '20261003T021000Z-aaaaaa' },
    { point: '20261002T021000Z-aaaaaa' },
    {
      point: '20261001T021000Z-aaaaaa',
      kind: 'recovery point',
      storedAt: '2026-10-01T02:10:00.000Z',
      reason: 'daily: kept for 7 days, which is over; 20261010T021000Z-aaaaaa is newer and verified',
    },
  ]);
  expect(events.at(-2)).toMatchObject({ event: 'retention', runs: 10, kept: 6, marked: 4, versions: 16, failed: 0 });
  expect(events.at(-1)).toMatchObject({
    Source: 'orders',
    Component: 'dump',
    [METRICS.retentionSucceeded.name]: 1,
    [METRICS.retentionFailed.name]: 0,
    [METRICS.pointsExpired.name]: 4,
  });
});

test('what ended before is not counted again', async () => {
  await run();
  lines = [];
  await run();
  expect(told().at(-1)).toMatchObject({ [METRICS.retentionSucceeded.name]: 1, [METRICS.pointsExpired.name]: 0 });
  expect(told().filter(({ event }) => event === 'expired')).toEqual([]);
});

test('an empty vault is no failure: the age of the newest point is for another to tell', async () => {
  store = new MemoryStore(clock.now);
  await run();
  expect(told().at(-1)).toMatchObject({ [METRICS.retentionSucceeded.name]: 1, [METRICS.pointsExpired.name]: 0 });
});

test('one that could not be marked is told, counted as a failure, and thrown', async () => {
  const error = () => new BackupError('store-denied', 'denied', { detail: 'AccessDenied' });
  const denying = new FaultyStore(store, [{ on: 'tag', key: new RegExp(prefixes[1]), effect: 'fail', error }]);
  expect(await failureOf(run(denying))).toMatchObject({
    code: 'store-denied',
    message: '1 run could not be marked; 20261002T021000Z-aaaaaa: denied',
  });
  expect(told()).toContainEqual(expect.objectContaining({ event: 'not-expired', point: '20261002T021000Z-aaaaaa' }));
  expect(told().at(-1)).toMatchObject({ [METRICS.retentionSucceeded.name]: 0, [METRICS.retentionFailed.name]: 1 });
});

test('a store that cannot be listed is a failure, counted and thrown', async () => {
  expect(await failureOf(run(new FaultyStore(store, [{ on: 'list', effect: 'fail' }])))).toMatchObject({
    code: 'store-unreachable',
  });
  expect(told()).toMatchObject([{ [METRICS.retentionSucceeded.name]: 0, [METRICS.retentionFailed.name]: 1 }]);
});

test('it stops before the platform ends it, and says so', async () => {
  const slow = new FaultyStore(store, []);
  slow.tag = () => new Promise((resolve) => setTimeout(resolve, 5));
  expect(await failureOf(run(slow, () => 10_001))).toMatchObject({ code: 'deadline-exceeded' });
  expect(told().at(-1)).toMatchObject({ [METRICS.retentionFailed.name]: 1 });
});

describe('the settings', () => {
  const GOOD = {
    [ENVIRONMENT.vault]: 's3://acme-vault',
    [ENVIRONMENT.source]: 'orders',
    [ENVIRONMENT.retention]: JSON.stringify(POLICY),
    [FUNCTION_ENVIRONMENT.components]: '["dump"]',
  };

  test('come from the environment', () => {
    expect(readRetentionSettings(GOOD)).toEqual({
      vaultUri: 's3://acme-vault',
      requests: [{ source: 'orders', component: 'dump', policy: POLICY, policyOfSets: POLICY }],
    });
  });

  test('give each component the policy, or one of its own', () => {
    const own: RetentionPolicy = { classes: { weekly: { keepSeconds: 5 } }, minimumVerified: 2 };
    const { requests } = readRetentionSettings({
      ...GOOD,
      [FUNCTION_ENVIRONMENT.components]: '["dump","files"]',
      [FUNCTION_ENVIRONMENT.retentionOf]: JSON.stringify({ files: own }),
    });
    expect(requests).toEqual([
      { source: 'orders', component: 'dump', policy: POLICY, policyOfSets: POLICY },
      { source: 'orders', component: 'files', policy: own, policyOfSets: POLICY },
    ]);
  });

  test.each([
    [{ [ENVIRONMENT.vault]: '' }, 'environment variable POSTGRES_BACKUP_VAULT is not set'],
    [{ [ENVIRONMENT.retention]: undefined }, 'environment variable POSTGRES_BACKUP_RETENTION is not set'],
    [{ [ENVIRONMENT.retention]: '{"classes":{}}' }, 'the retention policy is not usable'],
    [{ [ENVIRONMENT.source]: '../x' }, 'POSTGRES_BACKUP_SOURCE is "../x"'],
    [{ [FUNCTION_ENVIRONMENT.components]: '' }, 'environment variable POSTGRES_BACKUP_COMPONENTS is not set'],
    [{ [FUNCTION_ENVIRONMENT.components]: 'dump' }, 'POSTGRES_BACKUP_COMPONENTS is "dump"'],
    [{ [FUNCTION_ENVIRONMENT.components]: '[]' }, 'POSTGRES_BACKUP_COMPONENTS is "[]"'],
    [{ [FUNCTION_ENVIRONMENT.components]: '["dumps"]' }, 'POSTGRES_BACKUP_COMPONENTS is'],
    [{ [FUNCTION_ENVIRONMENT.components]: '["dump","dump"]' }, 'POSTGRES_BACKUP_COMPONENTS is'],
    [{ [FUNCTION_ENVIRONMENT.retentionOf]: '[]' }, 'POSTGRES_BACKUP_RETENTION_OF is "[]"'],
    [{ [FUNCTION_ENVIRONMENT.retentionOf]: '{"dump":{}}' }, 'the retention policy is not usable'],
    [{ [FUNCTION_ENVIRONMENT.retentionOf]: '{"files":{}}' }, 'POSTGRES_BACKUP_RETENTION_OF is'],
  ])('%j are refused', (change, message) => {
    expect(() => readRetentionSettings({ ...GOOD, ...change })).toThrow(message);
  });
});
