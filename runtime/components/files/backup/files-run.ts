import type { FilesVolume, StoredObject } from '../../../../model';
import type { RunContext } from '../../../context';
import type { Zstd } from '../../../postgres/zstd';
import type { Tar } from '../tar/find-tar';
import type { FilesRequest } from '../types';

/** What a backup of files needs of a run: no server. */
export type FilesContext = Pick<RunContext, 'store' | 'reporter' | 'signal' | 'now' | 'deadlineSeconds'>;

/** Everything the steps of one backup share. */
export interface FilesRun {
  readonly request: FilesRequest;
  readonly context: FilesContext;
  /** Of the recovery point that is being made; ends with a slash. */
  readonly prefix: string;
  /** Its id. */
  readonly point: string;
  readonly tar: Tar;
  readonly zstd: Zstd;
  readonly warnings: string[];
}

/** A volume that is stored: what the manifest says of it, but for where in its list the objects stand. */
export interface StoredVolume {
  readonly volume: Omit<FilesVolume, 'archive' | 'storedIndex' | 'keptIndex'>;
  readonly archive: StoredObject;
  readonly storedIndex: StoredObject;
  readonly keptIndex: StoredObject | null;
}
