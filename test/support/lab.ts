/** A private PostgreSQL server and an S3 server with a vault: what an integration test works on. Started once for a test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FaultPlan, startS3Server, type S3Server, type S3ServerOptions, type ServedRequest } from '../../dev/s3';
import type { DumpManifest, VerifyDepth } from '../../model';
import { findPoint } from '../../runtime/catalog/catalog';
import type { DumpPoint } from '../../runtime/catalog/recovery-point';
import type { VerificationReport } from '../../runtime/components/component';
import { backupDump } from '../../runtime/components/dump/backup';
import { restoreDump } from '../../runtime/components/dump/restore';
import type { DumpRequest, DumpResult, RestoreReport, RestoreRequest } from '../../runtime/components/dump/types';
import { verifyDump } from '../../runtime/components/dump/verify';
import type { RunContext } from '../../runtime/context';
import type { Reporter } from '../../runtime/observe/reporter';
import { makeConnection, type Connection, type ConnectionSource } from '../../runtime/postgres/connection';
import { openSession, type SqlSession } from '../../runtime/postgres/session';
import { quoteIdentifier } from '../../runtime/postgres/sql-quoting';
import {
  startThrowawayServer,
  type ThrowawayServer,
  type ThrowawayServerOptions,
} from '../../runtime/postgres/throwaway-server';
import { findTools, type PostgresTools } from '../../runtime/postgres/tools';
import { openS3Store } from '../../runtime/store/s3-store';
import type { ObjectStore } from '../../runtime/store/store';
import { Messages } from './messages';
import { runScript } from './run-script';

export const BUCKET = 'vault';
export const SOURCE = 'orders';

export interface LabOptions {
  readonly server?: ThrowawayServerOptions;
  readonly s3?: Partial<S3ServerOptions>;
  /** @default true */
  readonly versioning?: boolean;
}

/** Which server, database and role a run is given. */
export interface Place {
  readonly database?: string;
  readonly server?: ThrowawayServer;
  readonly user?: string;
  readonly password?: string;
  /** In the server's place: a proxy in front of it. */
  readonly port?: number;
}

export type RunSettings = Partial<Pick<RunContext, 'store' | 'signal' | 'now' | 'reporter'>> & Place;

export class Lab {
  readonly vault = `s3://${BUCKET}`;
  /** What the runs told. */
  readonly messages = new Messages();

  private constructor(
    readonly server: ThrowawayServer,
    readonly tools: PostgresTools,
    readonly s3: S3Server,
    readonly faults: FaultPlan,
    /** Every request that the S3 server answered. */
    readonly requests: ServedRequest[],
    readonly store: ObjectStore,
    /** For files of the test. */
    readonly directory: string,
  ) {}

