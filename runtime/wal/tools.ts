/** What the command line does with the WAL archive. */
import type { ObjectStore } from '../store/store';
import { WalArchive } from './archive';
import { getWalFile, type GetOutcome, type GetRequest } from './get';
import { pushWalFile, type PushedFile, type PushRequest } from './push';
import type { PushContext } from './push-subject';
import { readSystemIdentifier } from './system-identifier';

export interface WalTools {
  readonly push: (request: PushRequest, context: PushContext) => Promise<PushedFile>;
  readonly get: (store: ObjectStore, source: string, request: GetRequest, signal: AbortSignal) => Promise<GetOutcome>;
  /** Of the cluster in a data directory. */
  readonly systemIdentifier: (dataDirectory: string) => Promise<string>;
}

export const walTools: WalTools = {
  push: pushWalFile,
  get: (store, source, request, signal) => getWalFile(new WalArchive(store, source), request, signal),
  systemIdentifier: readSystemIdentifier,
};
