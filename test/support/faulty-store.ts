import { once } from 'node:events';
import { Readable } from 'node:stream';
import { BackupError } from '../../runtime/errors';
import type {
  GetOptions,
  ListEntry,
  ListOptions,
  MultipartUpload,
  ObjectDescription,
  ObjectStore,
  ObjectTags,
  OpenedObject,
  PutOptions,
  VersionEntry,
  WrittenVersion,
} from '../../runtime/store/store';
import { Seeded } from './seeded';

export type StoreOperation =
  | 'put'
  | 'createMultipart'
  | 'uploadPart'
  | 'complete'
  | 'abort'
  | 'get'
  | 'head'
  | 'list'
  | 'versions'
  | 'tags'
  | 'tag';

/** What goes wrong, and when. Without `key`, `nth` and `share` it goes wrong every time. */
export interface StoreFault {
  readonly on: StoreOperation;
  /** Only for this key, or keys that match. */
  readonly key?: string | RegExp;
  /** Only the n-th of the calls that match, from 1. */
  readonly nth?: number;
  /** Only this share of the calls that match, from 0 to 1, drawn from the seed. */
  readonly share?: number;
  /**
   * - `fail`: the call is refused and nothing happens;
   * - `lose-answer`: the call is done, and then fails as if the connection had broken;
   * - `stall`: the call waits until its signal fires (for ever without one);
   * - `flip-bit`, `truncate`: what `get` gives is damaged, by one bit or from a drawn byte on.
   */
  readonly effect: 'fail' | 'lose-answer' | 'stall' | 'flip-bit' | 'truncate';
  /** With what `fail` and `lose-answer` fail; default `store-unreachable`. */
  readonly error?: () => Error;
}

/** A store around another that goes wrong as told. `fired` proves that it did. */
export class FaultyStore implements ObjectStore {
  /** Each fault that went off: `uploadPart orders/a.zst: fail`. */
  readonly fired: string[] = [];
  private readonly random: Seeded;
  private readonly matched = new Map<StoreFault, number>();

  constructor(
    private readonly inner: ObjectStore,
    private readonly faults: readonly StoreFault[],
    seed = 1,
  ) {
    this.random = new Seeded(seed);
  }

  get uri(): string {
    return this.inner.uri;
  }

  put(key: string, body: Uint8Array, options: PutOptions = {}): Promise<WrittenVersion> {
    return this.around('put', key, options.signal, () => this.inner.put(key, body, options));
  }

  async createMultipart(key: string, options: PutOptions = {}): Promise<MultipartUpload> {
    const upload = await this.around('createMultipart', key, options.signal, () =>
      this.inner.createMultipart(key, options),
    );
    return {
      uploadPart: (partNumber, part, signal) =>
        this.around('uploadPart', key, signal, () => upload.uploadPart(partNumber, part, signal)),
      complete: (parts, whole) => this.around('complete', key, undefined, () => upload.complete(parts, whole)),
      abort: () => this.around('abort', key, undefined, () => upload.abort()),
    };
  }

  async get(key: string, options: GetOptions = {}): Promise<OpenedObject> {
    const fault = this.draw('get', key);
    if (fault?.effect !== 'flip-bit' && fault?.effect !== 'truncate') {
      return this.through(fault, options.signal, () => this.inner.get(key, options));
    }
    const opened = await this.inner.get(key, options);
    const damage = fault.effect === 'flip-bit' ? flipBit : truncate;
    return { ...opened, body: damage(opened.body, this.random.below(opened.sizeBytes), this.random.below(8)) };
  }

  head(key: string, options: { versionId?: string | null } = {}): Promise<ObjectDescription | undefined> {
    return this.around('head', key, undefined, () => this.inner.head(key, options));
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListEntry> {
    await this.around('list', prefix, undefined, async () => undefined);
    yield* this.inner.list(prefix, options);
  }

  async *versions(prefix: string): AsyncGenerator<VersionEntry> {
    await this.around('versions', prefix, undefined, async () => undefined);
    yield* this.inner.versions(prefix);
  }

  tags(key: string, versionId: string | null): Promise<ObjectTags> {
    return this.around('tags', key, undefined, () => this.inner.tags(key, versionId));
  }

  tag(key: string, versionId: string | null, tags: ObjectTags): Promise<void> {
    return this.around('tag', key, undefined, () => this.inner.tag(key, versionId, tags));
  }

  private around<T>(
    on: StoreOperation,
    key: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    return this.through(this.draw(on, key), signal, work);
  }

  private async through<T>(
    fault: StoreFault | undefined,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (!fault) return work();
    if (fault.effect === 'stall') await stalled(signal);
    if (fault.effect === 'lose-answer') await work();
    throw fault.error?.() ?? new BackupError('store-unreachable', `injected fault: ${fault.on} ${fault.effect}`);
  }

  private draw(on: StoreOperation, key: string): StoreFault | undefined {
    for (const fault of this.faults) {
      if (fault.on !== on || !matches(fault.key, key)) continue;
      const count = (this.matched.get(fault) ?? 0) + 1;
      this.matched.set(fault, count);
      if (fault.nth !== undefined && fault.nth !== count) continue;
      if (fault.share !== undefined && this.random.next() >= fault.share) continue;
      this.fired.push(`${on} ${key}: ${fault.effect}`);
      return fault;
    }
    return undefined;
  }
}

function matches(wanted: string | RegExp | undefined, key: string): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === 'string' ? wanted === key : wanted.test(key);
}

async function stalled(signal: AbortSignal | undefined): Promise<never> {
  if (!signal) return new Promise<never>(() => undefined);
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

function flipBit(body: Readable, atByte: number, bit: number): Readable {
  return changed(body, (chunk, startByte) => {
    if (atByte < startByte || atByte >= startByte + chunk.length) return chunk;
    const flipped = Buffer.from(chunk);
    flipped[atByte - startByte] ^= 1 << bit;
    return flipped;
  });
}

function truncate(body: Readable, atByte: number): Readable {
  return changed(body, (chunk, startByte) => chunk.subarray(0, Math.max(0, atByte - startByte)));
}

function changed(body: Readable, change: (chunk: Buffer, startByte: number) => Buffer): Readable {
  const chunks = async function* () {
    let startByte = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      yield change(chunk, startByte);
      startByte += chunk.length;
    }
  };
  return Readable.from(chunks(), { objectMode: false });
}
