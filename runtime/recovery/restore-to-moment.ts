import path from 'node:path';
import { chown, rm, writeFile } from 'node:fs/promises';
import { formatLsn, parseLsn } from '../../model';
import { BackupError } from '../errors';
import { openSession } from '../postgres/session';
import { WalArchive } from '../wal/archive';
import { buildDirectory } from './build-directory';
import { askCanary } from './canary';
import { chooseBase, type ChosenBase } from './choose-base';
import { describeTarget } from './describe-target';
import { lastRecord, type ArchivedLog } from './read-wal';
import { RecoveryServer, RunDirectory } from './recovery-server';
import { findRecoveryTools, type RecoveryTools } from './recovery-tools';
import { runTool } from './run-tool';
import {
  harmlessSettings,
  markHistories,
  recoverySettings,
  restoreCommand,
  writeAutoConf,
  writeMissingFiles,
  type Settings,
} from './settings';
import type { CanaryFinding, MomentContext, MomentReport, MomentRequest, MomentTarget, ReachedMoment } from './types';

/**
 * Restores a whole server to a moment: the newest base backup before it, and the log after that from the archive. The server
 * recovers in private and waits there; only when it is shown to stand where it should is it made a primary. It is stopped at the
 * end: whoever runs servers on this machine starts it.
 */
export async function restoreToMoment(request: MomentRequest, context: MomentContext): Promise<MomentReport> {
  const begun = performance.now();
  const chosen = await chooseBase(request, context);
  const { manifest } = chosen.point;
  const tools = await findRecoveryTools(manifest.server.major);
  const warnings = warningsOf(request, chosen);
  for (const warning of warnings) context.reporter.warn(warning);
  const target = await definiteTarget(request, chosen, archivedLog(request, chosen, tools, context));
  await buildDirectory(request, manifest, tools, context);
  await configure(request, chosen, tools, target, context);
  const recovered = request.end === 'no start' ? NOT_STARTED : await recover(request, chosen, tools, target, context);
  await syncToDisk(request.dataDirectory, tools, context);
  return {
    outcome: recovered.canary.outcome,
    source: request.source,
    point: manifest.point,
    target: describeTarget(request.target),
    timeline: chosen.timeline,
    dataDirectory: request.dataDirectory,
    ...recovered,
    durationMs: performance.now() - begun,
    warnings,
  };
}

interface Recovered {
  readonly end: MomentReport['end'];
  readonly reached: ReachedMoment | null;
  readonly canary: CanaryFinding;
}

const NOT_STARTED: Recovered = {
  end: 'not started',
  reached: null,
  canary: { outcome: 'could not verify', finding: 'it was not started, so nothing shows that it comes to the moment' },
};

function archivedLog(
  { source }: MomentRequest,
  { point }: ChosenBase,
  { pgWaldump }: RecoveryTools,
  { store, signal }: MomentContext,
): ArchivedLog {
  const { systemIdentifier } = point.manifest.wal;
  return { archive: new WalArchive(store, source), systemIdentifier, pgWaldump, signal };
}

function warningsOf({ target }: MomentRequest, { log, reach, timeline }: ChosenBase): string[] {
  const isOpen = target.kind === 'time' || target.kind === 'name';
  if (!isOpen || !log.goesOnAfter(reach, timeline)) return [];
  return [`the log has a gap at ${formatLsn(reach)}: if the moment lies behind it, recovery will fail`];
}

/** The end of the archive is its last record: a target without which recovery would end at any gap. */
async function definiteTarget(
  { target }: MomentRequest,
  { log, reach, timeline, point }: ChosenBase,
  archived: ArchivedLog,
): Promise<Exclude<MomentTarget, { kind: 'latest' }>> {
  if (target.kind !== 'latest') return target;
  const stop = parseLsn(point.manifest.wal.stopLsn) ?? 0n;
  const size = BigInt(log.segmentBytes);
  const tail: string[] = [];
  for (let start = ((reach - 1n) / size) * size; start + size > stop; start -= size) {
    const segment = log.segmentHolding(start, timeline);
    if (segment === undefined) break;
    tail.unshift(segment);
    const alone = await lastRecord(archived, [segment]);
    if (alone === undefined) continue;
    // The last may begin in it and go on behind it, where no other begins.
    const lsn = tail.length > 1 ? ((await lastRecord(archived, tail)) ?? alone) : alone;
    // The segment that a backup ends in holds its end: no target may lie before it.
    return { kind: 'lsn', lsn: lsn > stop ? lsn : stop };
  }
  throw new BackupError('wal-missing', `no record was found at the end of the archived log, ${formatLsn(reach)}`);
}

/** Settings for whoever starts the directory by hand: the way to the moment stands in it, and no password of anything. */
async function configure(
  request: MomentRequest,
  { point, timeline }: ChosenBase,
  tools: RecoveryTools,
  target: Exclude<MomentTarget, { kind: 'latest' }>,
  context: MomentContext,
): Promise<void> {
  const { store } = context;
  const { dataDirectory, source } = request;
  const { systemIdentifier } = point.manifest.wal;
  if (request.settings === 'left out') await rm(path.join(dataDirectory, 'postgresql.auto.conf'), { force: true });
  const command = restoreCommand({
    program: ['postgres-backup'],
    vault: store.uri,
    source,
    systemIdentifier,
    options: [],
  });
  await writeAutoConf(dataDirectory, recoverySettings(target, timeline, command));
  await writeMissingFiles(dataDirectory, await controlSettings(dataDirectory, tools, context.signal), tools.user);
  const signalFile = path.join(dataDirectory, 'recovery.signal');
  await writeFile(signalFile, '', { mode: 0o600 });
  if (tools.user) await chown(signalFile, tools.user.uid, tools.user.gid);
}

