/** Opens the buckets that settings name, with the credentials that they name. */
import type { MirrorSetting } from '../../../model';
import { BackupError } from '../../errors';
import type { ReadSecret } from '../../postgres/secrets-manager';
import type { Bucket } from '../../store/bucket';
import { parseBucketUri } from '../../store/bucket-uri';
import { openS3Bucket } from '../../store/s3-bucket';
import type { S3Connection } from '../../store/s3-client';
import type { MirrorRequest } from './types';

/** A bucket, and how it is reached. */
export interface BucketPlace {
  /** `s3://bucket[/folder]`. */
  readonly uri: string;
  /** Default: as the vault's. */
  readonly endpoint?: string;
  /** Default: the credentials of the environment. */
  readonly secret?: string;
}

export async function openBucket(place: BucketPlace, readSecret: ReadSecret): Promise<Bucket> {
  const location = parseBucketUri(place.uri);
  const credentials =
    place.secret === undefined ? undefined : parseCredentials(await readSecret(place.secret), place.secret);
  return openS3Bucket(location, { endpoint: place.endpoint, credentials });
}

export async function openMirror(setting: MirrorSetting, readSecret: ReadSecret): Promise<MirrorRequest> {
  const { name, from: uri, endpoint, secret, include = [], exclude = [], tags = true } = setting;
  return {
    name,
    from: await openBucket({ uri, endpoint, secret }, readSecret),
    endpoint: endpoint ?? null,
    // The vault's store can read only what it holds itself, and as whom it is asked.
    way: endpoint === undefined && secret === undefined && !setting.throughHere ? 'by the store' : 'through here',
    include,
    exclude,
    tags: tags ? 'keep' : 'leave out',
    ...(setting.continuous && { between: 'continuous' }),
    ...(setting.listings !== undefined && { listings: await openBucket({ uri: setting.listings }, readSecret) }),
  };
}

function parseCredentials(text: string, secret: string): Exclude<S3Connection['credentials'], undefined> {
  const fields = parsed(text);
  const [accessKeyId, secretAccessKey] = ['accessKeyId', 'secretAccessKey'].map((name) => fields?.[name]);
  const sessionToken = fields?.sessionToken;
  if (typeof accessKeyId === 'string' && typeof secretAccessKey === 'string') {
    return { accessKeyId, secretAccessKey, ...(typeof sessionToken === 'string' && { sessionToken }) };
  }
  throw new BackupError(
    'configuration-invalid',
    `the secret ${JSON.stringify(secret)} holds no credentials of a store`,
    {
      hint: 'It must be a JSON object with the fields accessKeyId and secretAccessKey, and sessionToken where there is one.',
    },
  );
}

/** Without the text in any error: it is a secret. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
