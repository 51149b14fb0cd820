/** Reads what a Signature Version 4 request says about its signature, from the Authorization header or from a presigned URL. */
import { s3Error } from '../errors';
import type { IncomingRequest } from '../incoming-request';
import type { CredentialScope } from './signature';

export interface SignedParts {
  scope: CredentialScope;
  /** Lower-case names, sorted. */
  signedHeaders: string[];
  signature: string;
  time: Date;
  /** As it was sent: 20261120T021003Z. */
  timeText: string;
  /** Of presigned URLs only. */
  expiresSeconds?: number;
  /** Hex SHA-256 of the body, or UNSIGNED-PAYLOAD, or STREAMING-… */
  payloadHash: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_EXPIRES_SECONDS = 604_800;

export function authorizationHeader(request: IncomingRequest): SignedParts {
  const header = request.header('authorization');
  if (header === undefined) throw s3Error('AccessDenied');
  const [algorithm, ...rest] = header.trim().split(/\s+/);
  if (algorithm !== ALGORITHM) {
    throw s3Error(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    );
  }
  const fields = new Map(rest.join('').split(',').map(splitOnce));
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const signature = fields.get('Signature');
  if (!credential || !signedHeaders || !signature) throw s3Error('AuthorizationHeaderMalformed');
  const payloadHash = request.header('x-amz-content-sha256');
  if (payloadHash === undefined) {
    throw s3Error('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  return {
    scope: parseScope(credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: signedHeaders.split(';').sort(),
    signature,
    payloadHash,
    ...parseTime(request.header('x-amz-date')),
  };
}

export function presignedParameters({ query, header }: IncomingRequest): SignedParts {
  const need = (name: string): string => {
    const value = query.get(name);
    if (value) return value;
    throw s3Error('AuthorizationQueryParametersError', `Query-string authentication requires the ${name} parameter.`);
  };
  if (need('X-Amz-Algorithm') !== ALGORITHM) {
    throw s3Error('AuthorizationQueryParametersError', `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const expires = need('X-Amz-Expires');
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : NaN;
  if (!(expiresSeconds > 0 && expiresSeconds <= MAX_EXPIRES_SECONDS)) {
    throw s3Error('AuthorizationQueryParametersError', 'X-Amz-Expires must be a number of seconds, a week at most');
  }
  return {
    scope: parseScope(need('X-Amz-Credential'), 'AuthorizationQueryParametersError'),
    signedHeaders: need('X-Amz-SignedHeaders').split(';').sort(),
    signature: need('X-Amz-Signature'),
    expiresSeconds,
    payloadHash: query.get('X-Amz-Content-Sha256') ?? header('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    ...parseTime(need('X-Amz-Date')),
  };
}

function parseScope(
  credential: string,
  code: 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError',
): CredentialScope {
  const match = /^(.+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential);
  if (match === null || match[4] !== 's3') {
    throw s3Error(code, `The credential "${credential}" is not of the form KEY/YYYYMMDD/REGION/s3/aws4_request.`);
  }
  const [, accessKeyId, date, region, service] = match;
  return { accessKeyId, date, region, service };
}

function parseTime(text: string | undefined): { time: Date; timeText: string } {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (match === null || text === undefined) {
    throw s3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  const [, year, month, day, hour, minute, second] = match;
  return { time: new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`), timeText: text };
}

function splitOnce(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
