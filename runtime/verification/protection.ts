import type { VerificationFinding } from '../../model';
import type { ObjectDescription, ObjectStore } from '../store/store';
import type { Expectations } from './expectations';

export interface StoredVersion {
  readonly key: string;
  readonly versionId: string | null;
}

/**
 * Asks the store how it protects an object: the key it is encrypted with, and until when it is locked. Nothing is asked
 * when nothing is expected. An object that is not there is found missing elsewhere.
 */
export async function checkProtection(
  store: ObjectStore,
  { key, versionId }: StoredVersion,
  expected: Expectations,
): Promise<VerificationFinding[]> {
  if (expected.encryptionKey === undefined && expected.lockSeconds === undefined) return [];
  const found = await store.head(key, { versionId });
  if (!found) return [];
  return [encryptionFinding(found, expected.encryptionKey), lockFinding(found, expected.lockSeconds)]
    .filter((finding) => finding !== undefined)
    .map((finding) => ({ subject: key, ...finding }));
}

type ProtectionFinding = Omit<VerificationFinding, 'subject'>;

function encryptionFinding(
  { encryption, kmsKeyId }: ObjectDescription,
  expectedKey: string | undefined,
): ProtectionFinding | undefined {
  if (expectedKey === undefined || kmsKeyId === expectedKey) return undefined;
  if (encryption === undefined) {
    return {
      outcome: 'could not verify',
      finding: `the store does not say how it is encrypted, not with ${expectedKey}`,
    };
  }
  return {
    outcome: 'failed',
    finding: `it is encrypted with ${kmsKeyId ?? encryption}, not with ${expectedKey}`,
  };
}

/** A lock and `lastModified` both count from when the object was made, each rounded for itself. */
const LOCK_TOLERANCE_SECONDS = 60;

function lockFinding(
  { lockedUntil, lastModified }: ObjectDescription,
  lockSeconds: number | undefined,
): ProtectionFinding | undefined {
  if (lockSeconds === undefined) return undefined;
  if (lockedUntil === undefined) return { outcome: 'failed', finding: 'it is not locked' };
  const lockedSeconds = (lockedUntil.getTime() - lastModified.getTime()) / 1000;
  if (lockedSeconds >= lockSeconds - LOCK_TOLERANCE_SECONDS) return undefined;
  const promised = new Date(lastModified.getTime() + lockSeconds * 1000);
  return {
    outcome: 'failed',
    finding: `it is locked until ${lockedUntil.toISOString()}, not until ${promised.toISOString()}`,
  };
}
