import { ENVIRONMENT, METRIC_NAMESPACE, METRICS } from '../../../../model';
import { publishFreshness, readFreshnessSettings } from '../../../../runtime/observe/status/publish-freshness';
import { failureOf } from '../../../support/failure-of';
import { Vault } from './support/vault';

async function published(vault: Vault, at: string): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  await publishFreshness({ store: vault.store, source: 'orders', now: () => new Date(at), write });
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
  for (const key of ['newestAge', 'newestVerifiedAge', 'lastRunFailed', 'pointsNotGood'] as const) {
    expect(line).toHaveProperty(METRICS[key].name, expect.any(Number));
  }
});

test('when it cannot be found out, nothing is published', async () => {
  const vault = new Vault('2026-11-20T02:00:00Z');
  await vault.succeed();
  const lines: string[] = [];
  const now = () => new Date('2026-11-19T00:00:00Z');
  const write = (line: string) => void lines.push(line);
  await failureOf(publishFreshness({ store: vault.store, source: 'orders', now, write }));
  expect(lines).toEqual([]);
});

const GOOD = { [ENVIRONMENT.vault]: 's3://acme-vault', [ENVIRONMENT.source]: 'orders' };

test('the settings come from the environment', () => {
  expect(readFreshnessSettings(GOOD)).toEqual({ vaultUri: 's3://acme-vault', source: 'orders' });
});

test.each([
  [{ [ENVIRONMENT.vault]: '' }, 'environment variable POSTGRES_BACKUP_VAULT is not set'],
  [{ [ENVIRONMENT.source]: undefined }, 'environment variable POSTGRES_BACKUP_SOURCE is not set'],
  [{ [ENVIRONMENT.source]: '../x' }, 'POSTGRES_BACKUP_SOURCE is "../x"'],
])('%j is refused', (change, message) => {
  expect(() => readFreshnessSettings({ ...GOOD, ...change })).toThrow(message);
});
