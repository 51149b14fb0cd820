/** A MinIO on this machine, as a process of its own with a directory of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { createS3Client, type S3Connection } from '../../runtime/store/s3-client';

const CREDENTIALS = { accessKeyId: 'peer-of-tests', secretAccessKey: 'only-on-this-machine' };
const START_TIMEOUT_MS = 60_000;

export class Minio {
  readonly client;

  private constructor(
    readonly connection: S3Connection,
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {
    this.client = createS3Client(connection);
  }

  static async start(): Promise<Minio> {
    const directory = await mkdtemp(path.join(tmpdir(), 'minio-'));
    const [port, consolePort] = [await freePort(), await freePort()];
    const args = [
      'server',
      directory,
      '--address',
      `127.0.0.1:${port}`,
      '--console-address',
      `127.0.0.1:${consolePort}`,
    ];
    const { accessKeyId, secretAccessKey } = CREDENTIALS;
    const child = spawn(program(), [...args, '--quiet'], {
      env: {
        PATH: process.env.PATH,
        HOME: directory,
        MINIO_ROOT_USER: accessKeyId,
        MINIO_ROOT_PASSWORD: secretAccessKey,
      },
      stdio: 'ignore',
    });
    const endpoint = `http://127.0.0.1:${port}`;
    await answers(`${endpoint}/minio/health/ready`, child);
    return new Minio({ endpoint, region: 'us-east-1', credentials: CREDENTIALS, maxAttempts: 3 }, child, directory);
  }

  async createBucket(Bucket: string, kind: 'plain' | 'versioned' | 'locked' = 'plain'): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: kind === 'locked' }));
    if (kind !== 'versioned') return;
    await this.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  }

  async stop(): Promise<void> {
    this.client.destroy();
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Printed by the script that makes sure of it. */
function program(): string {
  const { stdout, status } = spawnSync(process.execPath, [path.join(__dirname, '../../scripts/ensure-minio.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('there is no MinIO');
  return stdout.trim();
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (child.exitCode !== null) throw new Error(`MinIO ended with ${child.exitCode}`);
    if (Date.now() > end) throw new Error(`MinIO does not answer at ${url}: ${status}`);
    await delay(100);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
