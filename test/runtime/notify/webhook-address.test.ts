import { inspect } from 'node:util';
import { parseWebhookAddress } from '../../../runtime/notify/webhook-address';
import { BackupError } from '../../../runtime/errors';

const HOOK = 'https://hooks.example.com/services/T0/B0/s3cr3t';

test.each([HOOK, `  ${HOOK}\n`, JSON.stringify({ url: HOOK, channel: '#ops' })])(
  'the address is read from %j',
  (text) => {
    expect(parseWebhookAddress(text, 'hook').reveal()).toBe(HOOK);
  },
);

test('it does not show itself to whoever prints, logs or stores it', () => {
  const address = parseWebhookAddress(HOOK, 'hook');
  const shown = [inspect(address, { showHidden: true, depth: 9 }), JSON.stringify({ address })];
  expect(shown.join()).not.toMatch(/s3cr3t|example/);
});

test.each([
  ['s3cr3t', 'holds no address'],
  ['', 'holds no address'],
  ['{"url": "s3cr3t', 'begins like JSON and is none'],
  ['{"webhook": "https://s3cr3t.example.com"}', 'has no text in the field "url"'],
  ['{"url": 5}', 'has no text in the field "url"'],
  ['{"url": "s3cr3t"}', 'holds no address'],
  ['http://hooks.example.com/s3cr3t', 'holds an address that is not https: but "http:"'],
  ['http://127.0.0.1.example.com/s3cr3t', 'holds an address that is not https: but "http:"'],
  ['http://localhost/s3cr3t', 'holds an address that is not https: but "http:"'],
  ['file:///etc/s3cr3t', 'holds an address that is not https: but "file:"'],
  ['https://me:s3cr3t@example.com/', 'holds an address with a user or password in it'],
])('%j is refused, and not repeated', (text, finding) => {
  let error: unknown;
  try {
    parseWebhookAddress(text, 'acme/hook');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(BackupError);
  expect(error).toMatchObject({ code: 'configuration-invalid', message: `the secret "acme/hook" ${finding}` });
  expect(inspect(error, { depth: 9 })).not.toContain('s3cr3t');
});
