import { pointId, pointPrefix, VERIFICATION_CHECKS } from '../../../../model';
import { measureStatus } from '../../../../runtime/observe/status/measure-status';
import { readStatus } from '../../../../runtime/observe/status/read-status';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { manifestOf, Vault } from './support/vault';

async function statusOf(vault: Vault, at: string) {
  const status = await readStatus(vault.store, 'orders', new Date(at));
  return { ...status.components[0], measured: measureStatus(status)[0].values };
}

const DAY = '2026-11-20';

test('a source without any backup has an age all the same, and one that no objective allows', async () => {
  const { newest, newestVerified, oldest, measured } = await statusOf(
    new Vault(`${DAY}T02:00:00Z`),
    `${DAY}T03:00:00Z`,
  );
  expect({ newest, newestVerified, oldest }).toEqual({ newest: null, newestVerified: null, oldest: null });
  expect(measured).toEqual({
    newestAge: 315_360_000,
    newestVerifiedAge: 315_360_000,
    oldestVerificationAge: 0,
    lastRunFailed: 0,
    pointsNotGood: 0,
    pointsKept: 0,
  });
});

test('age counts from when the store heard of the run first, not from its end', async () => {
  const vault = new Vault(`${DAY}T02:00:00Z`);
  const writer = await vault.begin();
  await vault.at(`${DAY}T02:30:00Z`).succeedLater(writer);
  await vault.at(`${DAY}T02:31:00Z`).verify(writer.address);
  const { newest, newestVerified, measured } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(newest).toMatchObject({ storedBytes: 1200, items: 212_408, durationMs: 190_000, verification: 'passed' });
  expect(newestVerified?.begunAt).toEqual(new Date(`${DAY}T02:00:00Z`));
  expect(measured).toMatchObject({
    newestAge: 3600,
    newestVerifiedAge: 3600,
    pointsKept: 1,
    newestSize: 1200,
    newestRows: 212_408,
    newestDuration: 190,
  });
});

test('a name from the future makes a backup no newer than the store says', async () => {
  const vault = new Vault(`${DAY}T02:00:00Z`);
  await vault.succeed({ named: new Date('2027-01-01T00:00:00Z') });
  const genuine = await vault.at(`${DAY}T04:00:00Z`).succeed();
  const { newest, measured } = await statusOf(vault, `${DAY}T05:00:00Z`);
  expect(newest?.address).toEqual(genuine);
  expect(measured.newestAge).toBe(3600);
});

test('a backup whose verification failed is not the newest, and is counted', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const good = await vault.succeed();
  await vault.verify(good);
  const damaged = await vault.at(`${DAY}T02:00:00Z`).succeed();
  await vault.verify(damaged, 'failed');
  const { newest, newestVerified, notGood, measured } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(newest?.address).toEqual(good);
  expect(newestVerified?.address).toEqual(good);
  expect(notGood).toEqual([
    { address: damaged, outcome: 'failed', reason: 'globals.sql.zst: it is gone', unusual: false },
  ]);
  expect(measured).toMatchObject({ newestAge: 7200, pointsNotGood: 1, pointsKept: 2 });
});

test('one that is only unlike those before it rings while it is the newest, and no longer', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const shrunk = await vault.succeed();
  await vault.verify(shrunk, 'could not verify', undefined, VERIFICATION_CHECKS.itemHistory);
  expect((await statusOf(vault, `${DAY}T01:30:00Z`)).measured.pointsNotGood).toBe(1);
  await vault.at(`${DAY}T02:00:00Z`).verify(await vault.succeed());
  const { notGood, measured } = await statusOf(vault, `${DAY}T02:30:00Z`);
  expect(notGood).toMatchObject([{ address: shrunk, unusual: true }]);
  expect(measured.pointsNotGood).toBe(0);
});

test('what could not be verified, or not be read, is no good and never verified', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  await vault.verify(await vault.succeed(), 'could not verify');
  const garbled = await vault.at(`${DAY}T02:00:00Z`).succeed();
  await vault.store.put(`${pointPrefix(garbled)}verification.json`, Buffer.from('no JSON'));
  const { newest, newestVerified, notGood } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(newest).toMatchObject({ address: garbled, verification: 'not verified' });
  expect(newestVerified).toBeNull();
  expect(notGood.map(({ outcome }) => outcome)).toEqual(['could not verify', 'could not verify']);
});

test('a verification of another manifest than the one that is there verifies nothing', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const address = await vault.succeed();
  await vault.verify(address, 'passed', manifestOf(address, { warnings: ['another'] }));
  const { newest, newestVerified, notGood } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect({ newest, newestVerified }).toEqual({ newest: null, newestVerified: null });
  expect(notGood).toEqual([
    { address, outcome: 'failed', reason: 'its manifest is not the verified one', unusual: false },
  ]);
});

