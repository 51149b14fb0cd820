import {
  DRILL_FORMAT,
  MANIFEST_NAME,
  pointId,
  worstOutcome,
  type Drill,
  type DrilledCheck,
  type DrilledDatabase,
  type DrilledPoint,
  type DrillIssue,
  type SqlCheck,
} from '../../model';
import { readText } from '../catalog/read-text';
import type { DumpPoint } from '../catalog/recovery-point';
import { addressOf } from '../catalog/run-id';
import { sha256Of } from '../catalog/verification-record';
import { readGlobals } from '../components/dump/globals-script';
import { BackupError } from '../errors';
import { formatNumberOf } from '../observe/format';
import { findZstd } from '../postgres/zstd';
import { VERSION } from '../version';
import { choosePoint } from './choose-point';
import { judge } from './judge';
import { drillDatabase } from './one-database';
import { DrillPhases } from './phases';
import { lastRecord, writeDrill } from './records';
import { createRoles, readRoles } from './roles';
import { makeScratch, refuseTooLittleRoom } from './scratch';
import { startDrillServer, type DrillServer } from './server';
import type { DrillContext, DrillRequest } from './types';

/** What came of a drill, and where its record lies; `null` with the reason where it could not be stored. */
export interface DrillResult {
  readonly drill: Drill;
  readonly key: string | null;
}

/**
 * Restores a recovery point into a throw-away server of its own, holds it against its manifest, asks the user's checks, and
 * writes the record. Ends with an outcome, never with an error of the drill's own: whatever stops it is recorded. Throws
 * only what the store says when the record cannot be written.
 */
export async function runDrill(request: DrillRequest, context: DrillContext): Promise<DrillResult> {
  const run = new DrillRun(request, context);
  await run.carryOut();
  return run.record();
}

class DrillRun {
  private readonly begun = performance.now();
  private readonly startedAt: Date;
  private readonly phases: DrillPhases;
  private readonly databases: DrilledDatabase[] = [];
  private readonly checks: DrilledCheck[] = [];
  private readonly warnings: string[] = [];
  private readonly issues: DrillIssue[] = [];
  private point: DrilledPoint | null = null;
  private serverVersions: { source: string | null; drill: string | null } = { source: null, drill: null };
  private failure: Drill['failure'] = null;
  private restored = false;
  private readonly context: DrillContext;

