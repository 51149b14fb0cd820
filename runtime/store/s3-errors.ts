import { EXIT, type FailureCode } from '../../model';
import { BackupError } from '../errors';

/** What was tried, for the message: `could not write "a/b" in s3://bucket`. */
export interface Attempt {
  /** In the infinitive: `write`, `read`, `list`. */
  readonly action: string;
  readonly key: string;
  readonly uri: string;
  readonly signal?: AbortSignal;
}

/** An error of the SDK as one that a person can act on. A signal that has fired explains any error: its reason is given back. */
export function storeError(thrown: unknown, attempt: Attempt): BackupError {
  if (thrown instanceof BackupError) return thrown;
  if (attempt.signal?.aborted) return abortReason(attempt);
  const kind = kindOf(thrown);
  return new BackupError(kind.code, `could not ${attempt.action} ${JSON.stringify(attempt.key)} in ${attempt.uri}`, {
    detail: describe(thrown),
    hint: kind.hint,
    exitCode: kind.exitCode,
    cause: thrown,
  });
}

/** What the SDK's errors have in common; not all of them have all of it. */
export interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number; readonly requestId?: string };
}

export function sdkError(thrown: unknown): SdkError {
  return thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) };
}

/** Whether the store may have done what was asked although no good answer came: connection lost, time over, 5xx. */
export function isAmbiguous(thrown: unknown): boolean {
  return isConnectionFailure(thrown) || (sdkError(thrown).$metadata?.httpStatusCode ?? 0) >= 500;
}

interface Kind {
  readonly code: FailureCode;
  readonly hint?: string;
  readonly exitCode?: typeof EXIT.usage;
}

function kindOf(thrown: unknown): Kind {
  const error = sdkError(thrown);
  const known = KINDS.find(({ names }) => names.test(error.name));
  if (known) return known;
  // The SDK throws a plain Error for it, before anything is sent.
  if (error.message === 'Region is missing') {
    return { code: 'configuration-invalid', hint: 'Set AWS_REGION to the region of the vault.', exitCode: EXIT.usage };
  }
  if (isConnectionFailure(error)) {
    return { code: 'store-unreachable', hint: 'Check the network and AWS_ENDPOINT_URL, then run it again.' };
  }
  return KIND_BY_STATUS.get(error.$metadata?.httpStatusCode ?? 0) ?? { code: 'store-failed' };
}

const DENIED_HINT = 'Check the policies of the role, the bucket and the VPC endpoint for this action on this prefix.';

const KINDS: readonly (Kind & { readonly names: RegExp })[] = [
  { names: /^NoSuchBucket$/, code: 'store-missing', hint: 'Check the name of the vault; deploy it first.' },
  {
    names: /^NoSuchUpload$/,
    code: 'store-failed',
    hint: 'The unfinished upload is gone: a lifecycle rule or somebody aborted it. Run it again.',
  },
  { names: /^(NoSuchKey|NoSuchVersion|NotFound)$/, code: 'object-missing' },
  {
    names: /^(PreconditionFailed|ConditionalRequestConflict)$/,
    code: 'store-conflict',
    hint: 'The key exists already, or another run is writing it; nothing was written over.',
  },
  {
    names: /^KMS\.|^KMS[A-Z]/,
    code: 'store-denied',
    hint: 'Check that the KMS key of the vault is enabled and that its policy lets the role use it.',
  },
  {
    names:
      /^(CredentialsProviderError|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken\w*|TokenRefreshRequired)$/,
    code: 'store-denied',
    hint: 'Check the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role.',
  },
  {
    names: /^RequestTimeTooSkewed$/,
    code: 'store-denied',
    hint: 'The clock of this machine is wrong by more than 15 minutes; set it.',
  },
  { names: /^(AccessDenied|AllAccessDisabled|AccountProblem)$/, code: 'store-denied', hint: DENIED_HINT },
  {
    names: /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/,
    code: 'store-failed',
    hint: 'The vault is in another region: set AWS_REGION to it.',
  },
  {
    names: /^InvalidRange$/,
    code: 'object-damaged',
    hint: 'The object is shorter than it was written. Use another recovery point, or a copy of the vault.',
  },
  {
    names: /^InvalidObjectState$/,
    code: 'store-failed',
    hint: 'The object is archived: restore it to a readable storage class first (aws s3api restore-object).',
  },
];

/** For answers without a body to name the error: those to HEAD, and those of lesser stores. */
const KIND_BY_STATUS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [401, { code: 'store-denied', hint: DENIED_HINT }],
  [403, { code: 'store-denied', hint: DENIED_HINT }],
  [404, { code: 'object-missing' }],
  [409, { code: 'store-conflict' }],
  [412, { code: 'store-conflict' }],
]);

const CONNECTION_CODES =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPROTO|HPE_\w+|CERT_\w+|ERR_TLS_\w+|\w*_CERT\w*|ERR_STREAM_PREMATURE_CLOSE)$/;

/** Whether no answer came at all. */
export function isConnectionFailure(thrown: unknown): boolean {
  const error = sdkError(thrown instanceof BackupError ? thrown.cause : thrown);
  if (error.$metadata?.httpStatusCode !== undefined) return false;
  return error.name === 'TimeoutError' || CONNECTION_CODES.test(error.code ?? '');
}

function describe(thrown: unknown): string {
  const { name, message, code, $metadata } = sdkError(thrown);
  const facts = [
    $metadata?.httpStatusCode && `HTTP ${$metadata.httpStatusCode}`,
    $metadata?.attempts !== undefined && $metadata.attempts > 1 && `${$metadata.attempts} attempts`,
    $metadata?.requestId && `request ${$metadata.requestId}`,
  ].filter(Boolean);
  const what = [name === 'Error' ? code : name, message || code].filter(Boolean).join(': ');
  return facts.length > 0 ? `${what} (${facts.join(', ')})` : what;
}

function abortReason(attempt: Attempt): BackupError {
  const reason: unknown = attempt.signal?.reason;
  if (reason instanceof BackupError) return reason;
  return new BackupError(
    'terminated',
    `gave up to ${attempt.action} ${JSON.stringify(attempt.key)} in ${attempt.uri}`,
    {
      detail: reason instanceof Error ? reason.message : undefined,
      cause: reason,
    },
  );
}
