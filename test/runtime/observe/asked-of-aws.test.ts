/** What is asked of AWS itself: the state of a key, and who asks. The other side is a server on this machine. */
import { readCallerIdentity } from '../../../runtime/observe/caller-identity';
import { readKeyState } from '../../../runtime/observe/status/key-state';
import { failureOf } from '../../support/failure-of';
import { answer, startWebhookServer, type AnswerWith, type WebhookServer } from '../notify/webhook-server';

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/0123';
const JSON_1_1 = { 'content-type': 'application/x-amz-json-1.1' };
const environment = { ...process.env };
let server: WebhookServer;

afterEach(async () => {
  process.env = { ...environment };
  await server.close();
});

async function answerWith(response: AnswerWith): Promise<void> {
  server = await startWebhookServer(response);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: server.url,
    AWS_ENDPOINT_URL_STS: server.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'FUNCTION',
    AWS_SECRET_ACCESS_KEY: 'function-secret',
  });
}

test('the state of a key is asked of KMS, by the key’s whole name', async () => {
  await answerWith(
    answer(200, JSON.stringify({ KeyMetadata: { KeyId: '0123', KeyState: 'PendingDeletion' } }), JSON_1_1),
  );
  expect(await readKeyState(KEY)).toBe('PendingDeletion');
  expect(JSON.parse(server.received[0].body)).toEqual({ KeyId: KEY });
});

test.each<[string, AnswerWith]>([
  ['that may not be asked', answer(400, JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }), JSON_1_1)],
  ['of which the answer has no state', answer(200, JSON.stringify({ KeyMetadata: { KeyId: '0123' } }), JSON_1_1)],
])('a key %s has no state that could be taken for a good one', async (_name, response) => {
  await answerWith(response);
  const error = await failureOf(readKeyState(KEY));
  expect(error).toMatchObject({ code: 'store-denied' });
  expect(error.message).toContain(KEY);
});

test('who runs it is what STS says', async () => {
  const arn = 'arn:aws:sts::111122223333:assumed-role/Restore/0123456789abcdef';
  const body = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  await answerWith(answer(200, body, { 'content-type': 'text/xml' }));
  expect(await readCallerIdentity()).toBe(arn);
});

test('where it cannot be found out, a restore goes on, and the record says why', async () => {
  const body = '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>over</Message></Error></ErrorResponse>';
  await answerWith(answer(403, body, { 'content-type': 'text/xml' }));
  expect(await readCallerIdentity()).toMatch(/^not known: \w+/);
});
