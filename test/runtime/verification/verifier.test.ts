import { readVerification } from '../../../runtime/catalog/verification-record';
import { BackupError } from '../../../runtime/errors';
import type { ObjectStore } from '../../../runtime/store/store';
import { readSettings } from '../../../runtime/verification/settings';
import { handleVerification } from '../../../runtime/verification/verifier';
import { FaultyStore } from '../../support/faulty-store';
import { clockedStore, storePoint } from './support';

const ENVIRONMENT = {
  POSTGRES_BACKUP_VAULT: 's3://acme-vault/team',
  POSTGRES_BACKUP_SOURCE: 'orders',
  POSTGRES_BACKUP_COMPONENTS: '["dump"]',
};

function created(key: string, bucket = 'acme-vault') {
  return { 'detail-type': 'Object Created', source: 'aws.s3', detail: { bucket: { name: bucket }, object: { key } } };
}

async function handled(
  event: unknown,
  store: ObjectStore,
  remainingMs = 300_000,
  env: NodeJS.ProcessEnv = ENVIRONMENT,
) {
  const lines: Record<string, unknown>[] = [];
  const ended = handleVerification(event, {
    settings: readSettings(env),
    store,
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    now: () => new Date('2026-11-20T03:00:00Z'),
    remainingMs: () => remainingMs,
  });
  const thrown = await ended.then(
    () => undefined,
    (error: BackupError) => error,
  );
  return { lines, metrics: lines.filter((line) => '_aws' in line), thrown };
}

test('a new manifest: its point is verified, told and counted', async () => {
  const { store } = clockedStore();
  const { prefix, manifest } = await storePoint(store);
  const { lines, metrics, thrown } = await handled(created(`team/${prefix}manifest.json`), store);
  expect(thrown).toBeUndefined();
  expect(await readVerification(store, prefix)).toMatchObject({ outcome: 'passed' });
  expect(lines[0]).toMatchObject({ level: 'info', event: 'verification', point: manifest.point, outcome: 'passed' });
  expect(metrics).toEqual([
    expect.objectContaining({
      Source: 'orders',
      Component: 'dump',
      VerificationPassed: 1,
      VerificationFailed: 0,
      VerificationUnverified: 0,
      VerificationAnomalies: 0,
    }),
  ]);
});

test('a damaged point is counted as failed and named in the log; the function itself did its work', async () => {
  const { store } = clockedStore();
  const { prefix } = await storePoint(store);
  store.damage(`${prefix}orders/data-001.dump.zst`, (bytes) => bytes.subarray(1));
  const { lines, metrics, thrown } = await handled(created(`team/${prefix}manifest.json`), store);
  expect(thrown).toBeUndefined();
  expect(metrics[0]).toMatchObject({ VerificationPassed: 0, VerificationFailed: 1 });
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'error',
      event: 'verification-finding',
      subject: `${prefix}orders/data-001.dump.zst`,
      finding: 'it has 4999 bytes, the manifest says 5000',
    }),
  );
});

test('an anomaly is counted beside what it makes of the point', async () => {
  const { store, clock } = clockedStore('2026-11-10T03:00:00Z');
  for (const day of [10, 11, 12, 13, 14]) {
    clock.now = new Date(`2026-11-${day}T03:00:00Z`);
    const rows = day === 14 ? 10 : 100_000;
    const { prefix } = await storePoint(store, { time: `2026-11-${day}T02:00:00Z`, rows });
    const { metrics } = await handled(created(`team/${prefix}manifest.json`), store);
    expect(metrics[0]).toMatchObject(
      day === 14
        ? { VerificationPassed: 0, VerificationUnverified: 1, VerificationAnomalies: 1 }
        : { VerificationPassed: 1, VerificationUnverified: 0, VerificationAnomalies: 0 },
    );
  }
});

test('a verification that was stopped is recorded, counted, and thrown for the platform to repeat', async () => {
  const { store } = clockedStore();
  const { prefix } = await storePoint(store);
  const broken = new FaultyStore(store, [{ on: 'head', key: /data-001/, effect: 'stall' }]);
  // All of it is kept for recording.
  const { metrics, thrown } = await handled(created(`team/${prefix}manifest.json`), broken, 15_000);
  expect(metrics[0]).toMatchObject({ VerificationPassed: 0, VerificationUnverified: 1 });
  expect(thrown?.message).toContain('the time that the function may take was over');
  expect(await readVerification(store, prefix)).toMatchObject({ outcome: 'could not verify' });
});

test('a verification is stopped early enough to be recorded', async () => {
  const timers = jest.spyOn(global, 'setTimeout');
  const { store } = clockedStore();
  const { prefix } = await storePoint(store);
  await handled(created(`team/${prefix}manifest.json`), store, 300_000);
  expect(timers.mock.calls.map(([, ms]) => ms)).toContain(285_000);
  timers.mockRestore();
});

