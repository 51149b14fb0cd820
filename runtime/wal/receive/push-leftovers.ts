/**
 * Archives what an earlier stream left, before the server is asked for anything: it may be all that is left
 * of a server that is gone.
 */
import { open } from 'node:fs/promises';
import { pushWalFile } from '../push';
import type { PushContext } from '../push-subject';
import { readSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from '../segment-header';
import { unlessGone, type ReceivedFiles } from './received-files';
import { pushPartial } from './push-partial';

/**
 * It goes to the cluster that its own pages name; without any, there is nothing but a history, which is had again. What is full is
 * removed; it may be done again, while somebody still writes there.
 */
export async function pushLeftovers(files: ReceivedFiles, source: string, context: PushContext): Promise<void> {
  const systemIdentifier = await clusterOf(files);
  if (systemIdentifier === undefined) return;
  for (const file of await files.finished()) {
    await pushWalFile({ path: files.pathOf(file.name), source, systemIdentifier }, context);
    await files.remove(file);
  }
  for (const file of await files.unfinished()) {
    const log = await files.readLog(file);
    const header = log && readSegmentHeader(log);
    if (!header) continue;
    const { segmentBytes } = header;
    await pushPartial({ source, systemIdentifier, segmentBytes, file, log }, context);
  }
}

async function clusterOf(files: ReceivedFiles): Promise<string | undefined> {
  const named = (await files.finished()).filter(({ kind }) => kind === 'segment');
  for (const { name } of [...named, ...(await files.unfinished())]) {
    const header = await headerOf(files.pathOf(name));
    if (header) return header.systemIdentifier;
  }
  return undefined;
}

async function headerOf(path: string): Promise<SegmentHeader | undefined> {
  const handle = await unlessGone(() => open(path, 'r'));
  if (!handle) return undefined;
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
    await handle.read(bytes, 0, bytes.length, 0);
    return readSegmentHeader(bytes);
  } finally {
    await handle.close();
  }
}
