/** The address of a webhook: whoever knows it can post there, so that no log and no error may ever tell it. */
import { ADDRESS_FIELD } from '../../model';
import { BackupError } from '../errors';
import { printable } from '../observe/printable';

/** An address that does not tell itself when it is printed, logged or put into JSON. */
export class WebhookAddress {
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
  }

  /** To send to, and nothing else. */
  reveal(): string {
    return this.#url.href;
  }

  /** The address of something below this one, with more parameters: nothing of its own is lost. */
  below(name: string, parameters: Readonly<Record<string, string>>): WebhookAddress {
    const url = new URL(this.#url);
    if (name !== '') url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name}`;
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    return new WebhookAddress(url);
  }

  /** Somebody else's words, with whatever could come out of the address taken away: on one line, and not many. */
  redact(text: string): string {
    const decoded = safelyDecoded(this.#url.pathname);
    const parts = [this.#url.pathname, this.#url.search, decoded, ...this.#url.searchParams.values()]
      .flatMap((part) => [part, ...part.split('/')])
      .filter((part) => part.length >= SHORTEST_SECRET_CHARS)
      .sort((one, other) => other.length - one.length);
    const without = parts.reduce((left, part) => left.replaceAll(part, '***'), text);
    return printable(without).slice(0, QUOTED_CHARS);
  }
}

const QUOTED_CHARS = 200;
/** Anything shorter is a word like `api`, which other words hold too. */
const SHORTEST_SECRET_CHARS = 6;

function safelyDecoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    // A `%` that escapes nothing: there is no other form of it.
    return pathname;
  }
}

/**
 * Reads the text of a secret: the bare address, or JSON with it in the field `url`.
 *
 * @param secretName what the secret is called in messages
 * @throws BackupError `configuration-invalid`, which repeats nothing of the text.
 */
export function parseWebhookAddress(text: string, secretName: string): WebhookAddress {
  const origin = `the secret ${JSON.stringify(secretName)}`;
  const content = text.trim();
  const address = content.startsWith('{') ? addressField(content, origin) : content;
  if (!URL.canParse(address)) throw invalid(origin, 'holds no address');
  const url = new URL(address);
  // A test's own server is the only one that speaks without TLS.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw invalid(origin, `holds an address that is not https: but ${JSON.stringify(url.protocol)}`);
  }
  if (url.username !== '' || url.password !== '')
    throw invalid(origin, 'holds an address with a user or password in it');
  return new WebhookAddress(url);
}

const LOOPBACK = new Set(['127.0.0.1', '[::1]']);

function addressField(content: string, origin: string): string {
  let fields: unknown;
  try {
    fields = JSON.parse(content);
  } catch {
    // JSON's own message quotes the text.
    throw invalid(origin, 'begins like JSON and is none');
  }
  const address: unknown =
    typeof fields === 'object' && fields !== null ? Reflect.get(fields, ADDRESS_FIELD) : undefined;
  if (typeof address !== 'string') throw invalid(origin, `has no text in the field "${ADDRESS_FIELD}"`);
  return address.trim();
}

function invalid(origin: string, finding: string): BackupError {
  return new BackupError('configuration-invalid', `${origin} ${finding}`, {
    hint: `Put the webhook's address in it: https://…, or {"${ADDRESS_FIELD}": "https://…"}.`,
  });
}
