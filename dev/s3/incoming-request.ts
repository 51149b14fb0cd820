/** A request as S3 sees it: which bucket and key it speaks of (in the path or in the host name), its headers and its query. */
import type { IncomingMessage } from 'node:http';
import { s3Error } from './errors';

const MAX_KEY_BYTES = 1024;

export class IncomingRequest {
  readonly method: string;
  /** Decoded, as it was sent: what the signature is made over. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly bucket?: string;
  readonly key?: string;

  constructor(readonly message: IncomingMessage) {
    const [rawPath, ...rest] = (message.url ?? '/').split('?');
    this.method = message.method ?? 'GET';
    this.path = decodePath(rawPath);
    this.query = new URLSearchParams(rest.join('?'));
    const address = splitAddress(this.path, message.headers.host ?? '');
    this.bucket = address.bucket;
    this.key = address.key;
    if (Buffer.byteLength(this.key ?? '') > MAX_KEY_BYTES) {
      throw s3Error('KeyTooLongError', undefined, {
        Size: String(Buffer.byteLength(this.key ?? '')),
        MaxSizeAllowed: String(MAX_KEY_BYTES),
      });
    }
  }

  /** By lower-case name; repeated headers are joined with a comma. */
  readonly header = (name: string): string | undefined => {
    const value = this.message.headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  };

  headerNames(): string[] {
    return Object.keys(this.message.headers);
  }

  /** Headers that begin with `prefix`, without it. */
  headersFrom(prefix: string): Record<string, string> {
    const found: Record<string, string> = {};
    for (const name of this.headerNames()) {
      if (name.startsWith(prefix)) found[name.slice(prefix.length)] = this.header(name) ?? '';
    }
    return found;
  }
}

function decodePath(rawPath: string): string {
  try {
    return decodeURIComponent(rawPath);
  } catch {
    throw s3Error('InvalidURI', undefined, { URI: rawPath });
  }
}

const VIRTUAL_HOST = /^(.+)\.(?:localhost|s3(?:\.[a-z0-9-]+)?\.amazonaws\.com)(?::\d+)?$/i;

/** `/bucket/key`, or `/key` at the host `bucket.localhost` (or Amazon's own, when a test sends it here). A key may be anything, so only the first slashes count. */
function splitAddress(path: string, host: string): { bucket?: string; key?: string } {
  const virtualHost = VIRTUAL_HOST.exec(host);
  if (virtualHost !== null) return { bucket: virtualHost[1], key: path.slice(1) || undefined };
  const slash = path.indexOf('/', 1);
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash);
  return { bucket: bucket || undefined, key: (slash === -1 ? '' : path.slice(slash + 1)) || undefined };
}
