import { usageError } from '../errors';
import { parseVaultUri, type VaultLocation } from './vault-uri';

/**
 * Reads `s3://bucket[/folder]` of a bucket that others fill: unlike a vault's, its folder may have any name. A slash at the end
 * means nothing; keys begin after it.
 */
export function parseBucketUri(uri: string): VaultLocation {
  const match = /^(s3:\/\/[^/]*)(?:\/([^]*))?$/.exec(uri);
  // The bucket's name is as a vault's, and so is what is said of a wrong one.
  if (!match) return refuse(uri);
  const { bucket } = parseBucket(match[1], uri);
  const folder = (match[2] ?? '').replace(/\/$/, '');
  return { bucket, prefix: folder === '' ? '' : `${folder}/` };
}

function parseBucket(start: string, uri: string): VaultLocation {
  try {
    return parseVaultUri(start);
  } catch {
    return refuse(uri);
  }
}

function refuse(uri: string): never {
  // Somebody may have put credentials there, as other URLs have them: they are not repeated.
  const shown = uri.replace(/\/\/[^/@]*@/, '//***@');
  throw usageError(`invalid bucket "${shown}"`, 'Give it as s3://bucket or s3://bucket/folder.');
}
