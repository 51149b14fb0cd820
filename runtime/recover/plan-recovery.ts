/** Finds out whether a source can be recovered from here, with the vault and nothing else, and what to type for it. Changes nothing. */
import path from 'node:path';
import { dataAt, type Component } from '../../model';
import { verifyPoint } from '../components/registry';
import { findTar } from '../components/files/tar/find-tar';
import { BackupError, toBackupError } from '../errors';
import { formatAge, formatBytes } from '../observe/format';
import { findRecoveryTools } from '../recovery/recovery-tools';
import { silentReporter } from '../observe/reporter';
import type { ConnectionSource } from '../postgres/connection';
import { readServerFacts } from '../postgres/server-facts';
import { openSession } from '../postgres/session';
import { findPsql, findTools } from '../postgres/tools';
import { findZstd } from '../postgres/zstd';
import type { ObjectStore } from '../store/store';
import { choosePoints } from './choose-points';
import { recoverySteps } from './recovery-steps';
import type { ChosenPoint, RecoveryCheck, RecoveryPlan } from './types';

export interface RecoveryContext {
  readonly store: ObjectStore;
  /** Where to; absent while nobody has said it. */
  readonly server?: () => ConnectionSource;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly onPassedOver: (what: string, reason: string) => void;
}

/** @throws BackupError where not even the vault can be read: `store-denied`, `store-missing`, …; `point-missing` where nothing is. */
export async function planRecovery(source: string, context: RecoveryContext): Promise<RecoveryPlan> {
  const { set, points } = await choosePoints(context.store, source, context.onPassedOver);
  if (points.length === 0) {
    throw new BackupError('point-missing', `there is no recovery point of "${source}" in ${context.store.uri}`, {
      hint: 'Leave --source out to see which sources the vault holds.',
    });
  }
  const checks: RecoveryCheck[] = [];
  for (const chosen of points) checks.push(await stored(chosen, context));
  const major = majorOf(points, 'dump');
  checks.push(...(await tools(points, major)));
  if (major !== undefined) checks.push(await server(major, context));
  return { source, set, points, checks, steps: recoverySteps({ set, points }) };
}

/** That it is whole is asked of the store now, whatever a record says: a record may be what somebody left behind. */
async function stored({ component, point }: ChosenPoint, context: RecoveryContext): Promise<RecoveryCheck> {
  const { manifest } = point;
  const name = `${component} ${manifest.point}`;
  return check(name, 'Choose another: postgres-backup info.', async () => {
    const report = await verifyPoint(point, 'stored', { ...context, reporter: silentReporter });
    const bad = report.objects.find(({ outcome }) => outcome !== 'passed');
    const finding = bad
      ? `${bad.key}: ${bad.finding}`
      : `${formatBytes(manifest.totals.storedBytes)}, taken ${formatAge(dataAt(manifest, new Date(manifest.startedAt)), context.now())}, there as the manifest says`;
    return { outcome: report.outcome, finding };
  });
}

async function tools(points: readonly ChosenPoint[], major: number | undefined): Promise<RecoveryCheck[]> {
  const checks = [await check('zstd', '', async () => passed((await findZstd()).version))];
  if (major !== undefined) {
    checks.push(
      await check(`PostgreSQL ${major} client tools`, '', async () => passed((await findTools(major)).version)),
    );
  }
  // A whole server is made on this very machine, which takes the programs of one.
  const ofServer = major === undefined ? majorOf(points, 'base-backup') : undefined;
  if (ofServer !== undefined) {
    const programs = async () => passed(path.dirname((await findRecoveryTools(ofServer)).postgres));
    checks.push(await check(`PostgreSQL ${ofServer} server programs`, '', programs));
  }
  if (points.some(({ component }) => component === 'files')) {
    checks.push(await check('tar', '', async () => passed((await findTar()).version)));
  }
  return checks;
}

async function server(major: number, { server: resolve, signal }: RecoveryContext): Promise<RecoveryCheck> {
  const hint = 'Set PGHOST, PGUSER, PGPASSWORD and PGDATABASE, or DATABASE_URL, to the new server, and ask again.';
  if (!resolve) return { name: 'new server', outcome: 'to do', finding: 'it is not said which', hint };
  return check('new server', hint, async () => {
    const target = resolve();
    // The database to restore into may not be there yet; every server has this one.
    const session = await openSession(await target.open('postgres'), await findPsql(), { signal });
    const facts = await readServerFacts(session).finally(() => session.close());
    const found = `${target.description}: PostgreSQL ${facts.version}`;
    if (facts.major < major) return { outcome: 'failed', finding: `${found}, older than the backup's ${major}` };
    return facts.standby ? { outcome: 'failed', finding: `${found}, a standby` } : passed(found);
  });
}

/** What a check cannot find out is its finding: the others are looked at all the same. */
async function check(
  name: string,
  hint: string,
  work: () => Promise<Pick<RecoveryCheck, 'outcome' | 'finding'>>,
): Promise<RecoveryCheck> {
  try {
    const found = await work();
    return found.outcome === 'passed' ? { name, ...found } : { name, ...found, hint };
  } catch (thrown) {
    const error = toBackupError(thrown);
    if (error.code === 'terminated' || error.code === 'deadline-exceeded') throw thrown;
    const finding = [error.message, error.detail].filter(Boolean).join(': ');
    return { name, outcome: 'failed', finding, hint: error.hint ?? hint };
  }
}

function passed(finding: string) {
  return { outcome: 'passed', finding } as const;
}

/** Of the server that it was made of. */
function majorOf(points: readonly ChosenPoint[], component: Component): number | undefined {
  const manifest = points.find((point) => point.component === component)?.point.manifest;
  return manifest !== undefined && 'server' in manifest ? manifest.server.major : undefined;
}
