/** What a day, or a week, is reported to have been: every run that ended in it, and what is missing. */
import { latestReportKey, pointId, reportKey, type SummaryRule } from '../../../../model';
import { reporting } from './reporting';

test('the report of a day has every run that ended in it, and is stored as the newest too', async () => {
  const it = reporting('2026-11-19T01:00:00Z');
  const old = await it.vault.succeed();
  await it.vault.at('2026-11-19T14:00:00Z').fail({ class: 'hourly' });
  const good = await it.vault.at('2026-11-20T02:00:00Z').succeed();
  await it.vault.verify(good);
  await it.vault.at('2026-11-20T05:40:00Z').succeed({ class: 'hourly' });
  it.vault.at('2026-11-20T06:00:00Z');
  await it.handle({ action: 'day' });

  const report = it.report(reportKey('orders', it.vault.now, 'day'));
  expect(report).toEqual(it.report(latestReportKey('orders')));
  expect(report).toMatchObject({
    kind: 'day',
    from: '2026-11-19T06:00:00.000Z',
    to: '2026-11-20T06:00:00.000Z',
    outcome: 'failed',
    totals: { runs: 3, passed: 1, failed: 1, unverified: 0, pending: 1, errors: 1, storedBytes: 2400 },
  });
  const [dump] = report.components;
  expect(dump.runs.map(({ outcome }) => outcome)).toEqual(['pending', 'passed', 'failed']);
  expect(dump.runs.map(({ point }) => point)).not.toContain(pointId(old));
  expect(dump.kept).toBe(3);
  expect(dump.objectives).toEqual([
    { objective: 'newest', ageSeconds: 1200, objectiveSeconds: 93_600, met: true },
    { objective: 'newest verified', ageSeconds: 14_400, objectiveSeconds: 97_200, met: true },
  ]);
});

test('a run that was killed without a word is in the report of the day on which that is known', async () => {
  const it = reporting('2026-11-19T01:00:00Z');
  await it.vault.begin();
  const days = ['2026-11-19T06:00:00Z', '2026-11-20T06:00:00Z', '2026-11-21T06:00:00Z'];
  const seen: unknown[] = [];
  for (const day of days) {
    it.vault.at(day);
    await it.handle({ action: 'day' });
    const { totals } = it.report(reportKey('orders', it.vault.now, 'day'));
    seen.push([totals.pending, totals.failed]);
  }
  expect(seen).toEqual([
    [1, 0],
    [0, 1],
    [0, 0],
  ]);
});

test('a backup that nobody verified within an hour is not good', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  await it.vault.succeed();
  it.vault.at('2026-11-20T06:00:00Z');
  await it.handle({ action: 'day' });
  expect(it.report(latestReportKey('orders')).components[0].runs).toMatchObject([
    { outcome: 'could not verify', verification: 'not verified', errors: [{ code: 'verification' }] },
  ]);
});

test('a component that must be there and never ran is missing, not absent', async () => {
  const it = reporting('2026-11-20T02:00:00Z', 'never', ['dump', 'files']);
  await it.vault.verify(await it.vault.succeed());
  await it.handle({ action: 'day' });
  expect(it.report(latestReportKey('orders'))).toMatchObject({
    outcome: 'failed',
    components: [
      { component: 'dump', outcome: 'passed' },
      { component: 'files', outcome: 'failed', totals: { runs: 0 } },
    ],
  });
});

test('a day on which nothing was made is not good, however good all that is kept', async () => {
  const it = reporting('2026-11-18T02:00:00Z');
  await it.vault.verify(await it.vault.succeed());
  it.vault.at('2026-11-20T06:00:00Z');
  await it.handle({ action: 'day' });
  expect(it.report(latestReportKey('orders'))).toMatchObject({ outcome: 'failed', totals: { runs: 0 } });
  expect(it.published).toHaveLength(1);
  expect(it.published[0].notice).toMatchObject({ state: 'alarm' });
  expect(it.published[0].text).toContain('orders: not all is good: no backup in the last 24 hours');
});

describe('of a day on which all is good', () => {
  test.each<[SummaryRule, number]>([
    ['always', 1],
    ['when not good', 0],
    ['never', 0],
  ])('people are told %s: %d messages', async (rule, messages) => {
    const it = reporting('2026-11-20T02:00:00Z', rule);
    await it.vault.verify(await it.vault.succeed());
    await it.handle({ action: 'day' });
    expect(it.published).toHaveLength(messages);
  });

  test('the week is told whatever is said of days, in words that can stand alone', async () => {
    const it = reporting('2026-11-20T02:00:00Z', 'never');
    await it.vault.verify(await it.vault.succeed());
    it.vault.at('2026-11-20T03:00:00Z');
    await it.handle({ action: 'week' });
    expect(it.published[0].notice.state).toBe('information');
    expect(it.published[0].text).toBe(
      [
        'orders: all is good: 1 of 1 backup verified in the last 7 days',
        '',
        'dump: newest 1 h ago, newest verified 1 h ago, 1.2 kB in 3 min 10 s, 1 kept',
        '',
        'Look: postgres-backup status --vault memory://vault --source orders',
        'Report: memory://vault/orders/reports/2026/11/20/week.json',
      ].join('\n'),
    );
  });
});

test('reports end after 400 days, the newest and what is no report do not', async () => {
  const it = reporting('2025-10-01T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.verify(address);
  await it.written(address, 'verification.json');
  await it.handle({ action: 'day' });
  const oldDay = reportKey('orders', it.vault.now, 'day');
  it.vault.at('2026-11-20T02:00:00Z');
  await it.handle({ action: 'day' });

  const tagged: string[] = [];
  for await (const { key, versionId } of it.vault.store.versions('orders/')) {
    const tags = await it.vault.store.tags(key, versionId);
    if (tags['postgres-backup:expire'] === 'true') tagged.push(key);
  }
  expect(tagged).toEqual([
    oldDay,
    reportKey('orders', address.time, `run-dump-${pointId(address)}`),
    // The version of last year, not the newest.
    latestReportKey('orders'),
  ]);
  expect(await it.vault.store.tags(latestReportKey('orders'), null)).toEqual({});
  expect(it.lines).toContainEqual(expect.objectContaining({ event: 'reports-expired', marked: 3 }));
});
