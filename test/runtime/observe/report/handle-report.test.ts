/** What is reported of a run, and what of a task; and what a dead man's switch is told. */
import { METRICS, pointPrefix, serialiseManifest } from '../../../../model';
import { BackupError } from '../../../../runtime/errors';
import { failureOf } from '../../../support/failure-of';
import { manifestOf } from '../status/support/vault';
import { reporting } from './reporting';

test('a run that was verified is reported, and the switch is told that it is proven', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const writer = await it.vault.begin();
  await it.written(writer.address, 'started.json');
  await it.vault.at('2026-11-20T02:03:10Z').succeedLater(writer);
  await it.vault.at('2026-11-20T02:04:00Z').verify(writer.address);
  await it.written(writer.address, 'verification.json');

  expect(it.beats.map(({ beat }) => beat)).toEqual(['started', 'proven']);
  expect(new Set(it.beats.map(({ run }) => run)).size).toBe(1);
  expect(it.reportOf(writer.address)).toMatchObject({
    format: 'postgres-backup/report/1',
    kind: 'run',
    source: 'orders',
    from: '2026-11-20T02:00:00.000Z',
    to: '2026-11-20T02:03:10.000Z',
    outcome: 'passed',
    totals: { runs: 1, passed: 1, failed: 0, storedBytes: 1200, objects: 1, items: 212_408, errors: 0 },
    heartbeat: 'told',
    components: [{ component: 'dump', runs: [{ verification: 'passed', class: 'daily' }] }],
  });
});

test('that a run ended says nothing: its manifest alone tells the switch nothing', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  const error = await failureOf(it.written(address, 'manifest.json'));
  expect(error.code).toBe('usage');
  expect(it.beats).toEqual([]);
});

test('a sweep that verifies the same again does not tell the switch that a backup was made', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.verify(address);
  await it.written(address, 'verification.json');
  for (const day of ['2026-11-21T01:00:00Z', '2026-11-22T01:00:00Z', '2026-12-22T01:00:00Z']) {
    await it.vault.at(day).verify(address);
    await it.written(address, 'verification.json');
  }
  expect(it.beats.map(({ beat }) => beat)).toEqual(['proven']);
});

test('the first sweep of a vault that is full already tells nothing of old backups', async () => {
  const it = reporting('2026-11-01T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.at('2026-11-20T02:00:00Z').verify(address);
  await it.written(address, 'verification.json');
  expect(it.beats).toEqual([]);
  expect(it.reportOf(address)).toBeNull();
});

test('one that is verified too late for the objective is reported, but not as a sign of life', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.at('2026-11-21T06:00:00Z').verify(address);
  await it.written(address, 'verification.json');
  expect(it.beats).toEqual([]);
  expect(it.reportOf(address)).toMatchObject({ outcome: 'passed', heartbeat: null });
});

test.each([
  ['failed', 'failed'],
  ['could not verify', 'not verified'],
] as const)('a verification that ended with "%s" is told as "%s", and what was found', async (outcome, beat) => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.verify(address, outcome);
  await it.written(address, 'verification.json');
  expect(it.beats).toMatchObject([{ beat }]);
  expect(it.beats[0].words).toContain('verification: globals.sql.zst: it is gone');
  expect(it.reportOf(address)).toMatchObject({ outcome, totals: { errors: 1 } });
});

test('a backup that was good and is found damaged later is told, and one that is good again too', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  for (const [time, outcome] of [
    ['2026-11-20T02:01:00Z', 'passed'],
    ['2026-11-20T12:00:00Z', 'failed'],
    ['2026-11-20T18:00:00Z', 'passed'],
  ] as const) {
    await it.vault.at(time).verify(address, outcome);
    await it.written(address, 'verification.json');
  }
  expect(it.beats.map(({ beat }) => beat)).toEqual(['proven', 'failed', 'proven']);
});

test('a run that failed is reported with its own words', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.fail();
  await it.written(address, 'failure.json');
  expect(it.beats).toMatchObject([{ beat: 'failed' }]);
  expect(it.beats[0].words).toContain('authentication-failed: the server refused');
  expect(it.reportOf(address)).toMatchObject({
    outcome: 'failed',
    components: [{ runs: [{ storedBytes: null, errors: [{ code: 'authentication-failed' }] }] }],
  });
});

test('a run that is repeated is told by each of its attempts, and is proven by the one that made it', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.fail();
  await it.written(address, 'failure.json');
  const prefix = pointPrefix(address);
  const put = (name: string, record: object) =>
    it.vault.store.put(`${prefix}${name}`, Buffer.from(JSON.stringify(record)));
  it.vault.at('2026-11-20T02:10:00Z');
  await put('started-2.json', {});
  await it.written(address, 'started-2.json');
  it.vault.at('2026-11-20T02:20:00Z');
  await put('failure-2.json', { code: 'table-locked', message: 'a table is locked' });
  await it.written(address, 'failure-2.json');
  await it.written(address, 'failure-2.json');
  expect(it.beats.map(({ beat }) => beat)).toEqual(['failed', 'started', 'failed']);
  expect(it.beats[2].words).toContain('table-locked');

  it.vault.at('2026-11-20T02:30:00Z');
  await put('started-3.json', {});
  await it.written(address, 'started-3.json');
  await it.vault.store.put(`${prefix}manifest.json`, Buffer.from(serialiseManifest(manifestOf(address))));
  await it.vault.verify(address);
  await it.written(address, 'verification.json');
  expect(it.beats.slice(3).map(({ beat }) => beat)).toEqual(['started', 'proven']);
  expect(new Set(it.beats.map(({ run }) => run)).size).toBe(1);
});