test('a sweep verifies all and says so', async () => {
  const { store } = clockedStore();
  await storePoint(store);
  const { prefix } = await storePoint(store, { time: '2026-11-19T02:00:00Z' });
  store.delete(`${prefix}orders/data-001.dump.zst`);
  const { lines, metrics, thrown } = await handled({ action: 'sweep' }, store);
  expect(thrown).toBeUndefined();
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'sweep', passed: 1, failed: 1, unverified: 0, left: 0, errors: 0 }),
  );
  expect(metrics).toEqual([expect.objectContaining({ VerificationPassed: 1, VerificationFailed: 1 })]);
});

test('a sweep of nothing counts zeros', async () => {
  const { metrics } = await handled({ action: 'sweep' }, clockedStore().store);
  expect(metrics).toEqual([expect.objectContaining({ VerificationPassed: 0, VerificationFailed: 0 })]);
});

test('a sweep without time for one more point leaves it to the next', async () => {
  const { store } = clockedStore();
  await storePoint(store);
  const { lines } = await handled({ action: 'sweep' }, store, 45_000);
  expect(lines).toContainEqual(expect.objectContaining({ event: 'sweep', passed: 0, left: 1 }));
});

test('a sweep that could not record a result counts the others and throws', async () => {
  const { store } = clockedStore();
  await storePoint(store);
  const { prefix } = await storePoint(store, { time: '2026-11-19T02:00:00Z' });
  const broken = new FaultyStore(store, [{ on: 'put', key: `${prefix}verification.json`, effect: 'fail' }]);
  const { metrics, thrown } = await handled({ action: 'sweep' }, broken);
  expect(metrics[0]).toMatchObject({ VerificationPassed: 1 });
  expect(thrown).toMatchObject({ code: 'store-unreachable' });
  expect(thrown?.message).toMatch(/^1 recovery points could not be verified; 20261119T020000Z-aaaaaa: injected fault/);
});

describe('an event that must not have come is refused', () => {
  const good = 'team/orders/dump/daily/2026/11/20/20261120T020000Z-aaaaaa/manifest.json';
  test.each<[string, unknown]>([
    ['of another bucket', created(good, 'other')],
    ['of another source', created(good.replace('orders', 'other'))],
    ['of another component', created(good.replace('dump', 'files'))],
    ['outside the vault’s folder', created(good.replace('team/', ''))],
    ['about another object', created(good.replace('manifest.json', 'globals.sql.zst'))],
    ['about a manifest deeper down', created(good.replace('manifest', 'x/manifest'))],
    ['about no point', created('team/orders/dump/manifest.json')],
    ['of another kind', { 'detail-type': 'Object Deleted', detail: {} }],
    ['without a detail', { 'detail-type': 'Object Created' }],
    ['without a key', { 'detail-type': 'Object Created', detail: { bucket: { name: 'x' }, object: {} } }],
    ['that is empty', {}],
    ['that is nothing', null],
  ])('%s', async (_name, event) => {
    const { thrown, lines } = await handled(event, clockedStore().store);
    expect(thrown).toMatchObject({ code: 'usage' });
    expect(lines).toEqual([]);
  });
});

describe('settings', () => {
  test('are read', () => {
    const settings = readSettings({
      ...ENVIRONMENT,
      POSTGRES_BACKUP_MINIMUM_TABLES: '12',
      POSTGRES_BACKUP_MINIMUM_ROWS: '1000',
      POSTGRES_BACKUP_ENCRYPTION_KEY: 'arn:key',
      POSTGRES_BACKUP_LOCK_DURATION: '86400',
    });
    expect(settings).toEqual({
      vaultUri: 's3://acme-vault/team',
      vault: { bucket: 'acme-vault', prefix: 'team/' },
      source: 'orders',
      components: ['dump'],
      expectations: { minimumTables: 12, minimumRows: 1000, encryptionKey: 'arn:key', lockSeconds: 86_400 },
    });
    expect(readSettings(ENVIRONMENT).expectations).toEqual({ minimumTables: 1, minimumRows: 0 });
  });

  test.each([
    ['POSTGRES_BACKUP_VAULT', ''],
    ['POSTGRES_BACKUP_SOURCE', 'Orders'],
    ['POSTGRES_BACKUP_COMPONENTS', 'dumps'],
    ['POSTGRES_BACKUP_MINIMUM_TABLES', '-1'],
    ['POSTGRES_BACKUP_MINIMUM_ROWS', 'many'],
    ['POSTGRES_BACKUP_LOCK_DURATION', '14 days'],
  ])('%s that is %j is refused by name', (name, value) => {
    expect(() => readSettings({ ...ENVIRONMENT, [name]: value })).toThrow(name);
  });
});
