/** What S3 tells of a source, as it arrives: an event of EventBridge, in a message of a queue. */
import { createHash } from 'node:crypto';
import { BackupError } from '../../../errors';

/** One message of the queue, as Lambda hands it over. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
}

export interface SourceEvent {
  readonly kind: 'created' | 'deleted';
  readonly bucket: string;
  /** The whole key, byte for byte: unlike the notifications of S3 itself, EventBridge does not encode it. */
  readonly key: string;
  /** Absent where the source keeps no versions. */
  readonly versionId?: string;
  /** With its quotes. */
  readonly etag?: string;
  /** When it happened. */
  readonly at: Date;
  /** The same for the same event, however often it comes. */
  readonly identity: string;
}

const KINDS: Readonly<Record<string, SourceEvent['kind']>> = {
  'Object Created': 'created',
  'Object Deleted': 'deleted',
};

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 *
 * @throws `internal` for what is no such event: it goes where a person looks at it.
 */
export function parseSourceEvent({ messageId, body }: QueuedMessage): SourceEvent {
  const event = parsed(body);
  const detail = recordOf(event?.detail);
  const object = recordOf(detail?.object);
  const kind = KINDS[textOf(event?.['detail-type']) ?? ''];
  const bucket = textOf(recordOf(detail?.bucket)?.name);
  const key = textOf(object?.key);
  const at = new Date(textOf(event?.time) ?? NaN);
  if (kind === undefined || bucket === undefined || key === undefined || Number.isNaN(at.getTime())) {
    throw new BackupError('internal', `message ${messageId} is no event of an object`, {
      detail: body.slice(0, 500),
      hint: 'Only the rules of the mirror may send to this queue. Look at who else does.',
    });
  }
  const versionId = textOf(object?.['version-id']);
  const etag = quoted(textOf(object?.etag));
  const identity = identityOf([kind, bucket, key, versionId ?? '', etag ?? '', textOf(object?.sequencer) ?? messageId]);
  return { kind, bucket, key, versionId, etag, at, identity };
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    return recordOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function quoted(etag: string | undefined): string | undefined {
  return etag === undefined || etag.startsWith('"') ? etag : `"${etag}"`;
}

/** Short, however long the key is. */
function identityOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
