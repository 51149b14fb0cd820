/** Publishes a message to the topic of the alarms: mails get its text, the posting function the notice itself. */
import { BackupError } from '../errors';
import type { Notice } from './notice';
import { webhookBody } from './webhook';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const ATTEMPTS = 4;

export interface Message {
  readonly notice: Notice;
  /** The same for a mail: some lines. */
  readonly text: string;
}

export type Publish = (topicArn: string, message: Message) => Promise<void>;

/** @throws BackupError `notification-failed`. */
export const publish: Publish = async (topicArn, { notice, text }) => {
  const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
  const client = new SNSClient({
    region: topicArn.split(':')[3],
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  });
  const bodies = { default: text, lambda: JSON.stringify(webhookBody(notice)) };
  try {
    const input = { TopicArn: topicArn, Subject: subject(notice.title), MessageStructure: 'json' };
    await client.send(new PublishCommand({ ...input, Message: JSON.stringify(bodies) }));
  } catch (thrown) {
    throw new BackupError('notification-failed', `cannot publish to ${topicArn}`, {
      detail: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
      hint: 'The function needs sns:Publish on the topic, and kms:GenerateDataKey and kms:Decrypt on its key.',
      cause: thrown,
    });
  } finally {
    client.destroy();
  }
};

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, without line breaks, less than 100 characters. */
function subject(title: string): string {
  return title.replace(/[^\x20-\x7e]/g, '?').slice(0, 99);
}
