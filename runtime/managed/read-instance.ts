/** What AWS says of the managed window of an RDS instance. */
import type { DBInstance, RDSClient } from '@aws-sdk/client-rds';
import type { ManagedState } from '../../model';
import { allPages, PAGE_RECORDS } from './pages';
import { isNotThere } from './rds-client';

/** `undefined` when there is no such instance. */
export async function readInstance(
  client: RDSClient,
  identifier: string,
  abortSignal: AbortSignal,
): Promise<ManagedState | undefined> {
  const instance = await describeInstance(client, identifier, abortSignal);
  if (!instance) return undefined;
  return {
    retentionDays: instance.BackupRetentionPeriod,
    encrypted: instance.StorageEncrypted,
    deletionProtection: instance.DeletionProtection,
    createdAt: instance.InstanceCreateTime,
    earliestRestorable: await windowBegin(client, instance, abortSignal),
    latestRestorable: instance.LatestRestorableTime,
    memberOf: instance.DBClusterIdentifier || undefined,
    snapshots: await snapshots(client, identifier, abortSignal),
  };
}

/** `undefined` when there is no such instance. */
export async function describeInstance(
  client: RDSClient,
  identifier: string,
  abortSignal: AbortSignal,
): Promise<DBInstance | undefined> {
  const { DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds');
  try {
    const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
    const { DBInstances: found = [] } = await client.send(command, { abortSignal });
    return found.find((one) => one.DBInstanceIdentifier === identifier);
  } catch (thrown) {
    if (isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

/** Of an instance only its automated backup says it. Those of deleted instances of the same name may be there, too. */
export async function windowBegin(
  client: RDSClient,
  { DBInstanceIdentifier, DbiResourceId }: DBInstance,
  abortSignal: AbortSignal,
): Promise<Date | undefined> {
  if (!DbiResourceId) return undefined;
  const { paginateDescribeDBInstanceAutomatedBackups: paginate } = await import('@aws-sdk/client-rds');
  const pages = paginate({ client, pageSize: PAGE_RECORDS }, { DBInstanceIdentifier }, { abortSignal });
  const backups = (await allPages(pages, 'automated backups')).flatMap((page) => page.DBInstanceAutomatedBackups ?? []);
  return backups.find((one) => one.DbiResourceId === DbiResourceId)?.RestoreWindow?.EarliestTime;
}

async function snapshots(
  client: RDSClient,
  DBInstanceIdentifier: string,
  abortSignal: AbortSignal,
): Promise<readonly (Date | undefined)[]> {
  const { paginateDescribeDBSnapshots: paginate } = await import('@aws-sdk/client-rds');
  const asked = { DBInstanceIdentifier, SnapshotType: 'automated' };
  const pages = paginate({ client, pageSize: PAGE_RECORDS }, asked, { abortSignal });
  return (await allPages(pages, 'snapshots'))
    .flatMap((page) => page.DBSnapshots ?? [])
    .filter(({ Status: status }) => status === 'available')
    .map((one) => one.SnapshotCreateTime);
}
