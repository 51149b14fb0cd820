import type { BackupError } from '../../errors';
import type { ConnectionSource } from '../../postgres/connection';
import type { PushContext } from '../push-subject';

export interface ReceiveRequest {
  readonly source: string;
  /** Where what is received lies until it is archived. For this alone. */
  readonly directory: string;
  /** Also what `synchronous_standby_names` may call the receiver. */
  readonly slotName: string;
  /** `synchronous`: the server's commits may wait until what they wrote is on the disk here. */
  readonly mode: 'asynchronous' | 'synchronous';
  /** How often what there is of the newest segment is archived, when something was added to it. */
  readonly partialEverySeconds: number;
  /** With more than this on the disk nothing is received until it is archived. */
  readonly mostUnarchivedBytes: number;
  /** What to do where the server has deleted what the archive lacks. */
  readonly onGap: 'stop' | 'go on';
  /** A receiver that gets nothing for so long, while the server goes on, is started anew. */
  readonly stallSeconds: number;
  readonly lookEverySeconds: number;
}

export interface ReceiveContext extends PushContext {
  readonly server: ConnectionSource;
  readonly onStreaming: (from: string, timeline: number) => void;
  /** It will be tried again. */
  readonly onInterruption: (error: BackupError) => void;
  readonly onLook: (look: ReceiveLook) => void;
  readonly warn: (message: string) => void;
}

/** How it stands. */
export interface ReceiveLook {
  /** Since the oldest moment at which the server had log that is not archived yet; 0 when all is. */
  readonly lagSeconds: number;
  /** What the server has written and is not archived yet. */
  readonly lagBytes: number;
  /** What the server keeps for the receiver. */
  readonly slotBytes: number;
}

export interface ReceiveReport {
  /** Full ones; also those that were archived before. */
  readonly segments: number;
  readonly partials: number;
  /** How often it had to begin anew. */
  readonly interruptions: number;
}
