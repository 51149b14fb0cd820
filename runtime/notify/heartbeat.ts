/**
 * Tells a dead man's switch how a run ended: a service outside of the account, which alarms when nobody says "alive" in time.
 * It is the one watcher that also notices when the account, the region or all of the alarms are gone.
 *
 * The convention is that of healthchecks.io, which many others keep to: the bare address for success, `/start`, `/fail`, or an
 * exit code; the run's id as `rid`, so that runs at the same time are told apart; words in the body.
 * https://healthchecks.io/docs/http_api/
 */
import { createHash } from 'node:crypto';
import { EXIT } from '../../model';
import type { ReadSecret } from '../postgres/secrets-manager';
import { post, type PostLimits } from './post';
import { parseWebhookAddress } from './webhook-address';

/** What the switch is told of a run. */
export const BEATS = ['started', 'proven', 'failed', 'not verified'] as const;
export type Beat = (typeof BEATS)[number];

export interface Heartbeat {
  readonly beat: Beat;
  /** Names the run, the same for its beginning and its end: the folder of the recovery point. */
  readonly run: string;
  /** A few lines for a person. */
  readonly words: string;
}

/**
 * @param secret ARN or name of the secret that holds the address
 * @throws BackupError when the secret cannot be read, holds no address, or the message was not taken.
 */
export async function sendHeartbeat(
  { beat, run, words }: Heartbeat,
  secret: string,
  readSecret: ReadSecret,
  limits?: PostLimits,
): Promise<void> {
  const address = parseWebhookAddress(await readSecret(secret), secret);
  const posting = { contentType: 'text/plain; charset=utf-8', body: bounded(words), refusalIn };
  await post(address.below(PATHS[beat], { rid: runUuid(run) }), posting, 'the dead man’s switch', limits);
}

const PATHS: Readonly<Record<Beat, string>> = {
  started: 'start',
  proven: '',
  failed: 'fail',
  // Not known is not good: any code but 0 counts as failed there, and this one says why.
  'not verified': String(EXIT.unverified),
};

/** The service takes 100 kB, and shows the beginning. */
const MOST_CHARS = 10_000;

function bounded(words: string): string {
  return words.length <= MOST_CHARS ? words : `${words.slice(0, MOST_CHARS)}…`;
}

/** It answers 200 to an address that it does not know, and to one that is used too often: neither has heard it. */
function refusalIn(answer: string): 'for good' | 'for now' | undefined {
  if (/\(not found\)/i.test(answer)) return 'for good';
  return /\(rate limited\)/i.test(answer) ? 'for now' : undefined;
}

/** The service wants a UUID; one of a name, as RFC 9562 has it (version 8: made in our own way). */
function runUuid(run: string): string {
  const hex = createHash('sha256').update(run).digest('hex');
  const variant = ((parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
