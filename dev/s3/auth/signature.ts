/** The arithmetic of AWS Signature Version 4. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { uriEncode, uriEncodePath } from './encoding';

/** What a signature was made for: a day, a region, a service. */
export interface CredentialScope {
  accessKeyId: string;
  /** YYYYMMDD */
  date: string;
  region: string;
  service: string;
}

export interface CanonicalParts {
  method: string;
  /** Decoded, beginning with a slash. */
  path: string;
  /** Decoded names and values, without the signature itself. */
  query: readonly (readonly [string, string])[];
  /** Lower-case names, sorted, with their values. */
  headers: readonly (readonly [string, string])[];
  payloadHash: string;
}

export function canonicalRequest(parts: CanonicalParts): string {
  const query = parts.query
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&');
  const headers = parts.headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`).join('');
  const names = parts.headers.map(([name]) => name).join(';');
  return [parts.method, uriEncodePath(parts.path), query, headers, names, parts.payloadHash].join('\n');
}

export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`;
}

export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  const steps = [scope.date, scope.region, scope.service, 'aws4_request'];
  return steps.reduce<Buffer>((key, step) => hmac(key, step), Buffer.from(`AWS4${secretAccessKey}`));
}

/** Hex. `lines` follow the algorithm, the time and the scope in the text that is signed. */
export function sign(key: Buffer, algorithm: string, time: string, scope: CredentialScope, lines: string[]): string {
  return hmac(key, [algorithm, time, scopeText(scope), ...lines].join('\n')).toString('hex');
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function sameSignature(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
