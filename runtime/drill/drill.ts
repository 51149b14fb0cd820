import { MANIFEST_NAME, pointId, type Drill } from '../../model';
import { readText } from '../catalog/read-text';
import type { DumpPoint } from '../catalog/recovery-point';
import { sha256Of } from '../catalog/verification-record';
import { readGlobals } from '../components/dump/globals-script';
import { formatNumberOf } from '../observe/format';
import { findZstd } from '../postgres/zstd';
import { checksByDatabase } from './checks-by-database';
import { choosePoint } from './choose-point';
import { Findings } from './findings';
import { drillDatabase } from './one-database';
import { DrillPhases } from './phases';
import { lastRecord, writeDrill } from './records';
import { createRoles, readRoles } from './roles';
import { makeScratch, refuseTooLittleRoom } from './scratch';
import { startDrillServer, type DrillServer } from './server';
import type { DrillContext, DrillRequest } from './types';

/** What came of a drill, and where its record lies; `null` where it could not be stored. */
export interface DrillResult {
  readonly drill: Drill;
  readonly key: string | null;
}

/**
 * Restores a recovery point into a throw-away server of its own, holds it against its manifest, asks the user's checks, and
 * writes the record. Never throws: whatever stops it is an outcome. One whose record cannot be stored has not passed, because
 * nobody could see later that it did.
 */
export async function runDrill(request: DrillRequest, context: DrillContext): Promise<DrillResult> {
  const findings = new Findings(request, context.now());
  const drill = new DrillRun(request, withWarningsKept(context, findings), findings);
  await drill.carryOut();
  return drill.record();
}

/** What a drill is told to look out for belongs into its record. */
function withWarningsKept(context: DrillContext, findings: Findings): DrillContext {
  const { reporter } = context;
  const warn = (message: string): void => {
    findings.warnings.push(message);
    reporter.warn(message);
  };
  return { ...context, reporter: { begin: (step, options) => reporter.begin(step, options), warn } };
}

class DrillRun {
  private readonly phases: DrillPhases;

  constructor(
    private readonly request: DrillRequest,
    private readonly context: DrillContext,
    private readonly findings: Findings,
  ) {
    this.phases = new DrillPhases(context.reporter);
  }

  async carryOut(): Promise<void> {
    try {
      const point = await this.choose();
      const scratch = await makeScratch(this.request.scratchParent);
      try {
        await refuseTooLittleRoom(scratch.directory, point.manifest);
        await this.drillIn(scratch.directory, point);
      } finally {
        await scratch.remove();
      }
    } catch (thrown) {
      this.findings.stoppedBy(thrown, this.context.signal);
    }
  }

  /** After everything else, so that it tells of the cleaning up too. */
  async record(): Promise<DrillResult> {
    const { store, now, signal } = this.context;
    try {
      const previous = await lastRecord(store, this.request.source);
      const drill = this.findings.record(this.phases, previous, now());
      return { drill, key: await writeDrill(store, drill) };
    } catch (thrown) {
      this.findings.stoppedBy(thrown, signal.aborted ? new AbortController().signal : signal);
      return { drill: this.findings.record(this.phases, null, now()), key: null };
    }
  }

  private async choose(): Promise<DumpPoint> {
    return this.phases.run(null, 'finding', async () => {
      const point = await choosePoint(this.request, this.context);
      const text = (await readText(this.context.store, `${point.prefix}${MANIFEST_NAME}`)) ?? '';
      const { address, manifest, verification = 'not verified' } = point;
      this.findings.point = {
        point: pointId(address),
        class: address.class,
        startedAt: manifest.startedAt,
        verification,
        manifestSha256: sha256Of(text),
        storedBytes: manifest.totals.storedBytes,
        tables: manifest.totals.tables,
        rows: manifest.totals.rows,
      };
      this.findings.sourceVersion = manifest.server.version;
      return [pointId(address), point];
    });
  }

  private async drillIn(directory: string, point: DumpPoint): Promise<void> {
    const checks = checksByDatabase(this.request.checks, point);
    const server = await this.phases.run(null, 'server', async () => {
      const started = await startDrillServer(point.manifest.server.major, directory);
      return [`PostgreSQL ${started.server.version}`, started];
    });
    this.findings.drillVersion = server.server.version;
    try {
      const ownership = await this.makeRoles(point, server);
      for (const dumped of point.manifest.databases) {
        const { request, context, phases } = this;
        const one = { request, context, phases, server, point, dumped, ownership, directory };
        this.findings.add(await drillDatabase({ ...one, checks: checks.get(dumped.name) ?? [] }));
      }
      await this.stillRuns(server);
      this.findings.allRestored();
    } finally {
      await server.stop();
    }
  }

  /** Sessions outlive a killed server for a while: what they answered last is then no word of a server that runs. */
  private async stillRuns(server: DrillServer): Promise<void> {
    const session = await server.openAsSuperuser('postgres', this.context.signal);
    await session.close();
  }

  private async makeRoles(point: DumpPoint, server: DrillServer): Promise<'as dumped' | 'connecting user'> {
    const { globals } = point.manifest;
    if (!globals) {
      this.context.reporter.warn('the recovery point holds no roles: owners and grants are not tried');
      return 'connecting user';
    }
    return this.phases.run(null, 'roles', async () => {
      const { store, signal } = this.context;
      const script = await readGlobals({ store, zstd: await findZstd(), signal }, globals);
      const session = await server.openAsSuperuser('postgres', signal);
      const made = await createRoles(session, readRoles(script)).finally(() => session.close());
      return [formatNumberOf(made, 'role'), 'as dumped'];
    });
  }
}
