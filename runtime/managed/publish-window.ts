/** One run of the watching function: reads the window, tells each finding, and publishes the figures that alarms watch. */
import type { RDSClient } from '@aws-sdk/client-rds';
import { judgeManagedWindow, type ManagedKind, type ManagedState } from '../../model';
import { logLine } from '../observe/log-line';
import { metricLine } from '../observe/metrics';
import { notKnown } from './rds-client';
import { readCluster } from './read-cluster';
import { readInstance } from './read-instance';
import type { ManagedSettings } from './settings';

export interface ManagedSurroundings extends ManagedSettings {
  readonly client: RDSClient;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Takes whole lines of the log. */
  readonly write: (line: string) => void;
}

type Read = (client: RDSClient, identifier: string, signal: AbortSignal) => Promise<ManagedState | undefined>;

const READ: Readonly<Record<ManagedKind, Read>> = { instance: readInstance, cluster: readCluster };

/**
 * When it cannot find out, it throws and publishes nothing; an age that is not known is not published, either: the alarms take
 * silence for bad news.
 */
export async function publishManagedWindow(surroundings: ManagedSurroundings): Promise<void> {
  const { source, promise, now, write } = surroundings;
  const state = await read(surroundings);
  const at = now();
  const { findings, outcome, restorableAgeSeconds, snapshotAgeSeconds } = judgeManagedWindow(promise, state, at);
  const metrics = metricLine(at, {
    source,
    // What the archive of the log is for a server of one's own.
    component: 'wal',
    values: {
      // What could not be verified is no good either.
      managedFindings: findings.length,
      ...(restorableAgeSeconds !== undefined && { managedRestorableAge: restorableAgeSeconds }),
      ...(snapshotAgeSeconds !== undefined && { managedSnapshotAge: snapshotAgeSeconds }),
    },
  });
  for (const { kind, outcome: one, finding } of findings) {
    write(logLine(at, { level: 'error', event: 'managed-finding', kind, outcome: one, finding }));
  }
  write(
    logLine(at, {
      level: 'info',
      event: 'managed-window',
      outcome,
      kind: promise.kind,
      database: promise.identifier,
      earliestRestorable: state?.earliestRestorable?.toISOString(),
      latestRestorable: state?.latestRestorable?.toISOString(),
      restorableAgeSeconds,
      snapshotAgeSeconds,
    }),
  );
  write(metrics);
}

async function read({ client, promise, signal }: ManagedSurroundings): Promise<ManagedState | undefined> {
  const { kind, identifier } = promise;
  try {
    return await READ[kind](client, identifier, signal);
  } catch (thrown) {
    throw notKnown(`the ${kind} "${identifier}"`, thrown);
  }
}
