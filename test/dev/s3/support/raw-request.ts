/** Requests as bytes, for what no well-behaved client sends. Signed by default; any part can be set otherwise. */
import { request, type IncomingHttpHeaders } from 'node:http';
import { canonicalRequest, sha256Hex, sign, signingKey } from '../../../../dev/s3/auth/signature';
import type { S3Server } from '../../../../dev/s3';

export interface RawRequest {
  method?: string;
  /** As it goes on the wire. */
  path: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** What `x-amz-content-sha256` says. @default the digest of the body */
  payloadHash?: string;
  /** @default now */
  time?: Date;
  accessKeyId?: string;
  secretAccessKey?: string;
  /** Changes the headers after they were signed. */
  tamper?: (headers: Record<string, string>) => void;
}

export interface RawAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** The code of an error document. */
  code?: string;
}

export function sendRaw(server: S3Server, raw: RawRequest): Promise<RawAnswer> {
  const headers = signedHeaders(server, raw);
  raw.tamper?.(headers);
  return exchange(server, raw, headers);
}

/** Without a signature of ours: `headers` go as they are. */
export function exchange(
  { port }: Pick<S3Server, 'port'>,
  { method = 'GET', path, body = '' }: RawRequest,
  headers: Record<string, string>,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text, code });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The time as signatures have it: 20261120T021003Z. */
export function signatureTime(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function signedHeaders(server: S3Server, raw: RawRequest): Record<string, string> {
  const { method = 'GET', path, body = '', time = new Date() } = raw;
  const { accessKeyId, secretAccessKey } = { ...server.credentials, ...definedOnly(raw) };
  const payloadHash = raw.payloadHash ?? sha256Hex(body);
  const headers: Record<string, string> = {
    host: `127.0.0.1:${server.port}`,
    ...(method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    'x-amz-date': signatureTime(time),
    'x-amz-content-sha256': payloadHash,
    ...raw.headers,
  };
  const names = Object.keys(headers).sort();
  const url = new URL(path.replace(/^\/+/, '/'), 'http://127.0.0.1');
  const canonical = canonicalRequest({
    method,
    path: decodeURIComponent(path.split('?')[0]),
    query: [...url.searchParams],
    headers: names.map((name) => [name, headers[name]]),
    payloadHash,
  });
  const scope = { accessKeyId, date: signatureTime(time).slice(0, 8), region: server.region, service: 's3' };
  const key = signingKey(secretAccessKey, scope);
  const signature = sign(key, 'AWS4-HMAC-SHA256', signatureTime(time), scope, [sha256Hex(canonical)]);
  const credential = `${accessKeyId}/${scope.date}/${scope.region}/s3/aws4_request`;
  const fields = `Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization: `AWS4-HMAC-SHA256 ${fields}` };
}

function definedOnly({ accessKeyId, secretAccessKey }: RawRequest): { accessKeyId?: string; secretAccessKey?: string } {
  return {
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(secretAccessKey === undefined ? {} : { secretAccessKey }),
  };
}
