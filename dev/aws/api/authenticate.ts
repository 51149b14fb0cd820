/** Who signed a request to a service other than S3, and whether the signature is right. */
import type { IncomingMessage } from 'node:http';
import { canonicalRequest, sameSignature, sha256Hex, sign, signingKey } from '../../s3/auth/signature';
import type { Credential } from '../iam/policy';
import { ServiceError } from '../services/service-error';

export interface Signer {
  readonly accessKeyId: string;
  /** As it signs itself: `secretsmanager`. */
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const FORM = new RegExp(
  `^${ALGORITHM} Credential=([^/]+)/(\\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`,
);

export function authenticate(
  message: IncomingMessage,
  body: Buffer,
  credentials: ReadonlyMap<string, Credential>,
): Signer {
  const parts = FORM.exec(message.headers.authorization ?? '');
  if (parts === null) throw new ServiceError('MissingAuthenticationToken', 'The request is not signed.', 403);
  const [, accessKeyId, date, region, service, headers, signature] = parts;
  const credential = credentials.get(accessKeyId);
  if (credential === undefined) {
    throw new ServiceError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      403,
    );
  }
  const scope = { accessKeyId, date, region, service };
  const canonical = canonicalRequest({
    method: message.method ?? '',
    path: message.url ?? '/',
    query: [],
    headers: headers.split(';').map((name) => [name, String(message.headers[name] ?? '')] as const),
    payloadHash: sha256Hex(body),
  });
  const key = signingKey(credential.secretAccessKey, scope);
  const time = String(message.headers['x-amz-date']);
  if (!sameSignature(sign(key, ALGORITHM, time, scope, [sha256Hex(canonical)]), signature)) {
    throw new ServiceError('InvalidSignatureException', 'The request signature does not match.', 403);
  }
  return { accessKeyId, service };
}
