import { openSession, type SqlSession } from '../../../runtime/postgres/session';
import { quoteIdentifier } from '../../../runtime/postgres/sql-quoting';
import { startThrowawayServer, type ThrowawayServer } from '../../../runtime/postgres/throwaway-server';
import { findPsql } from '../../../runtime/postgres/tools';
import type { Connection } from '../../../runtime/postgres/connection';

/** A server for one test file, and sessions that are closed with it. */
export class Scratch {
  private readonly sessions: SqlSession[] = [];

  private constructor(readonly server: ThrowawayServer) {}

  static async start(options: Parameters<typeof startThrowawayServer>[0] = {}): Promise<Scratch> {
    return new Scratch(await startThrowawayServer(options));
  }

  async open(database = 'postgres', user?: string): Promise<SqlSession> {
    return this.openWith(this.connection(database, user));
  }

  async openWith(connection: Connection): Promise<SqlSession> {
    const session = await openSession(connection, await findPsql());
    this.sessions.push(session);
    return session;
  }

  /** As another role, which must have been made with `role()`. */
  connection(database = 'postgres', user?: string): Connection {
    const { env, ...rest } = this.server.connection(database);
    return user === undefined
      ? { env, ...rest }
      : { ...rest, env: { ...env, PGUSER: user, PGPASSWORD: ROLE_PASSWORD } };
  }

  /** Makes a role that may log in. */
  async role(name: string, attributes = ''): Promise<void> {
    const session = await this.open();
    await session.execute(`CREATE ROLE ${quoteIdentifier(name)} LOGIN PASSWORD '${ROLE_PASSWORD}' ${attributes}`);
  }

  async database(name: string, rest = ''): Promise<SqlSession> {
    const session = await this.open();
    await session.execute(`CREATE DATABASE ${quoteIdentifier(name)} ${rest}`);
    return this.open(name);
  }

  async stop(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
    await this.server.stop();
  }
}

const ROLE_PASSWORD = 'only-for-tests';

/** Runs statements one after the other. */
export async function executeAll(session: SqlSession, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await session.execute(statement);
}
