// A database and a store on this machine, and the environment of a task that backs the one up into the other.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startS3Server, type S3Server } from '../../dev/s3';
import { ENVIRONMENT } from '../../model';
import { openSession } from '../../runtime/postgres/session';
import { startThrowawayServer, type ThrowawayServer } from '../../runtime/postgres/throwaway-server';
import { findTools } from '../../runtime/postgres/tools';

const BUCKET = 'vault';

export class Surroundings {
  static async start(major: number): Promise<Surroundings> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'surroundings-'));
    const store = await startS3Server({ directory: folder });
    await store.createBucket(BUCKET, { versioning: true });
    return new Surroundings(folder, store, await startThrowawayServer({ major }));
  }

  private constructor(
    private readonly folder: string,
    private readonly store: S3Server,
    private readonly server: ThrowawayServer,
  ) {}

  /** What the constructs would give a task that works on this database. */
  environment(database: string): Record<string, string> {
    return {
      ...this.store.environment,
      ...this.server.connection(database).env,
      [ENVIRONMENT.vault]: `s3://${BUCKET}`,
      [ENVIRONMENT.source]: 'orders',
    };
  }

  async execute(database: string, ...statements: string[]): Promise<void> {
    await this.withSession(database, async (session) => {
      for (const statement of statements) await session.execute(statement);
    });
  }

  async query(database: string, sql: string): Promise<Record<string, unknown>[]> {
    return this.withSession(database, (session) => session.query(sql));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async withSession<Result>(
    database: string,
    work: (session: Awaited<ReturnType<typeof openSession>>) => Promise<Result>,
  ): Promise<Result> {
    const session = await openSession(this.server.connection(database), await findTools(this.server.major));
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }
}