test('a manifest that is no good is passed over and told', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const good = await vault.succeed();
  const hollow = await vault.at(`${DAY}T02:00:00Z`).succeed({ manifest: { source: 'billing' } });
  const timeless = await vault.at(`${DAY}T02:30:00Z`).succeed({ manifest: { finishedAt: 'soon' } });
  const { newest, notGood } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(newest?.address).toEqual(good);
  expect(notGood).toEqual([
    { address: timeless, outcome: 'failed', reason: 'finishedAt is "soon", not a time', unusual: false },
    { address: hollow, outcome: 'failed', reason: 'its source is "billing", not "orders"', unusual: false },
  ]);
});

test('the last run that failed is told with its reason, until one of its class succeeds', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const failed = await vault.fail({ class: 'monthly' });
  await vault.at(`${DAY}T02:00:00Z`).succeed({ class: 'hourly' });
  const told = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(told.failedRuns).toEqual([
    {
      address: failed,
      failedAt: new Date(`${DAY}T01:00:00Z`),
      code: 'authentication-failed',
      message: 'the server refused: password authentication failed for user "backup"',
    },
  ]);
  expect(told.measured.lastRunFailed).toBe(1);
  await vault.at(`${DAY}T03:00:00Z`).succeed({ class: 'monthly' });
  const cleared = await statusOf(vault, `${DAY}T04:00:00Z`);
  expect(cleared.failedRuns).toEqual([]);
  expect(cleared.measured.lastRunFailed).toBe(0);
});

test('a run by hand that failed is told, and rings no alarm', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  await vault.fail({ class: 'manual' });
  const { failedRuns, measured } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(failedRuns).toHaveLength(1);
  expect(measured.lastRunFailed).toBe(0);
});

test('a run that left no word is at work for twelve hours, and killed after that', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const writer = await vault.begin();
  expect((await statusOf(vault, `${DAY}T13:00:00Z`)).measured.lastRunFailed).toBe(0);
  const { failedRuns, measured } = await statusOf(vault, `${DAY}T13:00:01Z`);
  expect(failedRuns).toMatchObject([{ address: writer.address, code: 'terminated' }]);
  expect(measured.lastRunFailed).toBe(1);
});

test('what is kept is counted by class, and the oldest told', async () => {
  const vault = new Vault(`${DAY}T01:00:00Z`);
  const first = await vault.succeed({ class: 'monthly' });
  await vault.at(`${DAY}T02:00:00Z`).succeed({ class: 'hourly' });
  await vault.at(`${DAY}T03:00:00Z`).succeed({ class: 'hourly' });
  const { kept, oldest } = await statusOf(vault, `${DAY}T03:00:00Z`);
  expect(kept).toEqual({ monthly: 1, hourly: 2 });
  expect(oldest && pointId(oldest.address)).toBe(pointId(first));
});

test('with a clock that is behind the store’s, an age would be too small: it is refused', async () => {
  const vault = new Vault(`${DAY}T02:00:00Z`);
  await vault.succeed();
  const failure = await failureOf(readStatus(vault.store, 'orders', new Date(`${DAY}T01:54:59Z`)));
  expect(failure.message).toBe('the clocks of this machine and of memory://vault do not agree');
});

test('a store that does not say when it received something has no ages', async () => {
  const vault = new Vault(`${DAY}T02:00:00Z`);
  const timeless = new MemoryStore();
  Object.defineProperty(vault, 'store', { value: timeless });
  await vault.succeed();
  const failure = await failureOf(readStatus(timeless, 'orders', new Date(`${DAY}T03:00:00Z`)));
  expect(failure.message).toContain('memory://vault does not say when it received');
});

test('when fifty in a row are no good, an older one is no comfort', async () => {
  const vault = new Vault(`${DAY}T00:00:00Z`);
  await vault.verify(await vault.succeed());
  for (let minute = 1; minute <= 50; minute += 1) {
    vault.now = new Date(Date.parse(`${DAY}T00:00:00Z`) + minute * 60_000);
    await vault.succeed({ manifest: { source: 'billing' } });
  }
  const { newest, newestVerified, measured } = await statusOf(vault, `${DAY}T01:00:00Z`);
  expect({ newest, newestVerified }).toEqual({ newest: null, newestVerified: null });
  expect(measured).toMatchObject({ newestAge: 315_360_000, pointsNotGood: 50, pointsKept: 51 });
});
