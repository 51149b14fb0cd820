import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startThrowawayServer, type ThrowawayServer } from '../runtime/postgres/throwaway-server';
import { findTools } from '../runtime/postgres/tools';
import { makeTlsFiles, startS3, type TlsFiles } from './s3-process';

export const DATABASE = 'bench';
export const BUCKET = 'bench-vault';

/** A PostgreSQL server, an S3 server and a database, each a process of its own; and the environment that reaches them. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  /** For files of contenders that need a disk. */
  readonly scratch: string;
  readonly databaseBytes: number;
  readonly server: ThrowawayServer;
  /** Process of the S3 server. */
  readonly storePid?: number;
  /** Of the S3 server, where it speaks TLS. */
  readonly tls?: TlsFiles;
  psql(database: string, sql: string): string;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Of the server, besides those of every world. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether the S3 server speaks TLS, as S3 itself: some peers speak nothing else. @default false */
  readonly tls?: boolean;
}

export async function openWorld(sizeMegabytes: number, options: WorldOptions = {}): Promise<World> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'postgres-backup-bench-'));
  const tls = options.tls ? makeTlsFiles(scratch) : undefined;
  const server = await startThrowawayServer({
    settings: { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB', ...options.settings },
  });
  const s3 = startS3(path.join(scratch, 's3'), [BUCKET], tls);
  const env = { ...(await environment(server)), ...(await s3.environment), ...(tls && trusting(tls)) };
  const world: World = {
    env,
    scratch,
    server,
    storePid: s3.process.pid,
    tls,
    databaseBytes: 0,
    psql: (database, sql) => psql(env, database, sql),
    close: async () => {
      s3.process.kill('SIGTERM');
      await Promise.all([once(s3.process, 'exit'), server.stop()]);
      await rm(scratch, { recursive: true, force: true });
    },
  };
  fill(world, sizeMegabytes);
  const bytes = Number(world.psql(DATABASE, 'SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relnamespace = 2200'));
  return { ...world, databaseBytes: bytes };
}

/**
 * Four tables of like size, with the usual indexes and a foreign key: text, numbers, times and JSON that compress about as rows
 * of business systems do (3 to 5 times).
 */
function fill(world: World, sizeMegabytes: number): void {
  const rows = Math.round((sizeMegabytes * 1_000_000) / 4 / 150);
  world.psql('postgres', `CREATE DATABASE ${DATABASE}`);
  for (const table of ['orders', 'events', 'messages', 'visits']) {
    world.psql(
      DATABASE,
      `CREATE TABLE ${table} (id bigint, at timestamptz NOT NULL, customer int NOT NULL, kind text NOT NULL,
         amount numeric(12,2) NOT NULL, details jsonb NOT NULL);
       INSERT INTO ${table} SELECT g, timestamptz '2026-01-01' + g * interval '7 s', g % 9973,
         (ARRAY['created', 'updated', 'paid', 'delivered'])[1 + g % 4], (g * 37 % 1000000) / 100.0,
         jsonb_build_object('ref', md5(g::text), 'note', repeat('lorem ipsum ', (g % 4)::int), 'n', g % 100)
         FROM generate_series(1, ${rows}) g;
       ALTER TABLE ${table} ADD PRIMARY KEY (id);
       CREATE INDEX ON ${table} (customer, at);
       ANALYZE ${table};`,
    );
  }
  world.psql(DATABASE, 'ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES orders (id); CHECKPOINT');
}

async function environment(server: ThrowawayServer): Promise<NodeJS.ProcessEnv> {
  const tools = await findTools(server.major);
  return {
    ...process.env,
    ...server.connection(DATABASE).env,
    PATH: `${path.dirname(tools.pgDump)}:${process.env.PATH}`,
    POSTGRES_BACKUP_LOG: 'text',
    // Both servers speak plain HTTP on loopback; rclone refuses a certificate bundle of the AWS tools'.
    AWS_CA_BUNDLE: undefined,
  };
}

/** Each client has its own word for it. */
function trusting({ certificate }: TlsFiles): NodeJS.ProcessEnv {
  return { NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate, CURL_CA_BUNDLE: certificate };
}

function psql(env: NodeJS.ProcessEnv, database: string, sql: string): string {
  const run = spawnSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1'], {
    env: { ...env, PGDATABASE: database },
    input: sql,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`psql failed: ${run.stderr}`);
  return run.stdout.trim();
}
