import { compareKeys } from '../../../../model';
import { BackupError } from '../../../errors';

interface Keyed {
  readonly key: string;
}

/** Reads something sorted, one by one, from batches; and refuses what is not sorted: a join of it would lose objects in silence. */
export class SortedReader<T extends Keyed> {
  private readonly batches: AsyncIterator<readonly T[]>;
  private batch: readonly T[] = [];
  private at = 0;
  private last: string | undefined;
  private ended = false;

  /** @param what for the error: `the listing of s3://uploads` */
  constructor(
    batches: AsyncIterable<readonly T[]>,
    private readonly what: string,
  ) {
    this.batches = batches[Symbol.asyncIterator]();
  }

  /** Whether `head` says how things stand. Otherwise `fill` has to be waited for first. */
  get ready(): boolean {
    return this.ended || this.at < this.batch.length;
  }

  async fill(): Promise<void> {
    while (!this.ready) {
      const next = await this.batches.next();
      if (next.done) this.ended = true;
      else {
        this.batch = next.value;
        this.at = 0;
      }
    }
  }

  /** The next one; nothing at the end. */
  get head(): T | undefined {
    return this.batch[this.at];
  }

  /** Goes on to the one after. */
  advance(): void {
    const passed = this.batch[this.at].key;
    this.at++;
    if (this.last !== undefined && compareKeys(this.last, passed) >= 0) {
      throw new BackupError('store-failed', `${this.what} is not in order`, {
        detail: `${JSON.stringify(passed)} comes after ${JSON.stringify(this.last)}.`,
        hint: 'Keys have to come once each and in order of their bytes, as S3 lists them. A directory bucket does not.',
      });
    }
    this.last = passed;
  }

  /** Left before its end. */
  async close(): Promise<void> {
    await this.batches.return?.();
  }
}