  static async start(options: LabOptions = {}): Promise<Lab> {
    const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-lab-'));
    const faults = new FaultPlan({ seed: 1 });
    const requests: ServedRequest[] = [];
    const s3 = await startS3Server({
      directory: path.join(directory, 's3'),
      faults,
      onRequest: (request) => void requests.push(request),
      ...options.s3,
    });
    await s3.createBucket(BUCKET, { versioning: options.versioning ?? true });
    const server = await startThrowawayServer(options.server);
    const tools = await findTools(server.major);
    return new Lab(server, tools, s3, faults, requests, storeAs(s3), directory);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.s3.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  connection(place: Place = {}): Connection {
    const { server = this.server, database = 'postgres', user, password, port } = place;
    const env = { ...server.connection(database).env };
    if (user !== undefined) env.PGUSER = user;
    if (password !== undefined) env.PGPASSWORD = password;
    if (port !== undefined) env.PGPORT = String(port);
    return makeConnection(env, database);
  }

  source(place: Place = {}): ConnectionSource {
    return {
      description: this.connection(place).description,
      open: async (database) => this.connection({ ...place, database: database ?? place.database }),
    };
  }

  /** Runs a script through psql; it stops at the first error. Gives what it printed. */
  async sql(database: string, script: string, place: Place = {}): Promise<string> {
    return runScript(this.tools.psql, this.connection({ ...place, database }), script);
  }

  /** Makes a database, and fills it with a script. */
  async database(name: string, script = '', options = ''): Promise<string> {
    await this.withSession('postgres', (session) =>
      session.execute(`CREATE DATABASE ${quoteIdentifier(name)} ${options}`),
    );
    if (script !== '') await this.sql(name, script);
    return name;
  }

  async withSession<T>(database: string, work: (session: SqlSession) => Promise<T>, place: Place = {}): Promise<T> {
    const session = await openSession(this.connection({ ...place, database }), this.tools);
    return work(session).finally(() => session.close());
  }

  async backup(database: string, request: Partial<DumpRequest> = {}, run: RunSettings = {}): Promise<DumpResult> {
    return backupDump(dumpRequest(request), this.context({ database, ...run }));
  }

  /** A backup that must succeed, with the point as a restore finds it. */
  async point(database: string, request: Partial<DumpRequest> = {}, run: RunSettings = {}): Promise<DumpPoint> {
    const result = await this.backup(database, request, run);
    if (result.outcome !== 'made') throw new Error(`the backup was ${result.outcome}`);
    return findPoint(this.store, result.manifest.source, 'dump', result.manifest.point);
  }

  async restore(
    point: DumpPoint,
    database: string,
    request: Partial<RestoreRequest> = {},
    run: RunSettings = {},
  ): Promise<RestoreReport> {
    return restoreDump({ ...RESTORE, point, ...request }, this.context({ database, ...run }));
  }

  async verify(point: DumpPoint, depth: VerifyDepth, run: RunSettings = {}): Promise<VerificationReport> {
    return verifyDump(point, depth, this.context(run));
  }

  /** Keys in the vault below a prefix. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const entry of this.store.list(prefix)) if (entry.kind === 'object') keys.push(entry.key);
    return keys;
  }

  /** An object of the vault, as text. */
  async text(key: string): Promise<string> {
    return (await this.bytes(key)).toString('utf8');
  }

  async bytes(key: string): Promise<Buffer> {
    const { body } = await this.store.get(key);
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  context(run: RunSettings): RunContext {
    return {
      store: run.store ?? this.store,
      server: this.source(run),
      reporter: run.reporter ?? this.reporter(),
      signal: run.signal ?? new AbortController().signal,
      now: run.now ?? (() => new Date()),
    };
  }

  private reporter(): Reporter {
    return this.messages.reporter;
  }
}

/** The vault as somebody sees it: the server's first credential, or another. */
export function storeAs(
  s3: S3Server,
  credentials: { accessKeyId: string; secretAccessKey: string } = s3.credentials,
  maxAttempts?: number,
): ObjectStore {
  return openS3Store(`s3://${BUCKET}`, { endpoint: s3.endpoint, region: s3.region, credentials, maxAttempts });
}

/** The manifest of a backup that must have been made. */
export function manifestOf(result: DumpResult): DumpManifest {
  if (result.outcome !== 'made') throw new Error(`the backup was ${result.outcome}`);
  return result.manifest;
}

export function dumpRequest(request: Partial<DumpRequest> = {}): DumpRequest {
  return {
    source: SOURCE,
    class: 'manual',
    databases: [],
    content: 'all',
    globals: false,
    jobs: 1,
    compressionLevel: 1,
    criticalTables: [],
    ephemeralTables: [],
    minimumTables: 1,
    lockTimeoutSeconds: 5,
    ...request,
  };
}

const RESTORE: Omit<RestoreRequest, 'point'> = {
  existing: 'refuse',
  create: true,
  tables: [],
  content: 'all',
  roles: 'skip',
  ownership: 'as dumped',
  jobs: 2,
};
