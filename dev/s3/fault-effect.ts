/** What one fault does to one request: called by the server at each place where something can go wrong. */
import type { Socket } from 'node:net';
import { S3Error } from './errors';
import type { Fault } from './fault';

/** Thrown to end a request whose connection has been cut; nothing can be answered any more. */
export class ConnectionCut extends Error {}

type Headers = Record<string, string | number | undefined>;

export interface AlteredBody {
  headers: Headers;
  body: AsyncIterable<Buffer>;
  /** What follows the last byte. */
  then: 'end' | 'disconnect';
}

export class FaultEffect {
  constructor(
    private readonly fault: Fault,
    private readonly counter: { happened(): void },
  ) {}

  /** Before the request's body is read and before anything is done. */
  async beforeWork(socket: Socket): Promise<void> {
    const { fault } = this;
    if (fault.kind === 'error' && fault.when !== 'after') this.fail(fault);
    if (fault.kind === 'error-in-success') this.fail({ ...fault, status: 200 });
    if (fault.kind === 'drop' && fault.when === 'before') this.cut(socket);
    if (fault.kind === 'stall' && fault.when !== 'after') await this.stall(fault.forMs, socket);
    if (fault.kind === 'interfere') {
      this.counter.happened();
      await fault.act();
    }
  }

  /** After the work is done and kept, before the answer. */
  async afterWork(socket: Socket): Promise<void> {
    const { fault } = this;
    if (fault.kind === 'error' && fault.when === 'after') this.fail(fault);
    if (fault.kind === 'drop' && fault.when === 'after') this.cut(socket);
    if (fault.kind === 'stall' && fault.when === 'after') await this.stall(fault.forMs, socket);
  }

  /** The request's body as the server gets it. */
  requestBody(source: AsyncIterable<Buffer>, socket: Socket): AsyncIterable<Buffer> {
    const { fault } = this;
    if (fault.kind !== 'drop' || typeof fault.when === 'string') return source;
    return this.cutAfter(source, fault.when.bodyBytes, socket);
  }

  /** The answer's body as the client gets it. */
  responseBody(headers: Headers, body: AsyncIterable<Buffer>): AlteredBody {
    const { fault } = this;
    if (fault.kind === 'corrupt') return { headers, body: this.corrupted(body, fault.offset), then: 'end' };
    if (fault.kind !== 'truncate') return { headers, body, then: 'end' };
    const lengthBytes = Math.min(Number(headers['content-length']), fault.afterBytes);
    const shorter = this.truncated(body, lengthBytes);
    if (!fault.quietly) return { headers, body: shorter, then: 'disconnect' };
    return { headers: { ...headers, 'content-length': lengthBytes }, body: shorter, then: 'end' };
  }

  private fail({ code, status, message }: { code: string; status?: number; message?: string }): never {
    this.counter.happened();
    throw new S3Error(code, { status, message });
  }

  private cut(socket: Socket): never {
    this.counter.happened();
    socket.destroy();
    throw new ConnectionCut('The connection was cut by a fault.');
  }

  private async stall(forMs: number | undefined, socket: Socket): Promise<void> {
    this.counter.happened();
    await new Promise<void>((resolve) => {
      const timer = forMs === undefined ? undefined : setTimeout(resolve, forMs);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    if (socket.destroyed) throw new ConnectionCut('The client gave up on a stalled answer.');
  }

  private async *cutAfter(source: AsyncIterable<Buffer>, limitBytes: number, socket: Socket): AsyncGenerator<Buffer> {
    let seenBytes = 0;
    for await (const piece of source) {
      seenBytes += piece.length;
      if (seenBytes > limitBytes) this.cut(socket);
      yield piece;
    }
    this.cut(socket);
  }

  private async *corrupted(body: AsyncIterable<Buffer>, offset: number): AsyncGenerator<Buffer> {
    let position = 0;
    for await (const piece of body) {
      const at = offset - position;
      position += piece.length;
      if (at >= 0 && at < piece.length) {
        this.counter.happened();
        const changed = Buffer.from(piece);
        changed[at] ^= 1;
        yield changed;
      } else yield piece;
    }
  }

  private async *truncated(body: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<Buffer> {
    let leftBytes = limitBytes;
    for await (const piece of body) {
      if (piece.length > leftBytes) {
        this.counter.happened();
        if (leftBytes > 0) yield piece.subarray(0, leftBytes);
        return;
      }
      leftBytes -= piece.length;
      yield piece;
    }
  }
}
