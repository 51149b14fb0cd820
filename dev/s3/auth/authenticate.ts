/** Finds out who signed a request, in its header or in its URL, and whether the signature is right. There are no anonymous requests. */
import { s3Error } from '../errors';
import type { IncomingRequest } from '../incoming-request';
import type { S3Credential } from '../settings';
import { authorizationHeader, presignedParameters, type SignedParts } from './signed-parts';
import { canonicalRequest, sameSignature, scopeText, sha256Hex, sign, signingKey } from './signature';

const MAX_SKEW_MS = 15 * 60 * 1000;
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** A request whose signature is right, with what is needed to check signatures inside its body. */
export interface Authenticated {
  accessKeyId: string;
  signed: SignedParts;
  signingKey: Buffer;
}

export interface Verifier {
  credentials: ReadonlyMap<string, S3Credential>;
  region: string;
  now: () => Date;
}

export function authenticate(request: IncomingRequest, verifier: Verifier): Authenticated {
  const signed = request.query.has('X-Amz-Algorithm') ? presignedParameters(request) : authorizationHeader(request);
  const credential = verifier.credentials.get(signed.scope.accessKeyId);
  if (credential === undefined) {
    throw s3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: signed.scope.accessKeyId });
  }
  assertTime(signed, verifier.now());
  assertRegion(signed, verifier.region);
  assertToken(request, credential, verifier.now());
  assertAllSigned(request, signed);
  const key = signingKey(credential.secretAccessKey, signed.scope);
  assertSignature(request, signed, key);
  return { accessKeyId: credential.accessKeyId, signed, signingKey: key };
}

function assertTime({ time, timeText, expiresSeconds }: SignedParts, now: Date): void {
  const ageMs = now.getTime() - time.getTime();
  if (expiresSeconds !== undefined && ageMs > expiresSeconds * 1000) {
    throw s3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': String(expiresSeconds),
      Expires: new Date(time.getTime() + expiresSeconds * 1000).toISOString(),
      ServerTime: now.toISOString(),
    });
  }
  const skewed = expiresSeconds === undefined ? Math.abs(ageMs) > MAX_SKEW_MS : ageMs < -MAX_SKEW_MS;
  if (skewed) {
    throw s3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: timeText,
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    });
  }
}

function assertRegion({ scope }: SignedParts, region: string): void {
  if (scope.region !== region) {
    const message = `The authorization header is malformed; the region '${scope.region}' is wrong; expecting '${region}'`;
    throw s3Error('AuthorizationHeaderMalformed', message, { Region: region });
  }
}

function assertToken(request: IncomingRequest, credential: S3Credential, now: Date): void {
  const token = request.header('x-amz-security-token') ?? request.query.get('X-Amz-Security-Token') ?? undefined;
  if (token !== credential.sessionToken) throw s3Error('InvalidToken');
  if (credential.expiresAt !== undefined && now >= credential.expiresAt) throw s3Error('ExpiredToken');
}

/** A header that S3 acts on and that nobody signed could have been added on the way. */
function assertAllSigned(request: IncomingRequest, { signedHeaders }: SignedParts): void {
  const missing = request.headerNames().filter((name) => isMustBeSigned(name) && !signedHeaders.includes(name));
  if (!signedHeaders.includes('host')) missing.push('host');
  if (missing.length > 0) {
    const message = 'There were headers present in the request which were not signed';
    throw s3Error('AccessDenied', message, { HeadersNotSigned: missing.join(', ') });
  }
}

function isMustBeSigned(name: string): boolean {
  return name.startsWith('x-amz-') && name !== 'x-amz-content-sha256';
}

function assertSignature(request: IncomingRequest, signed: SignedParts, key: Buffer): void {
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: [...request.query].filter(([name]) => name !== 'X-Amz-Signature'),
    headers: signed.signedHeaders.map((name) => [name, request.header(name) ?? '']),
    payloadHash: signed.payloadHash,
  });
  const expected = sign(key, ALGORITHM, signed.timeText, signed.scope, [sha256Hex(canonical)]);
  if (sameSignature(expected, signed.signature)) return;
  throw s3Error('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: signed.scope.accessKeyId,
    StringToSign: [ALGORITHM, signed.timeText, scopeText(signed.scope), sha256Hex(canonical)].join('\n'),
    SignatureProvided: signed.signature,
    CanonicalRequest: canonical,
  });
}
