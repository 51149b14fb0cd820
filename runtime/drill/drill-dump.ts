import type { DumpPoint } from '../catalog/recovery-point';
import { readGlobals } from '../components/dump/globals-script';
import { formatNumberOf } from '../observe/format';
import { findZstd } from '../postgres/zstd';
import { checksByDatabase } from './checks-by-database';
import { findDrilled } from './choose-point';
import { drillDatabase } from './one-database';
import { createRoles, readRoles } from './roles';
import { dumpRoom, inScratch, refuseTooLittleRoom } from './scratch';
import { startDrillServer, type DrillServer } from './server';
import type { DrillWork } from './work';

/** Restores a dump into a throw-away server of its own, holds it against its manifest, and asks the user's checks. */
export async function drillDump(work: DrillWork): Promise<void> {
  const point = await findDrilled(work, 'dump');
  work.findings.sourceVersion = point.manifest.server.version;
  await inScratch(work.request.scratchParent, async (directory) => {
    await refuseTooLittleRoom(directory, dumpRoom(point.manifest));
    await drillIn(directory, point, work);
  });
}

async function drillIn(directory: string, point: DumpPoint, work: DrillWork): Promise<void> {
  const { request, context, phases, findings } = work;
  const names = point.manifest.databases.map(({ name }) => name);
  const checks = checksByDatabase(request.checks, names);
  const server = await phases.run(null, 'server', async () => {
    const started = await startDrillServer(point.manifest.server.major, directory);
    return [`PostgreSQL ${started.server.version}`, started];
  });
  findings.drillVersion = server.server.version;
  try {
    const ownership = await makeRoles(point, server, work);
    for (const dumped of point.manifest.databases) {
      const one = { request, context, phases, server, point, dumped, ownership, directory };
      findings.add(await drillDatabase({ ...one, checks: checks.get(dumped.name) ?? [] }));
    }
    await stillRuns(server, work);
    findings.allRestored();
  } finally {
    await server.stop();
  }
}

/** Sessions outlive a killed server for a while: what they answered last is then no word of a server that runs. */
async function stillRuns(server: DrillServer, { context }: DrillWork): Promise<void> {
  const session = await server.openAsSuperuser('postgres', context.signal);
  await session.close();
}

async function makeRoles(
  point: DumpPoint,
  server: DrillServer,
  { context, phases }: DrillWork,
): Promise<'as dumped' | 'connecting user'> {
  const { globals } = point.manifest;
  if (!globals) {
    context.reporter.warn('the recovery point holds no roles: owners and grants are not tried');
    return 'connecting user';
  }
  return phases.run(null, 'roles', async () => {
    const { store, signal } = context;
    const script = await readGlobals({ store, zstd: await findZstd(), signal }, globals);
    const session = await server.openAsSuperuser('postgres', signal);
    const made = await createRoles(session, readRoles(script)).finally(() => session.close());
    return [formatNumberOf(made, 'role'), 'as dumped'];
  });
}
