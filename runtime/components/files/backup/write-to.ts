import type { Writable } from 'node:stream';

/** So much may wait to be read: reading and writing then go on side by side. */
const WAITING_BYTES = 1024 * 1024;

/**
 * Writes to a process, and waits while it has not read what it was given, but for a mebibyte. Returns at once when it is gone: its exit says why.
 */
export async function writeTo(stream: Writable, bytes: Buffer): Promise<'taken' | 'gone'> {
  if (stream.destroyed || stream.writableEnded) return 'gone';
  if (!stream.write(bytes) && stream.writableLength > WAITING_BYTES) {
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const event of EVENTS) stream.off(event, done);
        resolve();
      };
      for (const event of EVENTS) stream.on(event, done);
    });
  }
  return stream.destroyed ? 'gone' : 'taken';
}

const EVENTS = ['drain', 'close', 'error'] as const;