  constructor(
    private readonly request: DrillRequest,
    context: DrillContext,
  ) {
    this.startedAt = context.now();
    this.context = {
      ...context,
      reporter: {
        ...context.reporter,
        begin: context.reporter.begin.bind(context.reporter),
        warn: (message) => this.warn(message, context),
      },
    };
    this.phases = new DrillPhases(this.context.reporter);
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
      const { error, outcome } = judge(thrown, this.context.signal);
      this.failure = { code: error.code, message: error.message, detail: error.detail ?? null };
      this.issues.push({
        subject: 'drill',
        outcome,
        finding: [error.message, error.detail].filter(Boolean).join(': '),
      });
    }
  }

  /** Written after everything else, so that it tells of the cleaning up too. */
  async record(): Promise<DrillResult> {
    const { store, now } = this.context;
    const drill = this.compose(await lastRecord(store, this.request.source), now());
    return { drill, key: await writeDrill(store, drill) };
  }

  private async choose(): Promise<DumpPoint> {
    return this.phases.run(null, 'finding', async () => {
      const point = await choosePoint(this.request, this.context);
      const text = (await readText(this.context.store, `${point.prefix}${MANIFEST_NAME}`)) ?? '';
      const { manifest } = point;
      this.point = {
        point: pointId(point.address),
        class: point.address.class,
        startedAt: manifest.startedAt,
        verification: point.verification ?? 'not verified',
        manifestSha256: sha256Of(text),
        storedBytes: manifest.totals.storedBytes,
        tables: manifest.totals.tables,
        rows: manifest.totals.rows,
      };
      this.serverVersions = { ...this.serverVersions, source: manifest.server.version };
      return [this.point.point, point];
    });
  }

  private async drillIn(directory: string, point: DumpPoint): Promise<void> {
    const server = await this.phases.run(null, 'server', async () => {
      const started = await startDrillServer(point.manifest.server.major, directory);
      return [`PostgreSQL ${started.server.version}`, started];
    });
    this.serverVersions = { ...this.serverVersions, drill: server.server.version };
    try {
      const ownership = await this.makeRoles(point, server);
      const checks = checksByDatabase(this.request.checks, point);
      for (const dumped of point.manifest.databases) {
        const { request, context, phases } = this;
        const one = { request, context, phases, server, point, dumped, ownership, directory };
        const result = await drillDatabase({ ...one, checks: checks.get(dumped.name) ?? [] });
        this.databases.push(result.database);
        this.checks.push(...result.checks);
      }
      this.restored = true;
    } finally {
      await server.stop();
    }
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

  private compose(previous: Drill['previous'], finishedAt: Date): Drill {
    const { source } = this.request;
    const issues = [...this.issues, ...this.foundIssues()];
    const outcomes = [
      ...issues.map(({ outcome }) => outcome),
      ...this.databases.flatMap(({ comparisons }) => comparisons.map(({ outcome }) => outcome)),
    ];
    return {
      format: DRILL_FORMAT,
      drill: pointId(addressOf({ source, component: 'dump', class: 'manual', startedAt: this.startedAt })),
      source,
      component: 'dump',
      outcome: worstOutcome(outcomes),
      startedAt: this.startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      durationMs: Math.round(performance.now() - this.begun),
      point: this.point,
      versions: { ...this.serverVersions, tool: VERSION },
      where: this.request.where,
      phases: this.phases.completed,
      restoreMs: this.restored ? this.phases.restoreMs : null,
      databases: this.databases,
      checks: this.checks,
      issues,
      failure: this.failure,
      warnings: this.warnings,
      previous,
    };
  }

  private foundIssues(): DrillIssue[] {
    const several = this.databases.length > 1;
    const comparisons = this.databases.flatMap((database) =>
      database.comparisons.flatMap(({ name, outcome, findings }): DrillIssue[] => {
        const subject = several ? `${name} of ${database.name}` : name;
        return outcome === 'passed' ? [] : findings.map((finding) => ({ subject, outcome, finding }));
      }),
    );
    const checks = this.checks.flatMap(({ name, outcome, finding }): DrillIssue[] =>
      outcome === 'passed' ? [] : [{ subject: name, outcome, finding }],
    );
    return [...comparisons, ...checks];
  }

  private warn(message: string, { reporter }: DrillContext): void {
    this.warnings.push(message);
    reporter.warn(message);
  }
}

/** A check that would be asked nowhere is no check. */
function checksByDatabase(checks: readonly SqlCheck[], { manifest }: DumpPoint): Map<string, SqlCheck[]> {
  const names = manifest.databases.map(({ name }) => name);
  const byDatabase = new Map<string, SqlCheck[]>(names.map((name) => [name, []]));
  for (const check of checks) {
    const name = check.database ?? (names.length === 1 ? names[0] : undefined);
    const list = name === undefined ? undefined : byDatabase.get(name);
    if (!list) throw nowhere(check, names);
    list.push(check);
  }
  return byDatabase;
}

function nowhere({ name, database }: SqlCheck, names: readonly string[]): BackupError {
  const holds = `The recovery point holds ${names.map((one) => JSON.stringify(one)).join(', ')}.`;
  return database === null
    ? new BackupError(
        'configuration-invalid',
        `the check ${JSON.stringify(name)} does not say which database it is for`,
        {
          detail: holds,
        },
      )
    : new BackupError(
        'database-missing',
        `the check ${JSON.stringify(name)} is for a database that was not backed up`,
        {
          detail: `${JSON.stringify(database)}; ${holds}`,
        },
      );
}
