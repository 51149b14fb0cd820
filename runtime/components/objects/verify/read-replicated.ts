/**
 * Reads an object of a replica, of which no digest was ever ours: every byte against the checksum that S3 keeps of the whole.
 * Where it keeps none, or one of parts, nothing proves the bytes.
 */
import type { InventoryEntry } from '../../../../model';
import type { Step } from '../../../observe/reporter';
import type { ObjectStore } from '../../../store/store';
import { WholeChecksums } from '../whole-checksums';
import type { Judgement } from './mirror-findings';

export async function readReplicated(
  { key, versionId, sizeBytes, etag }: InventoryEntry,
  data: ObjectStore,
  step: Step,
  signal: AbortSignal,
): Promise<Judgement> {
  const described = await data.head(key, { versionId });
  if (!described) return { wrong: `version ${versionId} is not there` };
  if (described.sizeBytes !== sizeBytes)
    return { wrong: `it has ${described.sizeBytes} bytes, the inventory says ${sizeBytes}` };
  if (described.etag !== etag) return { wrong: `its ETag is ${described.etag}, the inventory says ${etag}` };
  // Not read for nothing.
  if (described.sha256 === undefined && described.crc32 === undefined) return 'unproven';
  const checksums = await readAll(key, versionId, data, step, signal);
  return checksums.judge(described, sizeBytes);
}

async function readAll(key: string, versionId: string, data: ObjectStore, step: Step, signal: AbortSignal) {
  const checksums = new WholeChecksums();
  const { body } = await data.get(key, { versionId, signal });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      step.advance(chunk.length);
      checksums.update(chunk);
    }
  } finally {
    body.destroy();
  }
  return checksums;
}
