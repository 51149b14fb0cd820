/** A bad network in front of a server: passes bytes on until told to do otherwise. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/**
 * - `pass`: everything, both ways;
 * - `swallow`: takes everything, gives nothing, closes nothing (a firewall that forgot the connection);
 * - `trickle`: one byte of the answer every second.
 */
export type ProxyMode = 'pass' | 'swallow' | 'trickle';

export class TcpProxy {
  mode: ProxyMode = 'pass';
  /** Bytes that the server sent so far, over all connections. */
  answeredBytes = 0;
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private armed: { readonly atBytes: number; readonly act: () => void | Promise<void> } | undefined;
  /** What is done at the armed moment; every answer waits for its end. */
  private acting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server, targetPort);
    server.on('connection', (client) => proxy.join(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Does something once, when the server has sent so many more bytes from now on; what comes then is held back until it is done. */
  after(sizeBytes: number, act: () => void | Promise<void>): void {
    this.armed = { atBytes: this.answeredBytes + sizeBytes, act };
  }

  get fired(): boolean {
    return this.armed === undefined;
  }

  /** Cuts every connection with a TCP reset. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.targetPort, allowHalfOpen: true });
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      // A cut connection is what this is for; each end learns of it from its own socket.
      socket.on('error', () => socket.destroy());
    }
    client.on('data', (chunk) => void (this.mode !== 'swallow' && server.write(chunk)));
    client.on('end', () => server.end());
    client.on('close', () => server.destroy());
    server.on('data', (chunk: Buffer) => this.answer(server, client, chunk));
    const ended = (): void => void (this.mode === 'pass' && client.destroySoon());
    server.on('end', () => void this.acting.then(ended, ended));
    server.on('close', () => void this.acting.then(ended, ended));
  }

  private answer(server: Socket, client: Socket, chunk: Buffer): void {
    this.answeredBytes += chunk.length;
    if (this.armed && this.answeredBytes >= this.armed.atBytes) {
      const { act } = this.armed;
      this.armed = undefined;
      this.acting = Promise.resolve(act());
    }
    const pass = (): void => {
      if (this.mode === 'pass') client.write(chunk);
      if (this.mode === 'trickle') this.trickle(client, chunk);
      server.resume();
    };
    server.pause();
    void this.acting.then(pass, pass);
  }

  private trickle(client: Socket, chunk: Buffer): void {
    let position = 0;
    const timer = setInterval(() => {
      if (position < chunk.length && !client.destroyed) client.write(chunk.subarray(position, ++position));
      else clearInterval(timer);
    }, 1_000);
    this.timers.add(timer);
  }
}
