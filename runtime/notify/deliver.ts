/**
 * One run of the notifying function: each message of the event goes to each destination. That one of them fails does not keep
 * the others from being told; what could not be delivered is thrown at the end, for the platform to repeat and to keep.
 */
import { BackupError, toBackupError } from '../errors';
import { logLine } from '../observe/log-line';
import type { Destination } from '../../model';
import type { Notice } from './notice';
import { readMessage, type TopicMessage } from './read-message';

/** What the function works with; a test gives what it wants to see. */
export interface Surroundings {
  readonly destinations: readonly Destination[];
  readonly send: (notice: Notice, destination: Destination) => Promise<void>;
  /** What earlier runs of this process delivered: a repeated event tells only those that were not told. */
  readonly delivered: Set<string>;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
}

export async function deliver(event: unknown, surroundings: Surroundings): Promise<void> {
  const messages = readEvent(event);
  const failed: BackupError[] = [];
  for (const message of messages) {
    const notice = readMessage(message, surroundings.now());
    const ends = await Promise.all(
      surroundings.destinations.map((destination) => deliverOne(message, notice, destination, surroundings)),
    );
    failed.push(...ends.filter((end) => end !== undefined));
  }
  if (failed.length > 0) throw notDelivered(failed, messages.length * surroundings.destinations.length);
}

function readEvent(event: unknown): TopicMessage[] {
  const records = typeof event === 'object' && event !== null ? (event as { Records?: unknown }).Records : undefined;
  if (Array.isArray(records) && records.length > 0) {
    const messages = records.map((record: { Sns?: Partial<TopicMessage> } | null) => record?.Sns);
    if (messages.every(isTopicMessage)) return messages;
  }
  throw new BackupError('configuration-invalid', 'the event is not one of Amazon SNS', {
    detail: JSON.stringify(event)?.slice(0, 500),
    hint: 'This function is for the topic of the alarms; subscribe it to nothing else.',
  });
}

function isTopicMessage(message: Partial<TopicMessage> | undefined): message is TopicMessage {
  return typeof message?.MessageId === 'string' && typeof message.Message === 'string';
}

async function deliverOne(
  message: TopicMessage,
  notice: Notice,
  destination: Destination,
  { send, delivered, write, now }: Surroundings,
): Promise<BackupError | undefined> {
  const { kind, secret } = destination;
  const key = `${message.MessageId} ${kind} ${secret}`;
  if (delivered.has(key)) return undefined;
  const fields = { destination: kind, secret, message: message.MessageId, title: notice.title };
  try {
    await send(notice, destination);
    remember(key, delivered);
    write(logLine(now(), { level: 'info', event: 'notified', ...fields }));
    return undefined;
  } catch (thrown) {
    const error = toBackupError(thrown);
    const { code, message: what, detail, hint } = error;
    write(logLine(now(), { level: 'error', event: 'not-notified', ...fields, code, error: what, detail, hint }));
    return error;
  }
}

const REMEMBERED = 500;

function remember(key: string, delivered: Set<string>): void {
  delivered.add(key);
  // A set keeps the order in which things came.
  for (const oldest of delivered) {
    if (delivered.size <= REMEMBERED) break;
    delivered.delete(oldest);
  }
}

function notDelivered(failed: readonly BackupError[], all: number): BackupError {
  const [first] = failed;
  return new BackupError(first.code, `${failed.length} of ${all} messages were not delivered; ${first.message}`, {
    detail: first.detail,
    hint: first.hint,
    cause: first,
  });
}
