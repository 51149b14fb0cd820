/** Looks into a restored server that was disarmed: every table and index of every database, and what the user asks. */
import type { DrillComparison, DrilledCheck, DrilledDatabase, SqlCheck } from '../../../model';
import { formatNumberOf } from '../../observe/format';
import { makeConnection, type Connection } from '../../postgres/connection';
import { launchServer, type RunningServer } from '../../postgres/server-process';
import { openSession, type SqlSession } from '../../postgres/session';
import type { RecoveryTools } from '../../recovery/recovery-tools';
import { askChecks } from '../checks';
import { checksByDatabase } from '../checks-by-database';
import { Differences } from '../compare/differences';
import type { DrillWork } from '../work';
import { compareServerDatabase } from './compare-database';
import type { DisarmedServer } from './disarm';

export interface LookedInto {
  readonly directory: string;
  readonly tools: RecoveryTools;
  readonly disarmed: DisarmedServer;
}

const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  shared_buffers: '128MB',
  max_connections: '50',
};

export async function lookIntoServer(work: DrillWork, looked: LookedInto): Promise<void> {
  const { directory, tools, disarmed } = looked;
  const { phases, findings } = work;
  const server = await phases.run(null, 'server', async () => {
    const settings = { ...disarmed.settings, ...SETTINGS };
    const started = await launchServer({ postgres: tools.postgres, directory, user: tools.user, settings });
    return [formatNumberOf(disarmed.databases.length, 'database'), started];
  });
  try {
    const checks = checksByDatabase(work.request.checks, databasesForChecks(disarmed.databases));
    let ownTables = 0;
    for (const name of disarmed.databases) {
      const { database, asked, own } = await lookInto(work, looked, server, name, checks.get(name) ?? []);
      findings.add({ database, checks: asked });
      ownTables += own;
    }
    if (ownTables === 0) findings.addPart({ name: 'databases', comparisons: [nothingThere()] });
    await stillRuns(work, looked, server);
  } finally {
    await server.shutDown('immediate');
  }
}

/** A server that nobody ever put anything into restores perfectly, and is hardly the one that was meant. */
function nothingThere(): DrillComparison {
  return new Differences('tables')
    .unverified('no database holds a table of its own: nothing was there to be read')
    .result();
}

/** A check that names no database is for the only one there is, besides those that every server has. */
function databasesForChecks(all: readonly string[]): readonly string[] {
  const own = all.filter((name) => !['postgres', 'template1'].includes(name));
  return own.length > 0 ? own : all.filter((name) => name !== 'template1');
}

interface FoundInDatabase {
  readonly database: DrilledDatabase;
  readonly asked: readonly DrilledCheck[];
  readonly own: number;
}

async function lookInto(
  { phases, context }: DrillWork,
  looked: LookedInto,
  server: RunningServer,
  name: string,
  checks: readonly SqlCheck[],
): Promise<FoundInDatabase> {
  const session = await open(looked, server, name, context.signal);
  try {
    const compared = await phases.run(name, 'comparing', async (step) => {
      const found = await compareServerDatabase(session, context.signal, (what) => step.detail(what));
      return [formatNumberOf(found.tables, 'table'), found];
    });
    const database = { name, comparisons: compared.comparisons, leftOut: [] };
    return { database, asked: await askAll(checks, session, phases, name, context), own: compared.ownTables };
  } finally {
    await session.close();
  }
}

async function askAll(
  checks: readonly SqlCheck[],
  session: SqlSession,
  phases: DrillWork['phases'],
  name: string,
  context: DrillWork['context'],
): Promise<readonly DrilledCheck[]> {
  if (checks.length === 0) return [];
  return phases.run(name, 'checks', async (step) => {
    const asked = await askChecks(checks, session, { ...context, onCheck: (check) => step.detail(check) });
    return [formatNumberOf(asked.length, 'check'), asked];
  });
}

async function open(
  { directory, tools, disarmed }: LookedInto,
  server: RunningServer,
  database: string,
  signal: AbortSignal,
): Promise<SqlSession> {
  return openSession(connection(directory, server, disarmed, database), tools, { signal });
}

function connection(
  directory: string,
  { port }: RunningServer,
  { role, password }: DisarmedServer,
  database: string,
): Connection {
  const server = { PGHOST: directory, PGPORT: String(port), PGSSLMODE: 'disable' };
  return makeConnection({ ...server, PGUSER: role, PGPASSWORD: password }, database);
}

/** Sessions outlive a killed server for a while: what they answered last is then no word of a server that runs. */
async function stillRuns({ context }: DrillWork, looked: LookedInto, server: RunningServer): Promise<void> {
  const session = await open(looked, server, looked.disarmed.databases[0], context.signal);
  await session.close();
}
