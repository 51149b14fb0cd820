import { readMessage } from '../../../runtime/notify/read-message';
import { alarmMessage, crossed, MISSING, NOW, topicMessage, type AlarmParts } from './alarms';

const notice = (parts: AlarmParts = {}) => readMessage(alarmMessage(parts), NOW);

describe('an alarm of the age', () => {
  test('tells how old the backup is, the objective, what to type and where to read on', () => {
    expect(notice()).toEqual({
      state: 'alarm',
      title: 'orders: newest verified backup is 26 h old (objective 25 h)',
      look: 'postgres-backup status --vault s3://acme-vault --source orders',
      runbookUrl:
        'https://github.com/cdk-postgres-backup/cdk-postgres-backup/blob/main/docs/runbooks/backup-too-old.md',
      at: new Date('2026-11-19T02:30:42.236Z'),
      origin: {
        source: 'orders',
        component: 'dump',
        alarm: 'orders-VerifiedBackupTooOld',
        region: 'eu-central-1',
        account: '123456789012',
      },
    });
  });

  test.each<[string, AlarmParts]>([
    [
      'orders: newest good backup is 2 h 5 min old (objective 2 h)',
      { metric: 'NewestBackupAge', reason: crossed('7500.0', 'was greater than', 7200), threshold: 7200 },
    ],
    [
      'orders: newest good backup is 8 days old (objective 7 days)',
      { metric: 'NewestBackupAge', reason: crossed('734400.0', 'was greater than', 655_200), threshold: 655_200 },
    ],
    [
      'orders: newest verified backup is 25 h 1 min old (objective 25 h)',
      { reason: crossed('90060.0', 'was greater than', 90_000) },
    ],
    ['orders objects: newest verified backup is 26 h old (objective 25 h)', { component: 'objects' }],
    [
      'orders: there is no verified backup (objective 25 h)',
      { reason: crossed('3.1536E8', 'was greater than', 90_000) },
    ],
    ['orders: it is not known how old the newest verified backup is (objective 25 h)', { reason: MISSING }],
    [
      'orders: newest verified backup is 42 min old again (objective 25 h)',
      { state: 'OK', reason: crossed('2520.0', 'was not greater than', 90_000) },
    ],
  ])('%s', (title, parts) => {
    expect(notice(parts).title).toBe(title);
  });

  test('that nothing was measured is quoted, in CloudWatch’s own words', () => {
    expect(notice({ reason: MISSING })).toMatchObject({ state: 'alarm', detail: MISSING });
  });

  test('whose state was set by hand does not make up an age', () => {
    const { title, detail } = notice({ reason: 'we practise' });
    expect(title).toBe('orders: it is not known how old the newest verified backup is (objective 25 h)');
    expect(detail).toBe('we practise');
  });
});

describe('another alarm', () => {
  const failed = { metric: 'LastRunFailed', threshold: 0, what: 'orders: the last scheduled run of a class failed.' };
  const reason = crossed('1.0', 'was greater than', 0);

  test('says the sentence it was deployed with, and why', () => {
    expect(notice({ ...failed, reason })).toMatchObject({
      state: 'alarm',
      title: 'orders: the last scheduled run of a class failed',
      detail: reason,
    });
  });

  test('that is over says what is over', () => {
    expect(notice({ ...failed, state: 'OK' })).toMatchObject({
      state: 'recovered',
      title: 'orders: good again',
      detail: 'No longer: the last scheduled run of a class failed.',
    });
  });

  test('over without a source in its metric is named by its sentence', () => {
    const parsed = JSON.parse(alarmMessage({ ...failed, state: 'OK' }).Message) as { Trigger: object };
    expect(readMessage(topicMessage({ ...parsed, Trigger: { Metrics: [] } }), NOW).title).toBe('orders: good again');
  });

  test.each(['INSUFFICIENT_DATA', 'SOMETHING_NEW'])('in the state %s is not known, which is not good', (state) => {
    expect(notice({ ...failed, state }).state).toBe('unknown');
  });

  test('without a description is told by its name', () => {
    const bare = topicMessage({ AlarmName: 'cpu', NewStateValue: 'ALARM' });
    expect(readMessage(bare, NOW)).toMatchObject({
      state: 'alarm',
      title: 'cpu',
      at: new Date('2026-11-19T02:30:43Z'),
    });
  });
});

