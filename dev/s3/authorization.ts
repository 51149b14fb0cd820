/** Puts a permission question to the `authorize` option, with the condition keys that can be known here. */
import type { Exchange, ActionTarget } from './exchange';
import type { S3ServerOptions } from './settings';

/** Condition keys that are a header or a query parameter of the request. */
const FROM_HEADERS: Record<string, string> = {
  's3:x-amz-server-side-encryption': 'x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-storage-class': 'x-amz-storage-class',
  's3:x-amz-copy-source': 'x-amz-copy-source',
  's3:x-amz-metadata-directive': 'x-amz-metadata-directive',
  's3:x-amz-content-sha256': 'x-amz-content-sha256',
  's3:object-lock-mode': 'x-amz-object-lock-mode',
  's3:object-lock-retain-until-date': 'x-amz-object-lock-retain-until-date',
  's3:object-lock-legal-hold': 'x-amz-object-lock-legal-hold',
  's3:if-none-match': 'if-none-match',
  's3:if-match': 'if-match',
  'aws:UserAgent': 'user-agent',
};
const FROM_QUERY: Record<string, string> = {
  's3:prefix': 'prefix',
  's3:delimiter': 'delimiter',
  's3:max-keys': 'max-keys',
  's3:VersionId': 'versionId',
};

export async function isAllowed(
  authorize: S3ServerOptions['authorize'],
  exchange: Exchange,
  action: string,
  target: ActionTarget,
): Promise<boolean> {
  if (authorize === undefined) return true;
  const { accessKeyId } = exchange.who;
  const multipart = ['uploads', 'uploadId'].some((name) => exchange.query(name) !== undefined);
  return authorize({ accessKeyId, action, ...target, multipart, conditions: conditions(exchange) });
}

function conditions(exchange: Exchange): Record<string, string> {
  const found: Record<string, string> = { 'aws:SecureTransport': 'false', 's3:signatureversion': 'AWS4-HMAC-SHA256' };
  for (const [name, header] of Object.entries(FROM_HEADERS)) setIfGiven(found, name, exchange.header(header));
  for (const [name, parameter] of Object.entries(FROM_QUERY)) setIfGiven(found, name, exchange.query(parameter));
  for (const [tag, value] of new URLSearchParams(exchange.header('x-amz-tagging') ?? '')) {
    found[`s3:RequestObjectTag/${tag}`] = value;
  }
  return found;
}

function setIfGiven(found: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined) found[name] = value;
}
