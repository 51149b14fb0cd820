import type { RunContext } from '../../../context';
import { BackupError } from '../../../errors';
import { outdatedClient } from '../../../postgres/outdated-client';
import { listDatabases, readServerFacts, type DatabaseFacts, type ServerFacts } from '../../../postgres/server-facts';
import { openSession } from '../../../postgres/session';
import { findPsql, findTools, type PostgresTools } from '../../../postgres/tools';
import type { DumpRequest } from '../types';

export interface DescribedServer {
  readonly facts: ServerFacts;
  /** Of the server's own major version. */
  readonly tools: PostgresTools;
  readonly databases: readonly DatabaseFacts[];
  /** The one the connection names. */
  readonly connected: string;
  readonly warnings: readonly string[];
}

/** Asks the server what it is, and finds the client tools that fit it. */
export async function describeServer(context: Pick<RunContext, 'server' | 'signal'>): Promise<DescribedServer> {
  const connection = await context.server.open();
  const session = await openSession(connection, await findPsql(), { signal: context.signal });
  try {
    const facts = await readServerFacts(session);
    const tools = await findTools(facts.major);
    const outdated = outdatedClient(tools.version);
    return {
      facts,
      tools,
      databases: await listDatabases(session),
      connected: connection.database,
      warnings: outdated === undefined ? [] : [outdated],
    };
  } finally {
    await session.close();
  }
}

/** The databases asked for, each of which must be there. */
export function databasesToDump(request: Pick<DumpRequest, 'databases'>, server: DescribedServer): string[] {
  if (request.databases === 'all') return server.databases.map(({ name }) => name);
  if (request.databases.length === 0) return [server.connected];
  const known = new Set(server.databases.map(({ name }) => name));
  const missing = request.databases.find((name) => !known.has(name));
  if (missing === undefined) return [...new Set(request.databases)];
  throw new BackupError('database-missing', `the server has no database "${missing}" that accepts connections`, {
    detail: `It has ${[...known].map((name) => `"${name}"`).join(', ')}.`,
    hint: 'Names are case-sensitive.',
  });
}
