/**
 * Posts to a webhook: each attempt within a time, again a few times when it may help, and an error that says what was
 * seen but never where it was sent.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { BackupError } from '../errors';
import type { WebhookAddress } from './webhook-address';

export interface PostLimits {
  readonly attempts: number;
  /** For one attempt, from connecting to the end of the answer. */
  readonly timeoutMs: number;
  /** The first wait is up to this, each further one up to twice the one before. */
  readonly firstWaitMs: number;
  /** Who is told to wait longer gives up: the platform tries again later. */
  readonly longestWaitMs: number;
  readonly wait: (milliseconds: number) => Promise<unknown>;
}

/** Within a minute and a half, however slow the other side is. */
export const POST_LIMITS: PostLimits = {
  attempts: 4,
  timeoutMs: 10_000,
  firstWaitMs: 1000,
  longestWaitMs: 15_000,
  wait,
};

/** How one attempt ended, when it did not succeed. */
interface Refusal {
  readonly seen: string;
  readonly mayHelpToRepeat: boolean;
  readonly waitMs?: number;
}

/** What is posted, and how the answer to it is read. */
export interface Posting {
  readonly contentType: string;
  readonly body: string;
  /** Says whether an answer of success is none, by its words, and whether it may help to repeat. */
  readonly refusalIn?: (answer: string) => 'for good' | 'for now' | undefined;
}

/**
 * @param name what the destination is called in messages
 * @throws BackupError `notification-failed`.
 */
export async function postJson(
  address: WebhookAddress,
  body: object,
  name: string,
  limits: PostLimits = POST_LIMITS,
): Promise<void> {
  await post(address, { contentType: 'application/json', body: JSON.stringify(body) }, name, limits);
}

/**
 * @param name what the destination is called in messages
 * @throws BackupError `notification-failed`.
 */
export async function post(
  address: WebhookAddress,
  posting: Posting,
  name: string,
  limits: PostLimits = POST_LIMITS,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const refusal = await tryOnce(address, posting, limits);
    if (!refusal) return;
    // Half of it by chance: those that failed together do not come back together.
    const backoffMs = limits.firstWaitMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const waitMs = refusal.waitMs ?? Math.min(backoffMs, limits.longestWaitMs);
    if (!refusal.mayHelpToRepeat || attempt >= limits.attempts || waitMs > limits.longestWaitMs) {
      throw notDelivered(name, refusal, attempt);
    }
    await limits.wait(waitMs);
  }
}

async function tryOnce(
  address: WebhookAddress,
  { contentType, body, refusalIn }: Posting,
  { timeoutMs }: PostLimits,
): Promise<Refusal | undefined> {
  try {
    const response = await fetch(address.reveal(), {
      method: 'POST',
      headers: { 'content-type': contentType, 'user-agent': 'postgres-backup' },
      body,
      // To follow would send the message, and who asks, to an address that nobody stated.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await readBounded(response);
    const refused = response.ok ? refusalIn?.(answer) : undefined;
    if (response.ok && !refused) return undefined;
    const refusal = refusalOf(response, address.redact(answer));
    return refused ? { ...refusal, mayHelpToRepeat: refused === 'for now' } : refusal;
  } catch (thrown) {
    return { seen: failureWord(thrown, timeoutMs), mayHelpToRepeat: true };
  }
}

function refusalOf(response: Response, answer: string): Refusal {
  const { status } = response;
  const words = answer.trim() === '' ? '' : `: ${answer.trim()}`;
  return {
    seen: `it answered ${status}${words}`,
    mayHelpToRepeat: status === 429 || status === 408 || status >= 500,
    waitMs: retryAfterMs(response.headers.get('retry-after')),
  };
}

const ANSWER_LIMIT_BYTES = 4096;

/** An answer without an end must not fill the memory; its beginning says why. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (sizeBytes >= ANSWER_LIMIT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_LIMIT_BYTES).toString('utf8');
}

/** Seconds or a date, as HTTP has it; anything else says nothing. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** Never the error's message, which may quote the address: its code says enough. */
function failureWord(thrown: unknown, timeoutMs: number): string {
  const { name, cause } = thrown as { name?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return `it did not answer within ${timeoutMs / 1000} s`;
  return typeof cause?.code === 'string' ? `the connection failed: ${cause.code}` : 'the connection failed';
}

function notDelivered(name: string, { seen, mayHelpToRepeat }: Refusal, attempts: number): BackupError {
  return new BackupError('notification-failed', `${name} did not take the message`, {
    detail: `${seen}; ${attempts === 1 ? 'tried once' : `tried ${attempts} times`}`,
    hint: mayHelpToRepeat
      ? 'It may pass. If it stays, try by hand: postgres-backup test-alert.'
      : 'Repeating does not help: check that the webhook still exists and that the secret holds its address.',
  });
}
