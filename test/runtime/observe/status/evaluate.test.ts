import { objectivesFor } from '../../../../model';
import { evaluate } from '../../../../runtime/observe/status/evaluate';
import { readStatus } from '../../../../runtime/observe/status/read-status';
import { Vault } from './support/vault';

const DAILY = objectivesFor(24 * 3600);

async function resultsAt(vault: Vault, at: string) {
  const results = evaluate(await readStatus(vault.store, 'orders', new Date(at)), DAILY);
  return results.map(({ objective, ageSeconds, met }) => [objective, ageSeconds, met]);
}

test('an objective is met to the second, and missed after it', async () => {
  const vault = new Vault('2026-11-20T00:00:00Z');
  await vault.verify(await vault.succeed());
  expect(await resultsAt(vault, '2026-11-21T02:00:00Z')).toEqual([
    ['newest', 26 * 3600, true],
    ['newest verified', 26 * 3600, true],
  ]);
  expect(await resultsAt(vault, '2026-11-21T02:00:01Z')).toMatchObject([
    ['newest', 26 * 3600 + 1, false],
    ['newest verified', 26 * 3600 + 1, true],
  ]);
});

test('backups that nobody verifies miss one objective, no backups miss both', async () => {
  const vault = new Vault('2026-11-20T00:00:00Z');
  expect(await resultsAt(vault, '2026-11-20T00:00:00Z')).toEqual([
    ['newest', null, false],
    ['newest verified', null, false],
  ]);
  await vault.succeed();
  expect(await resultsAt(vault, '2026-11-20T00:00:30Z')).toEqual([
    ['newest', 30, true],
    ['newest verified', null, false],
  ]);
});
