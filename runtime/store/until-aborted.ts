import { Readable } from 'node:stream';

/**
 * The items of `source` until `signal` fires, then its reason as an error, even while the source is silent. Left before its end,
 * the source is closed.
 */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let refuse: (reason: unknown) => void = () => undefined;
  const onAbort = () => refuse(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      // Not Promise.race with one promise for all items: that one would remember every race until it settles.
      const item = await new Promise<IteratorResult<T>>((resolve, reject) => {
        refuse = reject;
        iterator.next().then(resolve, reject);
      });
      ended = item.done === true;
      if (item.done) return;
      yield item.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!ended) close(source, iterator);
  }
}

/** Not waited for: an iterator in the middle of a step answers only after it, and that may be never. */
function close<T>(source: AsyncIterable<T>, iterator: AsyncIterator<T>): void {
  if (source instanceof Readable) source.destroy();
  else Promise.resolve(iterator.return?.()).catch(() => undefined);
}
