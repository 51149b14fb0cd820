import type { StoredPart } from '../../model';
import { BackupError } from '../errors';

/**
 * A received stream whose producers all ended well. It is the only thing an upload can be completed with, and
 * {@link VerifiedStream.of} the only way to get one: so a half dump of a killed producer cannot become an object.
 */
export class VerifiedStream {
  // A private field makes the type nominal: no other object passes for it.
  readonly #received: ReceivedStream;

  private constructor(received: ReceivedStream) {
    this.#received = received;
  }

  /**
   * Checks that every producer (the whole pipe: dump, compressor) ended with code 0 and by no signal. The streams of a killed
   * process end as quietly as those of a finished one; the code alone is `null` for it. An empty stream is refused too.
   *
   * @param failure makes the error for the first producer that failed; by default a `tool-failed`.
   */
  static of(
    received: ReceivedStream,
    producers: readonly ProducerExit[],
    failure: (failed: ProducerExit) => BackupError = producerFailure,
  ): VerifiedStream {
    if (producers.length === 0) {
      throw new BackupError('internal', `nobody says how the stream of ${JSON.stringify(received.key)} was produced`, {
        detail: 'A stream counts as whole only when the exit of every producer is known.',
      });
    }
    const failed = producers.find((producer) => producer.code !== 0 || producer.signal !== null);
    if (failed) throw failure(failed);
    if (received.sizeBytes === 0) {
      throw new BackupError('tool-failed', `the stream of ${JSON.stringify(received.key)} is empty`, {
        detail: `${producers.map(({ name }) => name).join(', ')} ended well without giving a byte.`,
      });
    }
    return new VerifiedStream(received);
  }

  get received(): ReceivedStream {
    return this.#received;
  }
}

/** A stream that the store has acknowledged to the last byte, and that nobody can see yet. */
export interface ReceivedStream {
  readonly key: string;
  readonly sizeBytes: number;
  /** Of the whole stream, lower-case hex. */
  readonly sha256: string;
  /** Of the whole stream, base64. */
  readonly crc32: string;
  readonly parts: readonly StoredPart[];
}

/** How a process that produced the stream, or a part of the way of it, ended. */
export interface ProducerExit {
  /** As a person calls it: `pg_dump`. */
  readonly name: string;
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last of what it said on standard error; without secrets. */
  readonly lastWords?: string;
}

function producerFailure(failed: ProducerExit): BackupError {
  const how = failed.signal === null ? `exited with code ${failed.code}` : `was ended by ${failed.signal}`;
  return new BackupError('tool-failed', `${failed.name} ${how}`, {
    detail: failed.lastWords,
    hint: failed.signal === 'SIGKILL' ? 'SIGKILL often means that the machine or task ran out of memory.' : undefined,
  });
}
