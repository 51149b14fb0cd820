import { POST_LIMITS, postJson, type PostLimits } from '../../../runtime/notify/post';
import { parseWebhookAddress } from '../../../runtime/notify/webhook-address';
import { failureOf } from '../../support/failure-of';
import {
  answer,
  hangUp,
  neverAnswer,
  stall,
  startWebhookServer,
  type AnswerWith,
  type WebhookServer,
} from './webhook-server';

let waits: number[] = [];
const LIMITS: PostLimits = {
  attempts: 4,
  timeoutMs: 5000,
  firstWaitMs: 1000,
  longestWaitMs: 15_000,
  wait: async (ms) => void waits.push(ms),
};
const SECRET_PATH = '/services/T0001/B0002/s3cr3t-t0ken';

let server: WebhookServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  waits = [];
});

async function postTo(answers: readonly AnswerWith[], limits: Partial<PostLimits> = {}): Promise<void> {
  server = await startWebhookServer(...answers);
  const address = parseWebhookAddress(`${server.url}${SECRET_PATH}?sig=s1gnature%2B`, 'hook');
  await postJson(address, { text: 'grün' }, 'slack', { ...LIMITS, ...limits });
}

test.each([200, 202, 204])('a message that is taken with %d is posted once, as JSON', async (status) => {
  await postTo([answer(status)]);
  expect(server?.received).toEqual([
    {
      method: 'POST',
      path: `${SECRET_PATH}?sig=s1gnature%2B`,
      contentType: 'application/json',
      body: '{"text":"grün"}',
    },
  ]);
});

test.each<[string, AnswerWith]>([
  ['429', answer(429)],
  ['500', answer(500, 'oops')],
  ['503', answer(503)],
  ['408', answer(408)],
  ['a closed connection', hangUp],
])('%s passes: the message is posted again', async (_name, refusing) => {
  await postTo([refusing, refusing, answer(200)]);
  expect(server?.received).toHaveLength(3);
});

test('a server that does not answer, or not to the end, is asked again', async () => {
  // Long enough for the answer that does come, on a busy machine too.
  await postTo([neverAnswer, stall, answer(200)], { timeoutMs: 1_500 });
  expect(server?.received).toHaveLength(3);
});

test('each wait is longer than the one before, by chance, and bounded', async () => {
  await failureOf(postTo([answer(500)], { attempts: 8 }));
  expect(waits).toHaveLength(7);
  for (const [index, waitMs] of waits.entries()) {
    expect(waitMs).toBeGreaterThanOrEqual(Math.min(500 * 2 ** index, 15_000));
    expect(waitMs).toBeLessThanOrEqual(Math.min(1000 * 2 ** index, 15_000));
  }
  expect(new Set(waits.slice(0, 4).map((waitMs, index) => waitMs / 2 ** index)).size).toBe(4);
});

test('four attempts are the end of it', async () => {
  const error = await failureOf(postTo([answer(500, 'we are\nso sorry')]));
  expect(server?.received).toHaveLength(4);
  expect(error).toMatchObject({
    code: 'notification-failed',
    message: 'slack did not take the message',
    detail: 'it answered 500: we are\\nso sorry; tried 4 times',
  });
});

test.each([400, 401, 403, 404, 410])('%d does not get better by repeating', async (status) => {
  const error = await failureOf(postTo([answer(status, 'no_service')]));
  expect(server?.received).toHaveLength(1);
  expect(error.detail).toBe(`it answered ${status}: no_service; tried once`);
  expect(error.hint).toContain('check that the webhook still exists');
});

test.each([301, 302, 307, 308])('%d is not followed: the message goes where it was meant to go', async (status) => {
  const elsewhere = await startWebhookServer(answer(200));
  try {
    const error = await failureOf(postTo([answer(status, '', { location: elsewhere.url })]));
    expect(error.detail).toBe(`it answered ${status}; tried once`);
    expect(elsewhere.received).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});

describe('a server that says when to come back', () => {
  test('is asked again then', async () => {
    await postTo([answer(429, '', { 'retry-after': '7' }), answer(429, '', { 'retry-after': '0.5' }), answer(200)]);
    expect(waits).toEqual([7000, 500]);
  });

  test.each(['3600', new Date(Date.now() + 3_600_000).toUTCString()])(
    'in an hour (%s) is left to the platform',
    async (header) => {
      const error = await failureOf(postTo([answer(429, '', { 'retry-after': header })]));
      expect(server?.received).toHaveLength(1);
      expect(error.detail).toBe('it answered 429; tried once');
      expect(error.hint).toContain('It may pass');
    },
  );

  test.each(['soon', 'Thu, 01 Jan 1970 00:00:00 GMT'])('%s is asked again in a while', async (header) => {
    await postTo([answer(503, '', { 'retry-after': header }), answer(200)]);
    expect(server?.received).toHaveLength(2);
  });
});

describe('the address is a secret', () => {
  test('that the answer’s words do not bring into an error, whole or in part', async () => {
    const echo: AnswerWith = (response, request) =>
      void response.writeHead(404).end(`no ${String(request.url)}: unknown token s3cr3t-t0ken, s1gnature+`);
    const error = await failureOf(postTo([echo]));
    expect(error.detail).toBe('it answered 404: no ******: unknown token ***, ***; tried once');
  });

  test('that a failed connection does not tell', async () => {
    const gone = await startWebhookServer(answer(200));
    await gone.close();
    const address = parseWebhookAddress(gone.url + SECRET_PATH, 'hook');
    const error = await failureOf(postJson(address, {}, 'slack', LIMITS));
    expect(error.detail).toBe('the connection failed: ECONNREFUSED; tried 4 times');
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error) + String(error.stack)).not.toContain('s3cr3t');
  });

  test('that time-outs do not tell', async () => {
    const error = await failureOf(postTo([neverAnswer], { timeoutMs: 100, attempts: 2 }));
    expect(error.detail).toBe('it did not answer within 0.1 s; tried 2 times');
  });
});

test('an answer without an end does not fill the memory', async () => {
  const flood: AnswerWith = (response) => {
    response.writeHead(404);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  const error = await failureOf(postTo([flood]));
  expect(error.detail).toBe(`it answered 404: ${'x'.repeat(200)}; tried once`);
});

test('all attempts and waits together end well before the function does', () => {
  const { attempts, timeoutMs, longestWaitMs } = POST_LIMITS;
  expect(attempts * timeoutMs + (attempts - 1) * longestWaitMs).toBeLessThanOrEqual(90_000);
});
