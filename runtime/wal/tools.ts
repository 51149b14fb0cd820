/** What the command line does with the WAL archive. */
import type { RunContext } from '../context';
import type { ObjectStore } from '../store/store';
import { WalArchive } from './archive';
import { getWalFile, type GetOutcome, type GetRequest } from './get';
import { beat, type Heartbeat } from './heartbeat';
import { auditWal, type AuditContext, type WalAudit } from './audit';
import { runArchiveHelper, type HelperContext, type HelperReport, type HelperRequest } from './helper';
import { pushWalFile, type PushedFile, type PushRequest } from './push';
import type { PushContext } from './push-subject';
import { receiveWal } from './receive/receive-wal';
import type { ReceiveContext, ReceiveReport, ReceiveRequest } from './receive/types';
import { readSystemIdentifier } from './system-identifier';

export interface WalTools {
  readonly push: (request: PushRequest, context: PushContext) => Promise<PushedFile>;
  readonly get: (store: ObjectStore, source: string, request: GetRequest, signal: AbortSignal) => Promise<GetOutcome>;
  /** Runs until the signal fires. */
  readonly help: (request: HelperRequest, context: HelperContext) => Promise<HelperReport>;
  /** Runs until the signal fires. */
  readonly receive: (request: ReceiveRequest, context: ReceiveContext) => Promise<ReceiveReport>;
  /** Writes a message into the log of the server. */
  readonly beat: (context: Pick<RunContext, 'server' | 'signal'>) => Promise<Heartbeat>;
  readonly audit: (store: ObjectStore, source: string, context: AuditContext) => Promise<WalAudit>;
  /** Of the cluster in a data directory. */
  readonly systemIdentifier: (dataDirectory: string) => Promise<string>;
}

export const walTools: WalTools = {
  push: pushWalFile,
  get: (store, source, request, signal) => getWalFile(new WalArchive(store, source), request, signal),
  help: runArchiveHelper,
  receive: receiveWal,
  beat,
  audit: auditWal,
  systemIdentifier: readSystemIdentifier,
};
