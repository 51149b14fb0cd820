import { sendHeartbeat, type Beat } from '../../../runtime/notify/heartbeat';
import { POST_LIMITS, type PostLimits } from '../../../runtime/notify/post';
import { failureOf } from '../../support/failure-of';
import { answer, hangUp, neverAnswer, startWebhookServer, type AnswerWith, type WebhookServer } from './webhook-server';

const LIMITS: PostLimits = { ...POST_LIMITS, wait: async () => undefined };
const TOKEN = 'a8b1c2d3-s3cr3t';
const RUN = 'orders/dump/daily/2026/11/20/20261120T020000Z-4k2m9x/';

let server: WebhookServer;

afterEach(() => server.close());

async function beat(kind: Beat, answers: readonly AnswerWith[], limits: Partial<PostLimits> = {}, run = RUN) {
  server = await startWebhookServer(...answers);
  const readSecret = async () => JSON.stringify({ url: `${server.url}/${TOKEN}/?keep=1` });
  await sendHeartbeat({ beat: kind, run, words: 'orders: grün' }, 'switch', readSecret, { ...LIMITS, ...limits });
}

/** Of what came: the path below the token, and the parameters. */
function cameTo(index = 0): URL {
  return new URL(server.received[index].path ?? '', server.url);
}

test.each<[Beat, string]>([
  ['started', `/${TOKEN}/start`],
  ['proven', `/${TOKEN}/`],
  ['failed', `/${TOKEN}/fail`],
  ['not verified', `/${TOKEN}/3`],
])('"%s" is told below the address, in words', async (kind, path) => {
  await beat(kind, [answer(200, 'OK')]);
  expect(server.received).toHaveLength(1);
  expect(server.received[0]).toMatchObject({
    method: 'POST',
    contentType: 'text/plain; charset=utf-8',
    body: 'orders: grün',
  });
  expect(cameTo().pathname).toBe(path);
  expect(cameTo().searchParams.get('keep')).toBe('1');
});

test('the beginning and the end of a run have one id, another run has another, and it is a UUID', async () => {
  const ids: (string | null)[] = [];
  for (const [kind, run] of [
    ['started', RUN],
    ['proven', RUN],
    ['started', `${RUN}x`],
  ] as const) {
    await beat(kind, [answer(200)], {}, run);
    ids.push(cameTo().searchParams.get('rid'));
    await server.close();
  }
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each<[string, AnswerWith]>([
  ['a busy service', answer(503)],
  ['a closed connection', hangUp],
  ['a success that is none, because it is used too often', answer(200, 'OK (rate limited)')],
])('%s passes: it is told again', async (_name, refusing) => {
  await beat('proven', [refusing, refusing, answer(200, 'OK')]);
  expect(server.received).toHaveLength(3);
});

test('a success that is none, because the service does not know the address, is a failure, told once', async () => {
  const error = await failureOf(beat('proven', [answer(200, 'OK (not found)')]));
  expect(error).toMatchObject({ code: 'notification-failed', detail: 'it answered 200: OK (not found); tried once' });
  expect(server.received).toHaveLength(1);
});

test('a service that never answers ends, and nothing of the address is told', async () => {
  const error = await failureOf(beat('proven', [neverAnswer], { attempts: 2, timeoutMs: 50 }));
  expect(error.code).toBe('notification-failed');
  expect(JSON.stringify(error)).not.toContain(TOKEN);
  expect(`${error.message}${error.detail}${error.hint}`).not.toContain(TOKEN);
});

test('a redirect is not followed: the token goes to nobody else', async () => {
  const error = await failureOf(beat('proven', [answer(302, '', { location: '/elsewhere' })]));
  expect(error.detail).toContain('302');
  expect(server.received).toHaveLength(1);
});
