import {
  ENVIRONMENT,
  EXPIRY_TAG,
  FUNCTION_ENVIRONMENT,
  METRIC_NAMESPACE,
  METRICS,
  NO_POINT_AGE_SECONDS,
  pointPrefix,
} from '../../../../model';
import { publishFreshness, readFreshnessSettings } from '../../../../runtime/observe/status/publish-freshness';
import { BackupError } from '../../../../runtime/errors';
import { readStatus } from '../../../../runtime/observe/status/read-status';
import { countRequests } from '../../../support/count-requests';
import { failureOf } from '../../../support/failure-of';
import { FaultyStore } from '../../../support/faulty-store';
import { Vault } from './support/vault';

async function published(vault: Vault, at: string): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  await publishFreshness({
    store: vault.store,
    source: 'orders',
    components: ['dump'],
    now: () => new Date(at),
    write,
  });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('ages are published as CloudWatch metrics of the source and its component', async () => {
  const vault = new Vault('2026-11-20T02:00:00Z');
  await vault.verify(await vault.succeed());
  const [line, ...others] = await published(vault, '2026-11-20T03:00:00Z');
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    _aws: {
      Timestamp: Date.parse('2026-11-20T03:00:00Z'),
      CloudWatchMetrics: [{ Namespace: METRIC_NAMESPACE, Dimensions: [['Source', 'Component']] }],
    },
    Source: 'orders',
    Component: 'dump',
    [METRICS.newestAge.name]: 3600,
    [METRICS.newestVerifiedAge.name]: 3600,
    [METRICS.newestSize.name]: 1200,
  });
});

test('every metric that an alarm looks at is there even of an empty vault', async () => {
  const [line] = await published(new Vault('2026-11-20T02:00:00Z'), '2026-11-20T03:00:00Z');
  for (const key of [
    'newestAge',
    'newestVerifiedAge',
    'oldestVerificationAge',
    'lastRunFailed',
    'pointsNotGood',
  ] as const) {
    expect(line).toHaveProperty(METRICS[key].name, expect.any(Number));
  }
});

test('a component that must be there and never ran is published as old, not left out', async () => {
  const vault = new Vault('2026-11-20T02:00:00Z');
  await vault.verify(await vault.succeed());
  const lines: string[] = [];
  const now = () => new Date('2026-11-20T03:00:00Z');
  const write = (line: string) => void lines.push(line);
  await publishFreshness({ store: vault.store, source: 'orders', components: ['dump', 'files'], now, write });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { Component: 'dump', [METRICS.newestAge.name]: 3600 },
    { Component: 'files', [METRICS.newestAge.name]: NO_POINT_AGE_SECONDS },
  ]);
});

test('a look costs three listings, however many recovery points are kept, and one reading of each result', async () => {
  const vault = new Vault('2026-11-19T00:00:00Z');
  for (let hour = 0; hour < 24; hour += 1) {
    await vault.at(new Date(Date.UTC(2026, 10, 19, hour)).toISOString()).verify(await vault.succeed());
  }
  const { store, requests } = countRequests(vault.store);
  const now = () => new Date('2026-11-20T00:00:00Z');
  await publishFreshness({ store, source: 'orders', components: ['dump'], now, write: () => undefined });
  // Of the newest, the manifest and the result besides. One mark is asked for: that of the longest unverified.
  expect(requests).toEqual({ list: 3, get: 24 + 2, tags: 1 });
});

