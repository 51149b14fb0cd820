/**
 * The notifying function as it is deployed: the bundled code, loaded by a Node of its own, with a secret that it reads from a
 * stand-in for Secrets Manager.
 */
import { FUNCTION_ENVIRONMENT } from '../../model';
import { alarmMessage, topicEvent } from '../runtime/notify/alarms';
import { answer, startWebhookServer, type AnswerWith, type WebhookServer } from '../runtime/notify/webhook-server';
import { callFunction } from './support/call-function';

const TOKEN = 's3cr3t-t0ken';
const SLACK = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:slack-AbCdEf';
const TEAMS = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:teams-AbCdEf';

let webhook: WebhookServer;
let secrets: WebhookServer;

/** Starts the other side: each secret holds an address of the webhook, with a path that ends in the secret's kind. */
async function start(...answers: readonly AnswerWith[]): Promise<void> {
  webhook = await startWebhookServer(...answers);
  secrets = await startWebhookServer((response) => {
    const { SecretId: id } = JSON.parse(secrets.received.at(-1)?.body ?? '') as { SecretId: string };
    const text = JSON.stringify({ url: `${webhook.url}/${TOKEN}/${/secret:(\w+)-/.exec(id)?.[1]}` });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ ARN: id, Name: id, SecretString: text }));
  });
}

afterEach(async () => {
  await webhook.close();
  await secrets.close();
});

const invoke = (...events: readonly unknown[]) =>
  callFunction(
    'notify',
    {
      [FUNCTION_ENVIRONMENT.destinations]: JSON.stringify([
        { kind: 'slack', secret: SLACK },
        { kind: 'teams', secret: TEAMS },
      ]),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    },
    events,
  );

const posted = () => webhook.received.map((one) => one.path?.split('/').at(-1)).sort();

test('an alarm is posted to each destination, whose address no line of the log tells', async () => {
  await start(answer(200));
  const { code, stderr, stdout } = await invoke(topicEvent(alarmMessage()));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(posted()).toEqual(['slack', 'teams']);
  expect(webhook.received[0].body).toContain('orders: newest verified backup is 26 h old (objective 25 h)');
  expect(stdout.trim().split('\n')).toHaveLength(2);
  expect(stdout).not.toContain(TOKEN);
});

test('what one destination refuses ends the run with an error; repeated, it goes to that one alone', async () => {
  const refuseOnce: AnswerWith = (response, request) => {
    const again = webhook.received.filter((one) => one.path === request.url).length > 1;
    response.writeHead(request.url?.endsWith('slack') && !again ? 404 : 200).end();
  };
  await start(refuseOnce);
  const event = topicEvent(alarmMessage());
  const { code, stderr, stdout } = await invoke(event, event);
  expect(code).toBe(1);
  expect(stderr).toBe('1 of 2 messages were not delivered; slack did not take the message');
  expect(posted()).toEqual(['slack', 'slack', 'teams']);
  expect(stdout + stderr).not.toContain(TOKEN);
});
