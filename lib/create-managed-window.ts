import { Annotations, Duration, Stack, Token } from 'aws-cdk-lib';
import { statedWindow } from './managed-promise';
import { ManagedWindow } from './managed-window';
import { PostgresBackupParts } from './postgres-backup-parts';
import { PostgresBackupProps } from './postgres-backup-props';
import { managedGraph } from './log-widgets';

/** RDS puts its log away every five minutes; more than this is no normal lag. */
const DEFAULT_OBJECTIVE = Duration.minutes(30);

/**
 * What watches the window that RDS or Aurora keeps of the source, told of and shown with the rest. Nothing for other sources, and where
 * there is no window.
 */
export function createManagedWindow(
  backup: PostgresBackupParts,
  { managedWindow: options = {}, alarms, logRetention, removalPolicy }: PostgresBackupProps,
): ManagedWindow | undefined {
  const { source } = backup;
  if (!source.isManaged || options.enabled === false) return undefined;
  const database = source.managedDatabase();
  const stated = statedWindow(database._construct);
  if (!stated.retention && !options.retention) {
    Annotations.of(backup).addWarningV2(
      'cdk-postgres-backup:noManagedWindow',
      `automated backups of ${source.sourceName} are off: AWS can restore no moment of it, and the newest that can be is that of the newest backup. Set backupRetention.`,
    );
    return undefined;
  }
  const elsewhere = database._construct && differentRegion(Stack.of(database._construct), Stack.of(backup));
  if (elsewhere) {
    Annotations.of(backup).addInfo(
      `the window that AWS keeps of ${source.sourceName} is not watched from here: make a ManagedWindow in ${elsewhere}`,
    );
    return undefined;
  }
  const objective = options.recoveryPointObjective ?? shorter(DEFAULT_OBJECTIVE, backup.recoveryPointObjective);
  const created = new ManagedWindow(backup, 'ManagedWindow', {
    ...stated,
    ...options,
    recoveryPointObjective: objective,
    sourceName: source.sourceName,
    database,
    topic: backup.alarmTopic,
    encryptionKey: backup.componentDefaults.encryptionKey,
    deadLetterQueue: backup.deadLetterQueue,
    runbooksUrl: alarms?.runbooksUrl,
    logRetention,
    removalPolicy,
  });
  const rings = [created.windowTooOld, created.snapshotTooOld, created.windowBroken];
  backup.notifications.addAlarms(rings);
  backup.dashboard.addAlarms(rings);
  backup.dashboard.dashboard.addWidgets(...managedGraph(created, objective));
  return created;
}

function differentRegion(one: Stack, other: Stack): string | undefined {
  const known = [one, other].every(({ region }) => !Token.isUnresolved(region));
  return known && one.region !== other.region ? one.region : undefined;
}

/** More than ten minutes, below which it would ring without a fault. */
function shorter(usual: Duration, stated: Duration | undefined): Duration {
  const isShorter = stated && stated.toSeconds() < usual.toSeconds() && stated.toMinutes({ integral: false }) > 10;
  return isShorter ? stated : usual;
}
