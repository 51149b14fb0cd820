/** What the conformance suite runs against: an S3 server, however it came to be. */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { startS3Server } from '../../../../dev/s3';

export interface Target {
  name: string;
  /** Checks it is known not to pass, by their title, with what it does instead. */
  deviations: Readonly<Record<string, string>>;
  start(): Promise<RunningTarget>;
}

export interface RunningTarget {
  /** A new client; requests are not repeated, so that what is seen is what the server answered. */
  client(settings?: S3ClientConfig): S3Client;
  stop(): Promise<void>;
}

export const ours: Target = {
  name: 'the development server',
  deviations: {},
  async start() {
    const directory = mkdtempSync(join(tmpdir(), 's3-conformance-'));
    const server = await startS3Server({ directory });
    const { endpoint, region, credentials } = server;
    const clients = new Clients({ endpoint, region, credentials });
    return {
      client: (settings) => clients.make(settings),
      async stop() {
        clients.destroy();
        await server.close();
        rmSync(directory, { recursive: true });
      },
    };
  },
};

/** Where a program of the path is; nothing when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** An independent implementation, so that the suite does not merely agree with ourselves. */
export function moto(program: string, deviations: Target['deviations']): Target {
  return {
    name: 'moto',
    deviations,
    async start() {
      const port = await freePort();
      const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
      await saysItRuns(child);
      const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };
      const clients = new Clients({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials });
      return {
        client: (settings) => clients.make(settings),
        async stop() {
          clients.destroy();
          const exited = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGTERM');
          await exited;
        },
      };
    },
  };
}

class Clients {
  readonly #made: S3Client[] = [];

  constructor(private readonly settings: S3ClientConfig) {}

  make(settings: S3ClientConfig = {}): S3Client {
    const client = new S3Client({ forcePathStyle: true, maxAttempts: 1, ...this.settings, ...settings });
    this.#made.push(client);
    return client;
  }

  destroy(): void {
    for (const client of this.#made) client.destroy();
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function saysItRuns(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`moto_server did not start: ${said}`)));
    child.stderr?.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (said.includes('Running on')) resolve();
    });
  });
}
