import { FIRST_INCREMENTAL_MAJOR, parsePointId, pointId, type PointAddress } from '../../../../model';
import { listPoints, readPoint } from '../../../catalog/catalog';
import { BackupError } from '../../../errors';
import { linkTo, readLinks } from '../links';
import type { BaseBackupPoint } from '../types';
import type { BaseBackupRun, Predecessor } from './base-backup-run';

/** Of more, a restore would take too long to read, and too much space to put together. */
const MOST_LINKS = 30;
/** Further back there is nothing to be had that a full one would not beat. */
const MOST_LOOKED_AT = 20;

/**
 * The newest base backup that the changes since can be asked for of; nothing when a full one is due, or none is good enough, which
 * is said. A full one is made then: one that is larger than expected is better than none.
 *
 * @throws BackupError `version-unsupported`, `configuration-invalid` where the server can never send what changed.
 */
export async function choosePredecessor(run: BaseBackupRun): Promise<Predecessor | undefined> {
  const { request, context, point, server, warnings } = run;
  if (request.fullEverySeconds === undefined) return undefined;
  refuseUnable(run);
  const pass = (reason: string) => void warnings.push(reason);
  if (server.tablespaces.length > 0) {
    pass('stored in full: the server has tablespaces, and base backups of those are not built on each other');
    return undefined;
  }
  // A point's id is its time: what is built on must be older by it, also when a run comes late.
  const older = (address: PointAddress) => pointId(address) < point;
  const addresses = (await listPoints(context.store, request.source, 'base-backup')).filter(older);
  for (const address of addresses.slice(0, MOST_LOOKED_AT)) {
    const found = await readGood(run, address);
    if (typeof found === 'object') return isFullDue(run, found, pass) ? undefined : predecessorOf(found);
    pass(`${pointId(address)} is not built on: ${found}`);
  }
  if (addresses.length > 0) pass('stored in full: there is no base backup to build on');
  return undefined;
}

function refuseUnable({ server }: BaseBackupRun): void {
  const { major, version } = server.facts;
  if (major < FIRST_INCREMENTAL_MAJOR) {
    throw new BackupError('version-unsupported', `PostgreSQL ${version} cannot make incremental base backups`, {
      detail: `PostgreSQL ${FIRST_INCREMENTAL_MAJOR} is the first that can.`,
      hint: 'Leave --incremental out: each base backup is a full one then.',
    });
  }
  if (server.summarizesWal) return;
  throw new BackupError('configuration-invalid', 'the server does not keep account of what changes', {
    detail: 'summarize_wal is off.',
    hint: 'ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf(); or leave --incremental out.',
  });
}

interface GoodBase {
  readonly base: BaseBackupPoint;
  readonly links: readonly BaseBackupPoint[];
}

/** With all that it is built on itself; or why not. */
async function readGood({ context, server }: BaseBackupRun, address: PointAddress): Promise<GoodBase | string> {
  try {
    const base = (await readPoint(context.store, address)) as BaseBackupPoint;
    const problem = problemOf(base, server);
    if (problem !== undefined) return problem;
    const links = await readLinks(context.store, base.manifest);
    const bad = links.find(({ verification }) => verification !== 'passed');
    return bad ? `${bad.manifest.point}, which it is built on, ${describeVerification(bad)}` : { base, links };
  } catch (error) {
    if (!(error instanceof BackupError) || !OF_A_POINT.has(error.code)) throw error;
    return error.detail ?? error.message;
  }
}

const OF_A_POINT: ReadonlySet<string> = new Set(['manifest-invalid', 'point-missing', 'object-damaged']);

function problemOf(base: BaseBackupPoint, server: BaseBackupRun['server']): string | undefined {
  const { wal, backupManifest, tablespaces } = base.manifest;
  if (wal.systemIdentifier !== server.systemIdentifier) return `it is of another cluster, ${wal.systemIdentifier}`;
  if (wal.timeline !== server.timeline) return `it is of timeline ${wal.timeline}, the server is on ${server.timeline}`;
  if (base.verification !== 'passed') return `it ${describeVerification(base)}`;
  if (tablespaces.length > 0) return 'it has tablespaces';
  return backupManifest === null ? 'the list of its files is in its archive alone' : undefined;
}

function describeVerification({ verification }: BaseBackupPoint): string {
  if (verification === 'failed') return 'did not pass its verification';
  return verification === 'could not verify' ? 'could not be verified' : 'is not verified';
}

function isFullDue({ request, context }: BaseBackupRun, { base, links }: GoodBase, pass: (reason: string) => void) {
  const { point: oldest } = (links[0] ?? base).manifest;
  const since = parsePointId(oldest)?.time.getTime() ?? 0;
  if ((context.now().getTime() - since) / 1000 >= (request.fullEverySeconds ?? 0)) return true;
  if (links.length + 1 <= MOST_LINKS) return false;
  pass(`stored in full: ${links.length + 1} are built on each other since ${oldest}, which is enough`);
  return true;
}

function predecessorOf({ base, links }: GoodBase): Predecessor {
  const { objects, backupManifest } = base.manifest;
  return { links: [...links, base].map(linkTo), backupManifest: objects[backupManifest ?? 0] };
}
