/**
 * Reads an object of a replica, of which no digest was ever ours: every byte against the checksum that S3 keeps of the whole.
 * Where it keeps none, or one of parts, nothing proves the bytes.
 */
import { createHash } from 'node:crypto';
import type { InventoryEntry } from '../../../../model';
import type { Step } from '../../../observe/reporter';
import { crc32, crc32Base64 } from '../../../store/crc32';
import type { ObjectStore } from '../../../store/store';
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
  if (described.sha256 === undefined && described.crc32 === undefined) return 'unproven';
  const read = await readAll(key, versionId, data, step, signal);
  const wrong = (['sha256', 'crc32'] as const).find(
    (name) => described[name] !== undefined && described[name] !== read[name],
  );
  if (wrong !== undefined)
    return { wrong: `the ${wrong} of its bytes is ${read[wrong]}, S3 keeps ${described[wrong]}` };
  return read.sizeBytes === sizeBytes ? 'good' : { wrong: `${read.sizeBytes} of its ${sizeBytes} bytes could be read` };
}

async function readAll(key: string, versionId: string, data: ObjectStore, step: Step, signal: AbortSignal) {
  const hash = createHash('sha256');
  let crc = 0;
  let sizeBytes = 0;
  const { body } = await data.get(key, { versionId, signal });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      step.advance(chunk.length);
      hash.update(chunk);
      crc = crc32(chunk, crc);
      sizeBytes += chunk.length;
    }
  } finally {
    body.destroy();
  }
  return { sha256: hash.digest('base64'), crc32: crc32Base64(crc), sizeBytes };
}
