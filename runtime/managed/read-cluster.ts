/** What AWS says of the managed window of an Aurora cluster, or of a Multi-AZ DB cluster. */
import type { DBCluster, RDSClient } from '@aws-sdk/client-rds';
import type { ManagedState } from '../../model';
import { allPages, PAGE_RECORDS } from './pages';
import { isNotThere } from './rds-client';

/** `undefined` when there is no such cluster. */
export async function readCluster(
  client: RDSClient,
  identifier: string,
  abortSignal: AbortSignal,
): Promise<ManagedState | undefined> {
  const cluster = await describeCluster(client, identifier, abortSignal);
  if (!cluster) return undefined;
  return {
    retentionDays: cluster.BackupRetentionPeriod,
    encrypted: cluster.StorageEncrypted,
    deletionProtection: cluster.DeletionProtection,
    createdAt: cluster.ClusterCreateTime,
    earliestRestorable: cluster.EarliestRestorableTime,
    latestRestorable: cluster.LatestRestorableTime,
    snapshots: await snapshots(client, identifier, abortSignal),
  };
}

/** `undefined` when there is no such cluster. */
export async function describeCluster(
  client: RDSClient,
  identifier: string,
  abortSignal: AbortSignal,
): Promise<DBCluster | undefined> {
  const { DescribeDBClustersCommand } = await import('@aws-sdk/client-rds');
  try {
    const command = new DescribeDBClustersCommand({ DBClusterIdentifier: identifier });
    const { DBClusters: found = [] } = await client.send(command, { abortSignal });
    return found.find((one) => one.DBClusterIdentifier === identifier);
  } catch (thrown) {
    if (isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

async function snapshots(
  client: RDSClient,
  DBClusterIdentifier: string,
  abortSignal: AbortSignal,
): Promise<readonly (Date | undefined)[]> {
  const { paginateDescribeDBClusterSnapshots: paginate } = await import('@aws-sdk/client-rds');
  const asked = { DBClusterIdentifier, SnapshotType: 'automated' };
  const pages = paginate({ client, pageSize: PAGE_RECORDS }, asked, { abortSignal });
  return (await allPages(pages, 'snapshots'))
    .flatMap((page) => page.DBClusterSnapshots ?? [])
    .filter(({ Status: status }) => status === 'available')
    .map((one) => one.SnapshotCreateTime);
}
