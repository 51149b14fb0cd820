import type { Writable } from 'node:stream';

/**
 * Writes to a process, and waits while it has not read what it was given. Returns at once when it is gone: its exit says why.
 */
export async function writeTo(stream: Writable, bytes: Buffer): Promise<'taken' | 'gone'> {
  if (stream.destroyed || stream.writableEnded) return 'gone';
  if (!stream.write(bytes)) {
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
