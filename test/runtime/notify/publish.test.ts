import { createNotice } from '../../../runtime/notify/notice';
import { publish } from '../../../runtime/notify/publish';
import { failureOf } from '../../support/failure-of';
import { answer, startWebhookServer, type AnswerWith, type WebhookServer } from './webhook-server';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:alarms';
const environment = { ...process.env };
let server: WebhookServer;

afterEach(async () => {
  process.env = { ...environment };
  await server.close();
});

async function publishTo(answerWith: AnswerWith, title = 'orders: alles grün\nund gut'): Promise<void> {
  server = await startWebhookServer(answerWith);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SNS: server.url,
    AWS_ACCESS_KEY_ID: 'FUNCTION',
    AWS_SECRET_ACCESS_KEY: 'function-secret',
  });
  const notice = createNotice({ state: 'information', title, at: new Date('2026-11-20T06:00:00Z'), origin: {} });
  await publish(TOPIC, { notice, text: 'orders: alles grün\nSize: 1 GB' });
}

test('a mail gets the text, a function the notice; the subject is what SNS takes as one', async () => {
  const taken = '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  await publishTo(answer(200, taken, { 'content-type': 'text/xml' }), `orders: alles grün ${'x'.repeat(200)}`);
  const sent = new URLSearchParams(server.received[0].body);
  expect(sent.get('Subject')).toMatch(/^orders: alles gr\?n x+$/);
  expect(sent.get('Subject')?.length).toBeLessThan(100);
  const message = JSON.parse(sent.get('Message') ?? '') as Record<string, string>;
  expect(message.default).toBe('orders: alles grün\nSize: 1 GB');
  expect(JSON.parse(message.lambda)).toMatchObject({ format: 'postgres-backup/notice/1', state: 'information' });
});

test('a topic that refuses is told with its name and what the function needs', async () => {
  const denied =
    '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>not allowed</Message></Error></ErrorResponse>';
  const error = await failureOf(publishTo(answer(403, denied, { 'content-type': 'text/xml' })));
  expect(error).toMatchObject({ code: 'notification-failed', message: `cannot publish to ${TOPIC}` });
  expect(error.detail).toContain('not allowed');
  expect(error.hint).toContain('sns:Publish');
});