test('the oldest verification is that of what is kept: what is marked to end, or verified again, ages no more', async () => {
  const vault = new Vault('2026-11-18T00:00:00Z');
  const first = await vault.succeed();
  await vault.at('2026-11-18T01:00:00Z').verify(first);
  const second = await vault.at('2026-11-18T06:00:00Z').succeed();
  await vault.at('2026-11-19T00:00:00Z').verify(await vault.succeed());
  const age = async () => {
    const [line] = await published(vault, '2026-11-20T00:00:00Z');
    return Number(line[METRICS.oldestVerificationAge.name]) / 3600;
  };
  expect(await age()).toBe(47);
  for (const name of ['manifest.json', 'verification.json']) {
    await vault.store.tag(`${pointPrefix(first)}${name}`, null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  }
  // Never verified: since its manifest.
  expect(await age()).toBe(42);
  await vault.at('2026-11-19T12:00:00Z').verify(second);
  expect(await age()).toBe(24);
});

test('a role that may not ask for marks takes all for kept', async () => {
  const vault = new Vault('2026-11-18T00:00:00Z');
  const first = await vault.succeed();
  await vault.verify(first);
  await vault.store.tag(`${pointPrefix(first)}manifest.json`, null, { [EXPIRY_TAG.key]: EXPIRY_TAG.value });
  const store = new FaultyStore(vault.store, [
    { on: 'tags', effect: 'fail', error: () => new BackupError('store-denied', '403') },
  ]);
  const status = await readStatus(store, 'orders', new Date('2026-11-20T00:00:00Z'));
  expect(status.components[0].oldestVerification).toEqual({ address: first, at: new Date('2026-11-18T00:00:00Z') });
});

test('when it cannot be found out, nothing is published', async () => {
  const vault = new Vault('2026-11-20T02:00:00Z');
  await vault.succeed();
  const lines: string[] = [];
  const now = () => new Date('2026-11-19T00:00:00Z');
  const write = (line: string) => void lines.push(line);
  await failureOf(publishFreshness({ store: vault.store, source: 'orders', components: ['dump'], now, write }));
  expect(lines).toEqual([]);
});

describe('the key of the vault', () => {
  const AT = '2026-11-20T03:00:00Z';

  async function publishedWith(keyState: () => Promise<string>, vault = new Vault('2026-11-20T02:00:00Z')) {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const ended = publishFreshness({
      store: vault.store,
      source: 'orders',
      components: ['dump'],
      now: () => new Date(AT),
      write,
      keyState,
    });
    const error = await ended.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { error, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  const usable = ({ lines }: { lines: Record<string, unknown>[] }) =>
    lines.flatMap((line) => (METRICS.keyUsable.name in line ? [line[METRICS.keyUsable.name]] : []));

  test.each([
    ['Enabled', 1],
    ['Updating', 1],
    ['Disabled', 0],
    ['PendingDeletion', 0],
    ['Unavailable', 0],
    ['a state of next year', 0],
  ])('in the state %s is published as %d', async (state, value) => {
    const published = await publishedWith(async () => state);
    expect(published.error).toBeUndefined();
    expect(usable(published)).toEqual([value]);
    expect(published.lines.at(-1)).toHaveProperty(METRICS.newestAge.name);
  });

  test('is published when nothing can be read for want of it', async () => {
    const vault = new Vault('2026-11-20T02:00:00Z');
    vault.store.list = () => {
      throw new BackupError('store-denied', 'KMS.DisabledException');
    };
    const published = await publishedWith(async () => 'Disabled', vault);
    expect(published.error).toMatchObject({ code: 'store-denied' });
    expect(usable(published)).toEqual([0]);
    expect(published.lines).toHaveLength(2);
  });

  test('of which nothing can be found out leaves its metric silent, which alarms, and keeps no other from being published', async () => {
    const published = await publishedWith(async () => {
      throw new BackupError('store-denied', 'it cannot be found out');
    });
    expect(published.error).toMatchObject({ code: 'store-denied' });
    expect(usable(published)).toEqual([]);
    expect(published.lines.at(-1)).toHaveProperty(METRICS.newestAge.name);
  });
});

const GOOD = {
  [ENVIRONMENT.vault]: 's3://acme-vault',
  [ENVIRONMENT.source]: 'orders',
  [FUNCTION_ENVIRONMENT.components]: '["dump","files"]',
};

test('the settings come from the environment', () => {
  expect(readFreshnessSettings(GOOD)).toEqual({
    vaultUri: 's3://acme-vault',
    source: 'orders',
    components: ['dump', 'files'],
  });
});

test.each([
  [{ [ENVIRONMENT.vault]: '' }, 'environment variable POSTGRES_BACKUP_VAULT is not set'],
  [{ [ENVIRONMENT.source]: undefined }, 'environment variable POSTGRES_BACKUP_SOURCE is not set'],
  [{ [ENVIRONMENT.source]: '../x' }, 'POSTGRES_BACKUP_SOURCE is "../x"'],
  [{ [FUNCTION_ENVIRONMENT.components]: undefined }, 'environment variable POSTGRES_BACKUP_COMPONENTS is not set'],
])('%j is refused', (change, message) => {
  expect(() => readFreshnessSettings({ ...GOOD, ...change })).toThrow(message);
});