test('a switch that takes nothing is warned of and counted, the report is stored all the same, and it is told later', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.verify(address);
  it.switchIsDown = true;
  await failureOf(it.written(address, 'verification.json'));
  expect(it.reportOf(address)).toMatchObject({ outcome: 'passed', heartbeat: 'not told' });
  expect(it.metric(METRICS.heartbeatFailed.name)).toEqual([1]);
  expect(it.lines).toContainEqual(expect.objectContaining({ level: 'warning', event: 'heartbeat-failed' }));

  it.switchIsDown = false;
  await it.written(address, 'verification.json');
  expect(it.beats).toMatchObject([{ beat: 'proven' }]);
  expect(it.reportOf(address)).toMatchObject({ heartbeat: 'told' });
});

test('what a database or a failure put into words begins no line and steers no terminal', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const writer = await it.vault.begin();
  await writer.fail(new BackupError('dump-failed', 'bad\nReport: s3://evil \u001b[2J'), it.vault.now);
  await it.written(writer.address, 'failure.json');
  await it.handle({ action: 'day' });
  for (const text of [it.beats[0].words, it.published[0].text]) {
    expect(text.split('\n').filter((line) => line.startsWith('Report: s3://evil'))).toEqual([]);
    expect(text).not.toContain('\u001b');
  }
});

describe('a task', () => {
  const change = (detail: Record<string, unknown>) => ({
    action: 'task',
    component: 'dump',
    detail: {
      taskArn: 'arn:aws:ecs:eu-central-1:111122223333:task/backup/0123456789abcdef',
      taskDefinitionArn: 'arn:aws:ecs:eu-central-1:111122223333:task-definition/backup:7',
      lastStatus: 'STOPPED',
      ...detail,
    },
  });

  test('that never started is counted, logged with its reason, and the switch is told', async () => {
    const it = reporting('2026-11-20T02:00:00Z');
    const reason = 'CannotPullContainerError: pull access denied';
    await it.handle(change({ stopCode: 'TaskFailedToStart', stoppedReason: reason, containers: [{ name: 'backup' }] }));
    expect(it.metric(METRICS.taskNotStarted.name)).toEqual([1]);
    expect(it.lines[0]).toMatchObject({ level: 'error', event: 'task', stopCode: 'TaskFailedToStart', reason });
    expect(it.beats).toMatchObject([{ beat: 'failed', words: `orders: the dump task never started: ${reason}` }]);
  });

  test('that makes sets and never started is counted with the dump’s, and told by its name', async () => {
    const it = reporting('2026-11-20T02:00:00Z');
    const stopped = change({ stopCode: 'TaskFailedToStart', stoppedReason: 'no capacity', containers: [] });
    await it.handle({ ...stopped, purpose: 'sets' });
    expect(it.metric(METRICS.taskNotStarted.name)).toEqual([1]);
    expect(it.beats).toMatchObject([{ words: 'orders: the task that makes sets never started: no capacity' }]);
  });

  test('that read a recovery point whole and found it good is counted; one that did not, or that backs up, is not', async () => {
    const it = reporting('2026-11-20T02:00:00Z');
    const ended = (exitCode: number) => change({ stopCode: 'EssentialContainerExited', containers: [{ exitCode }] });
    await it.handle({ ...ended(1), purpose: 'full-read' });
    await it.handle({ ...ended(3), purpose: 'full-read' });
    await it.handle(ended(0));
    await it.handle({ ...change({ lastStatus: 'RUNNING' }), purpose: 'full-read' });
    expect(it.metric(METRICS.fullReadPassed.name)).toEqual([]);
    await it.handle({ ...ended(0), purpose: 'full-read' });
    expect(it.metric(METRICS.fullReadPassed.name)).toEqual([1]);
  });

  test('that ran is logged for who asks later, and counted by what it did itself', async () => {
    const it = reporting('2026-11-20T02:00:00Z');
    await it.handle(change({ lastStatus: 'RUNNING', startedBy: 'chronos-schedule/x' }));
    await it.handle(change({ stopCode: 'EssentialContainerExited', containers: [{ exitCode: 0 }] }));
    await it.handle(
      change({ stopCode: 'EssentialContainerExited', containers: [{ exitCode: 137, reason: 'OutOfMemoryError' }] }),
    );
    expect(it.lines.map(({ level, status, exitCode }) => [level, status, exitCode])).toEqual([
      ['info', 'RUNNING', undefined],
      ['info', 'STOPPED', 0],
      ['error', 'STOPPED', 137],
    ]);
    expect(it.beats).toEqual([]);
  });
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['an action of another kind', { action: 'month' }],
  ['a change of nothing', { action: 'task', component: 'dump', detail: {} }],
  ['a task of no component', { action: 'task', component: 'dumps', detail: { taskArn: 'x', lastStatus: 'RUNNING' } }],
])('an event with %s is refused', async (_name, event) => {
  expect(await failureOf(reporting('2026-11-20T02:00:00Z').handle(event))).toMatchObject({ code: 'usage' });
});

test('the record of another source is refused', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = { ...(await it.vault.succeed()), source: 'billing' };
  expect(await failureOf(it.written(address, 'verification.json'))).toMatchObject({ code: 'usage' });
});

test('another manifest in the place of the verified one is failed', async () => {
  const it = reporting('2026-11-20T02:00:00Z');
  const address = await it.vault.succeed();
  await it.vault.verify(address, 'passed', manifestOf(address, { warnings: ['another'] }));
  await it.written(address, 'verification.json');
  expect(it.reportOf(address)).toMatchObject({ outcome: 'failed' });
});
