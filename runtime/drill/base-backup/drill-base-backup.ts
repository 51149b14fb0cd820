import { chown, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BaseBackupManifest } from '../../../model';
import { BackupError } from '../../errors';
import { formatBytes } from '../../observe/format';
import { startWatchdog } from '../../postgres/watchdog';
import { chooseBase, type ChosenBase } from '../../recovery/choose-base';
import { describeTarget } from '../../recovery/describe-target';
import { findRecoveryTools, type RecoveryTools } from '../../recovery/recovery-tools';
import { restoreToMoment } from '../../recovery/restore-to-moment';
import type { MomentReport, MomentRequest } from '../../recovery/types';
import { describePoint, newerThan } from '../choose-point';
import { Differences } from '../compare/differences';
import { inScratch, refuseTooLittleRoom } from '../scratch';
import type { DrillWork } from '../work';
import { chooseMoment, type ChosenMoment } from './choose-moment';
import { disarm } from './disarm';
import { lookIntoServer } from './look-into-server';
import { checkPages } from './page-checksums';

/** Log that is fetched ahead and replayed, and a start of the server. */
const LOG_BYTES = 1024 * 1024 * 1024;

/**
 * Restores a whole server to a moment, by the code of `restore --to-…`, and looks into it: that every file is as it was sent, that
 * it stands exactly at the moment, that every page, table and index can be read and is sound. The settings that were backed up
 * are left out, and what could act on its own is disarmed before anybody can connect.
 */
export async function drillBaseBackup(work: DrillWork): Promise<void> {
  const { request, context, findings, phases } = work;
  const moment = await phases.run(null, 'moment', async () => {
    const chosen = await chooseMoment(work);
    return [chosen.words, chosen];
  });
  findings.moment = { asked: moment.asked, target: moment.words, reachedLsn: null, lastTransactionAt: null };
  const chosen = await phases.run(null, 'finding', async () => {
    const found = await chooseBase({ ...UNUSED, source: request.source, ...moment.request }, context);
    findings.point = await describePoint(found.point, context);
    // Moments are drawn out of all that can be reached: only one that somebody chose can be an old one on purpose.
    const isChosen = request.point !== 'latest' || request.moment instanceof Date;
    if (isChosen) findings.insteadOf = await newerThan(found.point, request, context);
    return [found.point.manifest.point, found];
  });
  const { manifest } = chosen.point;
  findings.sourceVersion = manifest.server.version;
  const tools = await findRecoveryTools(manifest.server.major);
  await inScratch(request.scratchParent, async (scratch) => {
    await refuseTooLittleRoom(scratch, roomFor(manifest));
    const directory = await makeRestored(scratch, tools);
    const watchdog = startWatchdog(directory, tools.user);
    try {
      await restoreAndLook(work, { moment, chosen, tools, scratch, directory });
    } finally {
      await watchdog.finish();
    }
  });
}

/** What finding a base backup does not look at. */
const UNUSED = {
  tablespaces: new Map(),
  dataDirectory: '',
  end: 'promote',
  program: [],
  environment: {},
  gapPatienceSeconds: 0,
} as const;

function roomFor({ contentBytes }: BaseBackupManifest) {
  const sizeBytes = contentBytes + LOG_BYTES;
  return {
    what: `The server takes ${formatBytes(contentBytes)}; with the log, about ${formatBytes(sizeBytes)}.`,
    sizeBytes,
  };
}

/** Holds `data`; the next drill finds it there when this one is killed. */
async function makeRestored(scratch: string, { user }: RecoveryTools): Promise<string> {
  const directory = path.join(scratch, 'restored');
  await mkdir(directory, { mode: 0o711 });
  if (user) await chown(directory, user.uid, user.gid);
  return directory;
}

interface Restoring {
  readonly moment: ChosenMoment;
  readonly chosen: ChosenBase;
  readonly tools: RecoveryTools;
  readonly scratch: string;
  readonly directory: string;
}

async function restoreAndLook(work: DrillWork, restoring: Restoring): Promise<void> {
  const { findings } = work;
  const { chosen, tools, directory } = restoring;
  const { manifest } = chosen.point;
  const comparisons = [compareLog(chosen)];
  try {
    const report = await restore(work, restoring);
    noteReached(work, restoring, report);
    // Nothing is given back before every file was held against its digest.
    comparisons.push(new Differences('files').count(manifest.totals.items).result(), compareMoment(report));
    if (report.end !== 'promoted') return;
    const pages = await checkPages(work, directory, tools);
    if (pages) comparisons.push(pages);
  } finally {
    findings.addPart({ name: 'server', comparisons });
  }
  const disarmed = await disarm(work, { directory, tools, manifest });
  await lookIntoServer(work, { directory, tools, disarmed });
  findings.allRestored();
}

async function restore(work: DrillWork, { moment, chosen, scratch, directory }: Restoring): Promise<MomentReport> {
  const { request, context, phases } = work;
  const { manifest } = chosen.point;
  if (!request.logReader) {
    throw new BackupError(
      'configuration-invalid',
      'a drill of a base backup was not told how its server reads the log',
    );
  }
  const whole: MomentRequest = {
    ...request.logReader,
    ...moment.request,
    source: request.source,
    base: manifest.point,
    timeline: chosen.timeline,
    dataDirectory: path.join(directory, 'data'),
    tablespaces: new Map(
      manifest.tablespaces.map(({ oid, location }) => [location, path.join(directory, String(oid))]),
    ),
    end: 'promote',
    // The moment lies in what is archived without a gap: nothing of it is on its way.
    gapPatienceSeconds: 0,
    settings: 'left out',
    runParent: scratch,
  };
  return restoreToMoment(whole, { ...context, reporter: phases.timing(context.reporter) });
}

function noteReached({ findings, context }: DrillWork, { moment, chosen }: Restoring, report: MomentReport): void {
  findings.drillVersion = chosen.point.manifest.server.version;
  findings.moment = {
    asked: moment.asked,
    target: moment.words,
    reachedLsn: report.reached?.lsn ?? null,
    lastTransactionAt: report.reached?.lastTransactionAt ?? null,
  };
  context.reporter.warn(`restored to ${describeTarget(moment.request.target)}: ${report.canary.finding}`);
}

/** From this base backup to the end of the archive nothing may be missing, or later moments cannot be reached from it. */
function compareLog({ log, reach, timeline }: ChosenBase) {
  const differences = new Differences('log').count(1);
  if (log.goesOnAfter(reach, timeline)) {
    differences.failed(
      `the archived log has a gap behind this base backup: it ends before later segments, at ${hexLsn(reach)}`,
    );
  }
  return differences.result();
}

function hexLsn(lsn: bigint): string {
  return describeTarget({ kind: 'lsn', lsn }).replace('position ', '');
}

function compareMoment({ canary: { outcome, finding } }: MomentReport) {
  const differences = new Differences('moment').count(1);
  if (outcome === 'failed') differences.failed(finding);
  if (outcome === 'could not verify') differences.unverified(finding);
  return differences.result();
}
