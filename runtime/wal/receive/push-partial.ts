/** Archives what there is of a segment that is not full, under a name of its own: nothing is ever in the place of a whole one. */
import { parseWalFile, walPartialKey, type WalFile, type WalPartial } from '../../../model';
import { BackupError } from '../../errors';
import { pack } from '../pack';
import { archiveContent } from '../push';
import type { PushContext, PushSubject } from '../push-subject';
import { contentProblem, readSegmentHeader } from '../segment-header';

export interface PartialRequest {
  readonly source: string;
  readonly systemIdentifier: string;
  readonly segmentBytes: number;
  /** As `pg_receivewal` calls it: with `.partial`. */
  readonly file: WalFile;
  /** From the segment's beginning. */
  readonly log: Buffer;
}

/** @throws `wal-damaged`, `wal-foreign`, `wal-conflict`, or what the store ends with. */
export async function pushPartial(request: PartialRequest, context: PushContext): Promise<WalPartial> {
  const { source, systemIdentifier, segmentBytes, log } = request;
  const segment = parseWalFile(request.file.segment ?? '') as WalFile;
  const partial = { segment: segment.name, timeline: segment.timeline, lengthBytes: log.length };
  const bytes = Buffer.alloc(segmentBytes);
  log.copy(bytes);
  checkContent(segment, bytes, systemIdentifier);
  const key = walPartialKey(source, systemIdentifier, partial);
  const { content, stored } = await pack(bytes, context.signal);
  const subject: PushSubject = { source, systemIdentifier, file: segment, key, content };
  await archiveContent(subject, stored, context);
  return partial;
}

function checkContent(segment: WalFile, bytes: Buffer, systemIdentifier: string): void {
  const problem = contentProblem(segment, bytes.length, bytes);
  if (problem) {
    throw new BackupError('wal-damaged', `what was received of ${segment.name} is not what its name says`, {
      detail: problem,
    });
  }
  const found = readSegmentHeader(bytes)?.systemIdentifier;
  if (found === systemIdentifier) return;
  throw new BackupError('wal-foreign', `what was received of ${segment.name} is of another cluster`, {
    detail: `its header says ${String(found)}; this cluster is ${systemIdentifier}`,
  });
}