describe('what is no alarm is passed on', () => {
  test.each(['disk full on db-1', '[1]', '{"half":', '{"AlarmName":"no state"}', '"text"'])('%s', (message) => {
    expect(readMessage(topicMessage(message, { Subject: 'From a colleague' }), NOW)).toMatchObject({
      state: 'information',
      title: 'From a colleague',
      detail: message,
    });
  });

  test('without a subject and without a time', () => {
    expect(readMessage({ MessageId: '1', Message: 'hello', Subject: null }, NOW)).toMatchObject({
      title: 'A message on the topic of the alarms',
      at: NOW,
    });
    expect(readMessage(topicMessage('hello', { Timestamp: 'yesterday' }), NOW).at).toEqual(NOW);
  });

  test('without a word', () => {
    expect(readMessage(topicMessage(' \n', { Subject: '  ' }), NOW)).toMatchObject({
      title: 'a message without words',
    });
  });
});

test('no text brings a line, a terminal’s command or turned writing of its own', () => {
  const { title, look } = notice({ metric: 'X', what: 'orders\u202e: \u001b[31mred', look: 'a\u2028b' });
  expect(title).toBe('orders\\u202e: \\x1b[31mred');
  expect(look).toBe('a\\u2028b');
});

test('texts are bounded, and never cut through a character', () => {
  const { title, detail } = readMessage(topicMessage('😀'.repeat(2000), { Subject: 'x'.repeat(1000) }), NOW);
  expect(title).toBe(`${'x'.repeat(249)}…`);
  expect(detail).toBe(`${'😀'.repeat(799)}…`);
});

test.each(['javascript:alert(1)', 'http://example.com/a.md', 'https://user:pass@example.com/', 'backup-too-old'])(
  'a runbook at %s is no link',
  (runbook) => {
    expect(notice({ runbook }).runbookUrl).toBeUndefined();
  },
);

describe('a notice of our own', () => {
  const published = (notice: Record<string, unknown>) =>
    readMessage(
      { MessageId: '1', Message: JSON.stringify({ format: 'postgres-backup/notice/1', ...notice }) },
      new Date('2026-11-20T06:00:00Z'),
    );

  test('arrives as it was published', () => {
    const notice = {
      state: 'information',
      title: 'orders: all is good',
      detail: 'dump: newest 42 min ago',
      look: 'postgres-backup status',
      at: '2026-11-20T05:59:00.000Z',
      origin: { source: 'orders' },
    };
    expect(published(notice)).toMatchObject({ ...notice, at: new Date(notice.at) });
  });

  test('that somebody else wrote is held to the form: nothing in it is good, steers a terminal or leads elsewhere', () => {
    const forged = published({
      state: 'fine',
      title: 'a\u001b[2J',
      runbookUrl: 'http://evil.example',
      at: 7,
      origin: [],
    });
    expect(forged).toMatchObject({ state: 'unknown', runbookUrl: undefined, at: new Date('2026-11-20T06:00:00Z') });
    expect(forged.title).not.toContain('\u001b');
    expect(published({}).title).toBe('a message without words');
  });
});

test('an alarm that a rule tells in plain words is one', () => {
  const text = 'ALARM: the recovery role arn:aws:iam::1:role/a.b was taken. By arn:x, from 192.0.2.1.';
  // EventBridge sends a text as a JSON string.
  for (const Message of [text, JSON.stringify(text)]) {
    expect(readMessage({ MessageId: 'x', Message }, new Date('2026-11-20T06:00:00Z'))).toMatchObject({
      state: 'alarm',
      title: 'the recovery role arn:aws:iam::1:role/a.b was taken',
      detail: 'By arn:x, from 192.0.2.1.',
    });
  }
});
