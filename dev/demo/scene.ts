/** Where the demonstration takes place: a private PostgreSQL server and an S3 server, both on 127.0.0.1 in temporary folders. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startThrowawayServer, type ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { findTools, type PostgresTools } from '../../runtime/postgres/tools';
import { startS3Server, type S3Server } from '../s3';
import { authorizer, makeCredentials, VAULT_BUCKET, type VaultCredentials } from './access';
import { claim } from './claim';

export interface Scene {
  readonly server: ThrowawayServer;
  readonly tools: PostgresTools;
  readonly s3: S3Server;
  readonly credentials: VaultCredentials;
  /** Stops both servers and removes what they kept; claims that nothing is left. Says what was removed. */
  readonly close: () => Promise<string>;
}

export async function openScene(): Promise<Scene> {
  const credentials = makeCredentials();
  // Should the rest fail to start, the server goes with this process, and its files with it.
  const server = await startThrowawayServer();
  const tools = await findTools(server.major);
  const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-demo-'));
  const s3 = await startS3Server({
    directory,
    ...credentials.visitor,
    credentials: [credentials.writer, credentials.reader],
    authorize: authorizer(credentials),
  });
  await s3.createBucket(VAULT_BUCKET, { versioning: true });

  const close = async (): Promise<string> => {
    const { pid } = server;
    await s3.close();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
    claim(!isRunning(pid), 'the PostgreSQL server is gone', `process ${pid} still runs`);
    for (const folder of [directory, server.directory]) claim(!existsSync(folder), `${folder} is gone`);
    return 'both servers stopped, their folders removed';
  };
  return { server, tools, s3, credentials, close };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
