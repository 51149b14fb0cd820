/** Verifies a recovery point of which nothing needs to be known but its objects: by the store's word, or by every byte. */
import type { ItemsManifest, Manifest, StoredObject, VerifyDepth } from '../../model';
import type { RecoveryPoint } from '../catalog/recovery-point';
import { BackupError } from '../errors';
import { openVerified } from '../store/verified-download';
import type { VerificationContext, VerificationReport } from './component';
import { verifyStored, type Finding } from './stored-object';
import { verifyEach } from './verify-each';

export async function verifyItems(
  point: RecoveryPoint<Extract<Manifest, ItemsManifest>>,
  depth: VerifyDepth,
  context: VerificationContext,
): Promise<VerificationReport> {
  const objects = point.manifest.objects.map((object) => ({ object }));
  return verifyEach({ point, depth, objects }, context, async (onBytes) =>
    depth === 'stored'
      ? ({ object }) => verifyStored(context.store, object)
      : ({ object }) => verifyBytes(object, context, onBytes),
  );
}

/** Reads every byte and holds each part and the whole against their digests. */
export async function verifyBytes(
  object: StoredObject,
  { store, signal }: VerificationContext,
  onBytes: (sizeBytes: number) => void,
): Promise<Finding> {
  try {
    for await (const chunk of openVerified(store, object, { signal }) as AsyncIterable<Buffer>) onBytes(chunk.length);
    return { outcome: 'passed', finding: 'every byte read' };
  } catch (error) {
    if (!(error instanceof BackupError) || !DAMAGE.has(error.code)) throw error;
    return { outcome: 'failed', finding: [error.message, error.detail].filter(Boolean).join(': ') };
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged']);
