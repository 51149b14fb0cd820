/**
 * Archives what an earlier stream left, before the server is asked for anything: it may be all that is left
 * of a server that is gone.
 */
import { open } from 'node:fs/promises';
import { pushWalFile } from '../push';
import type { PushContext } from '../push-subject';
import { readSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from '../segment-header';
import type { ReceivedFiles } from './received-files';
import { pushPartial } from './push-partial';

/** Each goes to the cluster that its own first page names. A history is had again from the server. */
export async function pushLeftovers(files: ReceivedFiles, source: string, context: PushContext): Promise<void> {
  for (const file of await files.finished()) {
    const path = files.pathOf(file.name);
    const header = file.kind === 'segment' ? await headerOf(path) : undefined;
    if (header) await pushWalFile({ path, source, systemIdentifier: header.systemIdentifier }, context);
  }
  for (const file of await files.unfinished()) {
    const log = await files.readLog(file);
    const header = log && readSegmentHeader(log);
    if (header) await pushPartial({ source, ...header, file, log }, context);
  }
}

async function headerOf(path: string): Promise<SegmentHeader | undefined> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    await handle.read(bytes, 0, bytes.length, 0);
    return readSegmentHeader(bytes);
  } finally {
    await handle.close();
  }
}