/** A server that recovers must allow as much as the one whose log it reads. */
async function controlSettings(
  dataDirectory: string,
  { pgControldata, user }: RecoveryTools,
  signal: AbortSignal,
): Promise<Settings> {
  const said = await runTool({
    file: pgControldata,
    args: ['--pgdata', dataDirectory],
    user,
    signal,
    failure: (detail) => new BackupError('restore-failed', 'pg_control of the base backup cannot be read', { detail }),
  });
  const names: Readonly<Record<string, string>> = {
    max_connections: 'max_connections',
    max_worker_processes: 'max_worker_processes',
    max_wal_senders: 'max_wal_senders',
    max_prepared_xacts: 'max_prepared_transactions',
    max_locks_per_xact: 'max_locks_per_transaction',
  };
  const found = [...said.matchAll(/^(\w+) setting: +(\d+)$/gm)];
  return Object.fromEntries(found.flatMap(([, name, value]) => (names[name] ? [[names[name], value]] : [])));
}

async function recover(
  request: MomentRequest,
  chosen: ChosenBase,
  tools: RecoveryTools,
  target: Exclude<MomentTarget, { kind: 'latest' }>,
  context: MomentContext,
): Promise<Recovered> {
  const { dataDirectory, environment, program, source } = request;
  const { systemIdentifier } = chosen.point.manifest.wal;
  const run = await RunDirectory.make(tools, request.runParent);
  const options = ['--spool', run.spool, '--gap-patience', String(request.gapPatienceSeconds)];
  const command = restoreCommand({ program, vault: context.store.uri, source, systemIdentifier, options });
  const settings = {
    ...(request.settings === 'left out' && {
      config_file: run.configuration,
      ...harmlessSettings(chosen.point.manifest.server.major),
    }),
    ...beforeGapSettings(chosen),
    ...(await controlSettings(dataDirectory, tools, context.signal)),
    ...recoverySettings(target, chosen.timeline, command),
  };
  const step = context.reporter.begin('recovery', { detail: describeTarget(target) });
  let server: RecoveryServer | undefined;
  try {
    server = await RecoveryServer.start({ tools, dataDirectory, run, settings, environment, signal: context.signal });
    await server.untilPaused((segment) => step.detail(segment));
    const recovered = await lookAndEnd(server, request, chosen, tools, target, context);
    if (recovered.canary.outcome === 'passed') step.done(`${recovered.end} at ${recovered.reached?.lsn}`);
    else step.failed(recovered.canary.finding);
    return recovered;
  } catch (error) {
    step.failed('failed');
    throw error;
  } finally {
    await server?.end();
    await run.remove();
  }
}

/** Reading ahead would ask for what is missing behind the moment, and end in a failure although the moment is before it. */
function beforeGapSettings({ log, reach, timeline, point }: ChosenBase): Settings {
  const hasPrefetch = point.manifest.server.major >= 15;
  return hasPrefetch && log.goesOnAfter(reach, timeline) ? { recovery_prefetch: 'off' } : {};
}

/** It is made a primary only after it was looked at, and never when it stands elsewhere. */
async function lookAndEnd(
  server: RecoveryServer,
  request: MomentRequest,
  chosen: ChosenBase,
  tools: RecoveryTools,
  target: Exclude<MomentTarget, { kind: 'latest' }>,
  context: MomentContext,
): Promise<Recovered> {
  const { role, database } = chosen.point.manifest.server;
  const { signal } = context;
  const session = await openSession(server.connection(role, database), tools, { signal });
  try {
    const { log, timeline } = chosen;
    const from = parseLsn(chosen.point.manifest.wal.startLsn) ?? 0n;
    const archived = archivedLog(request, chosen, tools, context);
    const { reached, canary } = await askCanary({ session, target, archived, log, timeline, from });
    const isPromoted = request.end === 'promote' && canary.outcome !== 'failed';
    if (isPromoted) {
      await server.promote(async () => {
        const [{ recovering }] = await session.query<{ recovering: boolean }>(
          'SELECT pg_is_in_recovery() AS recovering',
        );
        return recovering;
      });
    }
    await session.close();
    await server.stop();
    if (isPromoted) {
      await writeAutoConf(request.dataDirectory, {});
      await markHistories(request.dataDirectory, tools.user);
    }
    const end = isPromoted ? 'promoted' : canary.outcome === 'failed' ? 'not promoted' : 'paused';
    return { end, reached, canary };
  } finally {
    await session.close();
  }
}

/** What a program wrote may still be in memory only. */
async function syncToDisk(
  dataDirectory: string,
  { initdb, user }: RecoveryTools,
  context: MomentContext,
): Promise<void> {
  const step = context.reporter.begin('writing to disk');
  await runTool({
    file: initdb,
    args: ['--sync-only', '--pgdata', dataDirectory],
    user,
    signal: context.signal,
    failure: (detail) =>
      new BackupError('restore-failed', 'the data directory could not be written to disk', { detail }),
  });
  step.done();
}
