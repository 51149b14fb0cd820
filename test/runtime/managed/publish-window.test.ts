/** What the watch of a managed window publishes, asked through the SDK over HTTP: what AWS says, leaves out and refuses. */
import { RDSClient } from '@aws-sdk/client-rds';
import { METRICS, type ManagedPromise } from '../../../model';
import { publishManagedWindow } from '../../../runtime/managed/publish-window';
import { failureOf } from '../../support/failure-of';
import {
  ago,
  automatedBackup,
  automatedBackups,
  cluster,
  CLUSTER_ACTIONS,
  clusterSnapshots,
  instance,
  INSTANCE_ACTIONS,
  snapshot,
  snapshots,
} from './support/answers';
import { Refusal, startRdsApi, type Action, type RdsApi } from './support/rds-api';

const ORDERS: ManagedPromise = {
  kind: 'instance',
  identifier: 'orders',
  retentionDays: 7,
  encrypted: true,
  deletionProtection: true,
};
const SHOP: ManagedPromise = { ...ORDERS, kind: 'cluster', identifier: 'shop' };
const { name: AGE } = METRICS.managedRestorableAge;
const { name: SNAPSHOT_AGE } = METRICS.managedSnapshotAge;
const { name: FINDINGS } = METRICS.managedFindings;

let api: RdsApi;
let client: RDSClient;

