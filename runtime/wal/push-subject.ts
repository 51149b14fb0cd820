import type { WalFile } from '../../model';
import type { ObjectStore } from '../store/store';
import type { WalContent } from './fetch-file';

/** What every push is given. */
export interface PushContext {
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What is to be stored under which key. */
export interface PushSubject {
  readonly source: string;
  readonly systemIdentifier: string;
  readonly file: WalFile;
  readonly key: string;
  readonly content: WalContent;
}
