import type { VerifyDepth } from '../../../model';
import { BackupError } from '../../errors';
import { formatNumberOf } from '../../observe/format';
import type { VerificationContext, VerificationReport } from '../component';
import { verifyStored, type Finding } from '../stored-object';
import { verifyEach } from '../verify-each';
import { awsEnvelopeKeys } from './aws-keys';
import { readEntries } from './read-envelope';
import type { ConfigurationPoint, EnvelopeKeys } from './types';

/**
 * Holds a recovery point of a configuration against its manifest. Read: the envelope is opened, and every value in it held against its
 * keyed digest; nothing of a value is told. Who may not use the key cannot verify it so.
 */
export async function verifyConfiguration(
  point: ConfigurationPoint,
  depth: VerifyDepth,
  context: VerificationContext,
  keys: EnvelopeKeys = awsEnvelopeKeys(),
): Promise<VerificationReport> {
  const objects = point.manifest.objects.map((object) => ({ object }));
  return verifyEach({ point, depth, objects }, context, async (onBytes) =>
    depth === 'stored'
      ? ({ object }) => verifyStored(context.store, object)
      : () => verifyOpened(point, context, keys, onBytes),
  );
}

async function verifyOpened(
  { manifest }: ConfigurationPoint,
  context: VerificationContext,
  keys: EnvelopeKeys,
  onBytes: (sizeBytes: number) => void,
): Promise<Finding> {
  try {
    const entries = await readEntries(manifest, context, keys, onBytes);
    const opened = formatNumberOf(entries.length, 'entry');
    return { outcome: 'passed', finding: `every byte read; ${opened} opened, as in the manifest` };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const finding = [error.message, error.detail].filter(Boolean).join(': ');
    if (error.code === 'key-unusable') return { outcome: 'could not verify', finding };
    if (DAMAGE.has(error.code)) return { outcome: 'failed', finding };
    throw error;
  }
}

const DAMAGE: ReadonlySet<string> = new Set(['object-missing', 'object-damaged', 'archive-damaged']);
