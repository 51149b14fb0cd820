/**
 * Who may do what in the vault of the demonstration: the actions that `lib/vault-access.ts` grants to a backup task and to whoever
 * restores, on one component of one source. Everything else is denied, to everybody.
 */
import { randomBytes } from 'node:crypto';
import { componentPrefix, VERIFICATION_NAME } from '../../model';
import type { AuthorizationRequest, S3Credential } from '../s3';

export const SOURCE = 'clinic';
export const VAULT_BUCKET = 'clinic-backups';
export const VAULT = `s3://${VAULT_BUCKET}`;
export const PREFIX = componentPrefix(SOURCE, 'dump');

export const WRITE_ACTIONS = ['s3:PutObject', 's3:AbortMultipartUpload'];
export const READ_ACTIONS = ['s3:GetObject', 's3:GetObjectVersion'];
export const LIST_ACTION = 's3:ListBucket';

export interface VaultCredentials {
  /** As a backup task has it: writes below the prefix, and cannot even read that back. */
  readonly writer: S3Credential;
  /** As whoever restores has it: reads and lists below the prefix. */
  readonly reader: S3Credential;
  /** Both, for trying things out with `--keep`. */
  readonly visitor: S3Credential;
}

export function makeCredentials(): VaultCredentials {
  return { writer: credential('WRITER'), reader: credential('READER'), visitor: credential('VISITOR') };
}

/** The vault's answer to a request for a permission. */
export function authorizer({ writer, reader, visitor }: VaultCredentials): (request: AuthorizationRequest) => boolean {
  const writers = [writer.accessKeyId, visitor.accessKeyId];
  const readers = [reader.accessKeyId, visitor.accessKeyId];
  return ({ accessKeyId, action, bucket, key, conditions }) => {
    if (bucket !== VAULT_BUCKET) return false;
    if (action === LIST_ACTION) {
      return readers.includes(accessKeyId) && (conditions['s3:prefix'] ?? '').startsWith(PREFIX);
    }
    if (!key?.startsWith(PREFIX)) return false;
    // Who makes backups does not say that they are good.
    if (accessKeyId === writer.accessKeyId && key.endsWith(`/${VERIFICATION_NAME}`)) return false;
    if (WRITE_ACTIONS.includes(action)) return writers.includes(accessKeyId);
    return READ_ACTIONS.includes(action) && readers.includes(accessKeyId);
  };
}

function credential(name: string): S3Credential {
  return { accessKeyId: name, secretAccessKey: randomBytes(20).toString('hex') };
}
