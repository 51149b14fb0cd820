import { availableParallelism } from 'node:os';
import { findPoint, listPoints, readPoint } from '../catalog/catalog';
import { backupBase } from '../components/base-backup/backup';
import { backupDump } from '../components/dump/backup';
import { checkDump } from '../components/dump/check';
import { restoreDump } from '../components/dump/restore';
import { awsEnvelopeKeys } from '../components/configuration/aws-keys';
import { awsServices } from '../components/configuration/aws-services';
import { backupConfiguration } from '../components/configuration/backup';
import { restoreConfiguration } from '../components/configuration/restore';
import { backupFiles } from '../components/files/backup';
import { restoreFiles } from '../components/files/restore';
import { backupObjects } from '../components/objects/backup';
import { openBucket, openMirror } from '../components/objects/open-mirrors';
import { restoreObjects } from '../components/objects/restore';
import { verifyPoint } from '../components/registry';
import { restoreManagedHere } from '../managed/restore/restore-managed';
import { readCallerIdentity } from '../observe/caller-identity';
import { readStatus } from '../observe/status/read-status';
import { sendNotice } from '../notify/send-notice';
import { runDrill } from '../drill/drill';
import { gatherEvidence } from '../drill/evidence/gather';
import { resolveServer } from '../postgres/resolve-server';
import { readSecret } from '../postgres/secrets-manager';
import { restoreToMoment } from '../recovery/restore-to-moment';
import { applyRetention } from '../retention/apply-retention';
import { endMirrored } from '../retention/mirrored/end-mirrored';
import { planRetention } from '../retention/plan-retention';
import { openS3Store } from '../store/s3-store';
import { systemTools } from '../system/tools';
import { verifyAndRecord } from '../verification/verify-and-record';
import { VERSION } from '../version';
import { walTools } from '../wal/tools';
import type { Dependencies, Host } from './dependencies';

/** What the command line works with on a real machine. */
export function realDependencies(exit: Host['exit']): Dependencies {
  return {
    host: {
      version: VERSION,
      env: process.env,
      stdout: process.stdout,
      stderr: process.stderr,
      signals: process,
      processors: availableParallelism(),
      now: () => new Date(),
      clock: () => performance.now(),
      program: [process.execPath, ...process.argv.slice(1, 2)],
      exit,
    },
    openStore: (vaultUri) => openS3Store(vaultUri),
    resolveServer,
    catalog: { findPoint, listPoints, readPoint, readStatus },
    dump: { backup: backupDump, restore: restoreDump, check: checkDump },
    baseBackup: { backup: backupBase },
    moments: { restore: restoreToMoment },
    managed: { restore: restoreManagedHere },
    objects: {
      openBucket: (place) => openBucket(place, readSecret),
      openMirror: (setting) => openMirror(setting, readSecret),
      backup: backupObjects,
      restore: restoreObjects,
    },
    files: { backup: backupFiles, restore: restoreFiles },
    configuration: {
      backup: (request, context) => backupConfiguration(request, context, awsServices(), awsEnvelopeKeys()),
      restore: (request, context) => restoreConfiguration(request, context, awsServices(), awsEnvelopeKeys()),
    },
    verifyPoint,
    verifyAndRecord,
    // Only a task's log is a record; on a laptop nobody waits for it.
    callerIdentity: process.env.ECS_CONTAINER_METADATA_URI_V4 === undefined ? undefined : readCallerIdentity,
    sendNotice: (notice, destination) => sendNotice(notice, destination, readSecret),
    system: systemTools,
    drills: { run: runDrill, evidence: gatherEvidence },
    retention: { plan: planRetention, apply: applyRetention, endMirrored },
    wal: walTools,
  };
}
