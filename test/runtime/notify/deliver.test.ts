import type { Destination } from '../../../model';
import { deliver, type Surroundings } from '../../../runtime/notify/deliver';
import type { Notice } from '../../../runtime/notify/notice';
import { BackupError } from '../../../runtime/errors';
import { failureOf } from '../../support/failure-of';
import { alarmMessage, NOW, topicEvent, topicMessage } from './alarms';

const SLACK: Destination = { kind: 'slack', secret: 'arn:slack' };
const TEAMS: Destination = { kind: 'teams', secret: 'arn:teams' };
const MAIL: Destination = { kind: 'webhook', secret: 'arn:webhook' };

function surroundings(failing: readonly Destination[] = []) {
  const sent: { readonly notice: Notice; readonly destination: Destination }[] = [];
  const lines: string[] = [];
  const broken = new Set(failing);
  const given: Surroundings = {
    destinations: [SLACK, TEAMS, MAIL],
    send: async (notice, destination) => {
      if (broken.has(destination)) {
        throw new BackupError('notification-failed', `${destination.kind} did not take the message`, {
          detail: 'it answered 500',
        });
      }
      sent.push({ notice, destination });
    },
    delivered: new Set(),
    write: (line) => void lines.push(line),
    now: () => NOW,
  };
  const events = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { given, sent, events, broken };
}

test('a message goes to every destination, and the log tells so', async () => {
  const { given, sent, events } = surroundings();
  await deliver(topicEvent(alarmMessage()), given);
  expect(sent.map(({ destination }) => destination)).toEqual([SLACK, TEAMS, MAIL]);
  expect(sent[0].notice.title).toBe('orders: newest verified backup is 26 h old (objective 25 h)');
  expect(events()[0]).toEqual({
    time: NOW.toISOString(),
    level: 'info',
    event: 'notified',
    destination: 'slack',
    secret: 'arn:slack',
    message: alarmMessage().MessageId,
    title: 'orders: newest verified backup is 26 h old (objective 25 h)',
  });
});

test('one that fails keeps no other from being told, and fails the run so that the platform repeats it', async () => {
  const { given, sent, events } = surroundings([SLACK]);
  const error = await failureOf(deliver(topicEvent(alarmMessage()), given));
  expect(sent.map(({ destination }) => destination)).toEqual([TEAMS, MAIL]);
  expect(error).toMatchObject({
    code: 'notification-failed',
    message: '1 of 3 messages were not delivered; slack did not take the message',
    detail: 'it answered 500',
  });
  expect(events().map(({ event, destination }) => [event, destination])).toEqual(
    expect.arrayContaining([
      ['not-notified', 'slack'],
      ['notified', 'teams'],
      ['notified', 'webhook'],
    ]),
  );
});

test('what is repeated tells only those that were not told', async () => {
  const { given, sent, broken } = surroundings([SLACK]);
  await failureOf(deliver(topicEvent(alarmMessage()), given));
  broken.clear();
  await deliver(topicEvent(alarmMessage()), given);
  expect(sent.map(({ destination }) => destination)).toEqual([TEAMS, MAIL, SLACK]);
});

test('two messages of the same words are two', async () => {
  const { given, sent } = surroundings();
  const again = { ...alarmMessage(), MessageId: 'another' };
  await deliver(topicEvent(alarmMessage(), again), given);
  await deliver(topicEvent({ ...again, MessageId: 'a third' }), given);
  expect(sent).toHaveLength(9);
});

test('what was delivered is remembered within bounds', async () => {
  const { given } = surroundings();
  const messages = Array.from({ length: 400 }, (_, index) => topicMessage('hello', { MessageId: `m${index}` }));
  await deliver(topicEvent(...messages), given);
  expect(given.delivered.size).toBe(500);
  expect([...given.delivered].at(-1)).toBe('m399 webhook arn:webhook');
});

test.each([
  undefined,
  null,
  {},
  { Records: [] },
  { Records: [null] },
  { Records: [{ s3: {} }] },
  { Records: [{ Sns: { Message: 'x' } }] },
])('the event %j is refused: what is not understood is kept, not dropped', async (event) => {
  const { given, sent } = surroundings();
  const error = await failureOf(deliver(event, given));
  expect(error.message).toBe('the event is not one of Amazon SNS');
  expect(sent).toEqual([]);
});

test('a defect of ours in one destination is told as one, after the others were told', async () => {
  const { given, sent } = surroundings();
  const send: Surroundings['send'] = async (notice, destination) => {
    if (destination === SLACK) throw new TypeError('undefined is not a function');
    await given.send(notice, destination);
  };
  const error = await failureOf(deliver(topicEvent(alarmMessage()), { ...given, send }));
  expect(error.code).toBe('internal');
  expect(sent).toHaveLength(2);
});
