import { DESTINATION_KINDS } from '../../../model';
import { BackupError } from '../../../runtime/errors';
import { testNotice } from '../../../runtime/notify/notice';
import { sendNotice } from '../../../runtime/notify/send-notice';
import { failureOf } from '../../support/failure-of';
import { NOW } from './alarms';
import { answer, startWebhookServer } from './webhook-server';

const SIGN_OF_FORM = { slack: 'blocks', discord: 'embeds', teams: 'attachments', webhook: 'format' };

test.each(DESTINATION_KINDS)('a notice arrives at %s in the form that is read there', async (kind) => {
  const server = await startWebhookServer(answer(200));
  try {
    const asked: string[] = [];
    const readSecret = async (name: string) => {
      asked.push(name);
      return JSON.stringify({ url: `${server.url}/hook` });
    };
    await sendNotice(testNotice('orders', 's3://acme-vault', kind, NOW), { kind, secret: 'acme/hook' }, readSecret);
    expect(asked).toEqual(['acme/hook']);
    expect(server.received).toHaveLength(1);
    const body = JSON.parse(server.received[0].body) as object;
    expect(Object.keys(body)).toContain(SIGN_OF_FORM[kind]);
    expect(server.received[0].body).toContain('orders');
  } finally {
    await server.close();
  }
});

test('a secret that cannot be read is told as that', async () => {
  const readSecret = async () => {
    throw new BackupError('secret-unreadable', 'cannot read the secret "acme/hook"');
  };
  const notice = testNotice('orders', 's3://acme-vault', 'slack', NOW);
  const error = await failureOf(sendNotice(notice, { kind: 'slack', secret: 'acme/hook' }, readSecret));
  expect(error.code).toBe('secret-unreadable');
});
