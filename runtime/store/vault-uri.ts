import { usageError } from '../errors';

/** Where a vault is: a bucket, and the prefix (with a slash at its end, or empty) below which everything lies. */
export interface VaultLocation {
  readonly bucket: string;
  readonly prefix: string;
}

const HINT = 'Give the vault as s3://bucket or s3://bucket/prefix.';

/** Reads `s3://bucket[/prefix]`. A slash at the end means nothing; a usage error says what is wrong with anything else. */
export function parseVaultUri(uri: string): VaultLocation {
  // Somebody may have put credentials there, as other URLs have them: they are not repeated.
  const shown = uri.replace(/\/\/[^/@]*@/, '//***@');
  const wrong = (problem: string, hint = HINT) => usageError(`invalid vault "${shown}": ${problem}`, hint);
  if (shown !== uri)
    throw wrong(
      'it holds more than a bucket and a prefix',
      `${HINT} Credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  if (uri === '') throw wrong('it is empty');
  const match = /^s3:\/\/([^/]*)(?:\/([^]*))?$/.exec(uri);
  if (!match) throw wrong(/^s3:/i.test(uri) ? 'it does not begin with "s3://"' : 'only s3:// is known');
  const [, bucket, path = ''] = match;
  if (bucket === '') throw wrong('it names no bucket');
  if (!isBucketName(bucket)) {
    throw wrong(
      `"${bucket}" cannot be a bucket's name`,
      'A bucket has 3 to 63 lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit.',
    );
  }
  const prefix = path.replace(/\/$/, '');
  const problem = prefixProblem(prefix);
  if (problem) throw wrong(problem, `${HINT} A prefix is made of letters, digits and !_.*'()=/- .`);
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** As S3 has it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function isBucketName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..');
}

/** Only what every S3 client writes the same way: a restore by hand has to find it. `?` and `#` would be a URL's own. */
function prefixProblem(prefix: string): string | undefined {
  if (prefix === '') return undefined;
  if (prefix.startsWith('/') || prefix.includes('//')) return 'its prefix has an empty part ("//")';
  if (prefix.split('/').some((part) => part === '.' || part === '..')) return 'its prefix has a part "." or ".."';
  const odd = /[^A-Za-z0-9!_.*'()=/-]/u.exec(prefix);
  if (odd) return `its prefix holds ${JSON.stringify(odd[0])}`;
  return undefined;
}
