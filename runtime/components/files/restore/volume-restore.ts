import type { FilesVolume } from '../../../../model';
import type { Zstd } from '../../../postgres/zstd';
import type { ArchiveOrigin } from '../../dump/verified-archive';
import type { Step } from '../../../observe/reporter';
import type { FileEntry } from '../entry';
import { readEntries } from '../index/read-index';
import type { Tar } from '../tar/find-tar';
import type { FilesPoint, RestoreFilesRequest } from '../types';
import type { Selection } from './selection';

/** What the steps of restoring one volume share. */
export interface VolumeRestore {
  readonly request: RestoreFilesRequest;
  readonly volume: FilesVolume;
  readonly origin: ArchiveOrigin;
  readonly tar: Tar;
  readonly zstd: Zstd;
  /** Where it goes: a path without links. */
  readonly root: string;
  readonly selection: Selection;
  /** For a list of directories while it runs. */
  readonly scratch: string;
  readonly step: Step;
  readonly warnings: string[];
}

/** Only root may give files away. */
export const IS_ROOT = process.getuid?.() === 0;

/** What is restored, in the order of the index; read anew each time, as there may be too much of it to be held. */
export async function* wantedEntries(
  { origin, volume, selection }: Pick<VolumeRestore, 'origin' | 'volume' | 'selection'>,
  { manifest }: FilesPoint,
): AsyncGenerator<FileEntry> {
  for await (const entry of readEntries(origin, manifest, volume)) if (selection.wants(entry.path)) yield entry;
}