beforeAll(async () => {
  api = await startRdsApi();
  client = new RDSClient({
    endpoint: api.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'FUNCTION', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  client.destroy();
  await api.close();
});

beforeEach(() => void api.requests.splice(0));

interface Published {
  readonly metrics: Record<string, unknown>;
  readonly events: readonly Record<string, unknown>[];
  /** Kinds and outcomes of the findings. */
  readonly findings: readonly string[];
}

async function published(promise: ManagedPromise, signal = new AbortController().signal): Promise<Published> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  await publishManagedWindow({ source: 'orders', promise, client, now: () => new Date(), signal, write });
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const metrics = events.filter((event) => '_aws' in event);
  expect(metrics).toHaveLength(1);
  const findings = events
    .filter(({ event }) => event === 'managed-finding')
    .map(({ kind, outcome }) => `${String(kind)}: ${String(outcome)}`);
  expect(metrics[0][FINDINGS]).toBe(findings.length);
  return { metrics: metrics[0], events, findings };
}

async function ofInstance(changed: Record<string, Action>): Promise<Published> {
  api.actions = { ...INSTANCE_ACTIONS, ...changed };
  return published(ORDERS);
}

async function ofCluster(changed: Record<string, Action>): Promise<Published> {
  api.actions = { ...CLUSTER_ACTIONS, ...changed };
  return published(SHOP);
}

test('an instance as promised: no finding, and both ages', async () => {
  const { metrics, findings, events } = await ofInstance({});
  expect(findings).toEqual([]);
  expect(metrics).toMatchObject({ Source: 'orders', Component: 'wal' });
  expect(metrics[AGE]).toBeGreaterThanOrEqual(180);
  expect(metrics[AGE]).toBeLessThan(600);
  expect(metrics[SNAPSHOT_AGE]).toBeGreaterThanOrEqual(9 * 3600);
  expect(metrics[SNAPSHOT_AGE]).toBeLessThan(10 * 3600);
  expect(events).toContainEqual(expect.objectContaining({ event: 'managed-window', outcome: 'passed' }));
  expect(api.requests.map(({ DBInstanceIdentifier: asked }) => asked)).toEqual(['orders', 'orders', 'orders']);
  expect(api.requests.at(-1)).toMatchObject({ SnapshotType: 'automated' });
});

test('a cluster as promised: no finding, and both ages', async () => {
  const { metrics, findings } = await ofCluster({});
  expect(findings).toEqual([]);
  expect(metrics[AGE]).toBeLessThan(600);
  expect(metrics[SNAPSHOT_AGE]).toBeLessThan(10 * 3600);
  expect(api.requests.map(({ DBClusterIdentifier: asked }) => asked)).toEqual(['shop', 'shop']);
  expect(api.requests.at(-1)).toMatchObject({ SnapshotType: 'automated' });
});

test.each<[string, Record<string, string | undefined>, string[]]>([
  ['BackupRetentionPeriod', { BackupRetentionPeriod: undefined }, ['retention: could not verify']],
  ['StorageEncrypted', { StorageEncrypted: undefined }, ['encryption: could not verify']],
  ['DeletionProtection', { DeletionProtection: undefined }, ['deletion-protection: could not verify']],
  ['LatestRestorableTime', { LatestRestorableTime: undefined }, ['latest: could not verify']],
])('%s that AWS leaves out could not be verified, of either kind', async (_field, change, expected) => {
  const instances = await ofInstance({ DescribeDBInstances: () => instance(change) });
  const clusters = await ofCluster({ DescribeDBClusters: () => cluster(change) });
  expect([instances.findings, clusters.findings]).toEqual([expected, expected]);
  const known = expected[0].startsWith('latest') ? [false, true] : [true, true];
  for (const { metrics } of [instances, clusters]) expect([AGE in metrics, SNAPSHOT_AGE in metrics]).toEqual(known);
});

test.each<[string, Record<string, string | undefined>, string[]]>([
  ['shorter retention', { BackupRetentionPeriod: '3' }, ['retention: failed']],
  ['storage in the clear', { StorageEncrypted: 'false' }, ['encryption: failed']],
  ['deletion protection off', { DeletionProtection: 'false' }, ['deletion-protection: failed']],
])('drift, %s, is told and counted, of either kind', async (_what, change, expected) => {
  const instances = await ofInstance({ DescribeDBInstances: () => instance(change) });
  const clusters = await ofCluster({ DescribeDBClusters: () => cluster(change) });
  expect([instances.findings, clusters.findings]).toEqual([expected, expected]);
});

test('the window of an instance is that of its own automated backup, not of a deleted one of its name', async () => {
  const other = automatedBackup({ DbiResourceId: 'db-BEFORE' });
  const missing = await ofInstance({ DescribeDBInstanceAutomatedBackups: () => automatedBackups(other) });
  expect(missing.findings).toEqual(['earliest: could not verify']);
  const short = automatedBackup({ RestoreWindow: `<EarliestTime>${ago(20)}</EarliestTime>` });
  const late = await ofInstance({ DescribeDBInstanceAutomatedBackups: () => automatedBackups(other, short) });
  expect(late.findings).toEqual(['earliest: failed']);
  const nameless = await ofInstance({ DescribeDBInstances: () => instance({ DbiResourceId: undefined }) });
  expect(nameless.findings).toEqual(['earliest: could not verify']);
});

test('a cluster that does not say where its window begins could not be verified; one that begins late is told', async () => {
  const missing = await ofCluster({ DescribeDBClusters: () => cluster({ EarliestRestorableTime: undefined }) });
  expect(missing.findings).toEqual(['earliest: could not verify']);
  const late = await ofCluster({ DescribeDBClusters: () => cluster({ EarliestRestorableTime: ago(20) }) });
  expect(late.findings).toEqual(['earliest: failed']);
});

test('a snapshot that is still made is none, and without any there is no age', async () => {
  const creating = snapshot(0, { Status: 'creating', SnapshotCreateTime: undefined });
  const { metrics } = await ofInstance({ DescribeDBSnapshots: () => snapshots('', creating, snapshot(33)) });
  expect(metrics[SNAPSHOT_AGE]).toBeGreaterThanOrEqual(33 * 3600);
  const none = await ofInstance({ DescribeDBSnapshots: () => snapshots('', creating) });
  expect(none.findings).toEqual(['snapshot: failed']);
  expect(SNAPSHOT_AGE in none.metrics).toBe(false);
  const making = clusterSnapshots(1, { Status: 'creating' });
  expect((await ofCluster({ DescribeDBClusterSnapshots: () => making })).findings).toEqual(['snapshot: failed']);
});

test('a snapshot without a time could not be verified, of either kind', async () => {
  const timeless = { SnapshotCreateTime: undefined };
  const instances = await ofInstance({ DescribeDBSnapshots: () => snapshots('', snapshot(9, timeless)) });
  const clusters = await ofCluster({ DescribeDBClusterSnapshots: () => clusterSnapshots(9, timeless) });
  expect(instances.findings).toEqual(['snapshot: could not verify']);
  expect(clusters.findings).toEqual(['snapshot: could not verify']);
});

test('the newest snapshot may be on a later page', async () => {
  const pages: Record<string, string> = { '': snapshots('next', snapshot(33)), next: snapshots('', snapshot(9)) };
  const { metrics } = await ofInstance({ DescribeDBSnapshots: ({ Marker: marker = '' }) => pages[marker] });
  expect(metrics[SNAPSHOT_AGE]).toBeLessThan(10 * 3600);
});

test('answers without an end are given up', async () => {
  let page = 0;
  api.actions = { ...INSTANCE_ACTIONS, DescribeDBSnapshots: () => snapshots(`page-${++page}`, snapshot(33)) };
  expect((await failureOf(published(ORDERS))).message).toBe('Amazon RDS tells of more than 1000 snapshots');
});

test('an instance of a cluster has no window of its own', async () => {
  const { findings } = await ofInstance({ DescribeDBInstances: () => instance({ DBClusterIdentifier: 'shop' }) });
  expect(findings).toEqual(['database: failed']);
});

test.each<[string, ManagedPromise, Record<string, Action>]>([
  ['refused by name', ORDERS, { DescribeDBInstances: refused('DBInstanceNotFound', 404) }],
  ['an empty answer', ORDERS, { DescribeDBInstances: () => '<DBInstances/>' }],
  ['another one', ORDERS, { DescribeDBInstances: () => instance({ DBInstanceIdentifier: 'orders-2' }) }],
  ['refused by name', SHOP, { DescribeDBClusters: refused('DBClusterNotFoundFault', 404) }],
  ['an empty answer', SHOP, { DescribeDBClusters: () => '<DBClusters/>' }],
  ['another one', SHOP, { DescribeDBClusters: () => cluster({ DBClusterIdentifier: 'shop-2' }) }],
])('a database that is not there (%s) is a failure with no age', async (_how, promise, changed) => {
  api.actions = { ...INSTANCE_ACTIONS, ...CLUSTER_ACTIONS, ...changed };
  const { findings, metrics } = await published(promise);
  expect(findings).toEqual(['database: failed']);
  expect([AGE in metrics, SNAPSHOT_AGE in metrics]).toEqual([false, false]);
});

test.each([
  ['DescribeDBInstances', ORDERS],
  ['DescribeDBInstanceAutomatedBackups', ORDERS],
  ['DescribeDBSnapshots', ORDERS],
  ['DescribeDBClusters', SHOP],
  ['DescribeDBClusterSnapshots', SHOP],
])('without the right to %s, or when it fails, nothing is published', async (action, promise) => {
  for (const [code, expected] of [
    ['AccessDenied', 'store-denied'],
    ['InternalFailure', 'store-unreachable'],
  ]) {
    api.actions = { ...INSTANCE_ACTIONS, ...CLUSTER_ACTIONS, [action]: refused(code, 403) };
    const error = await failureOf(published(promise));
    expect(error).toMatchObject({ code: expected, detail: expect.stringContaining(code) as string });
    expect(error.message).toContain(`the ${promise.kind} "${promise.identifier}"`);
  }
});

test('when its time is over it asks no more, and publishes nothing', async () => {
  api.actions = INSTANCE_ACTIONS;
  const error = await failureOf(published(ORDERS, AbortSignal.abort()));
  expect(error.code).toBe('store-unreachable');
  expect(api.requests).toEqual([]);
});

function refused(code: string, status: number): Action {
  return () => {
    throw new Refusal(code, `refused: ${code}`, status);
  };
}
