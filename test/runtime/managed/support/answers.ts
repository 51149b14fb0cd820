/** Answers of Amazon RDS in the shape it gives them, of a database that is as promised; a test takes out or changes single fields. */
import type { Action } from './rds-api';

/** `undefined`: AWS does not say it. */
export type Changes = Readonly<Record<string, string | undefined>>;

const HOUR_MS = 3_600_000;

/** So long ago, as AWS writes it. */
export function ago(hours: number): string {
  return new Date(Date.now() - hours * HOUR_MS).toISOString();
}

function element(name: string, fields: Record<string, string | undefined>, changes: Changes): string {
  const entries = Object.entries({ ...fields, ...changes });
  return `<${name}>${entries.map(([key, value]) => (value === undefined ? '' : `<${key}>${value}</${key}>`)).join('')}</${name}>`;
}

export function instance(changes: Changes = {}): string {
  const one = element(
    'DBInstance',
    {
      DBInstanceIdentifier: 'orders',
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      DBInstanceStatus: 'available',
      Endpoint: '<Address>orders.c4xmpl.eu-central-1.rds.amazonaws.com</Address><Port>5432</Port>',
      AllocatedStorage: '100',
      InstanceCreateTime: ago(2000),
      PreferredBackupWindow: '03:00-03:30',
      BackupRetentionPeriod: '7',
      LatestRestorableTime: ago(0.05),
      MultiAZ: 'true',
      EngineVersion: '17.4',
      ReadReplicaDBInstanceIdentifiers: '',
      StorageEncrypted: 'true',
      KmsKeyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      DbiResourceId: 'db-NOW',
      DBInstanceArn: 'arn:aws:rds:eu-central-1:111122223333:db:orders',
      DeletionProtection: 'true',
    },
    changes,
  );
  return `<DBInstances>${one}</DBInstances>`;
}

export function automatedBackup(changes: Changes = {}): string {
  return element(
    'DBInstanceAutomatedBackup',
    {
      DBInstanceIdentifier: 'orders',
      DbiResourceId: 'db-NOW',
      RestoreWindow: `<EarliestTime>${ago(165)}</EarliestTime><LatestTime>${ago(0.05)}</LatestTime>`,
      Status: 'active',
      BackupRetentionPeriod: '7',
    },
    changes,
  );
}

export function automatedBackups(...backups: string[]): string {
  return `<DBInstanceAutomatedBackups>${backups.join('')}</DBInstanceAutomatedBackups>`;
}

export function snapshot(hours: number, changes: Changes = {}): string {
  return element(
    'DBSnapshot',
    {
      DBSnapshotIdentifier: `rds:orders-${hours}`,
      DBInstanceIdentifier: 'orders',
      SnapshotCreateTime: ago(hours),
      Status: 'available',
      SnapshotType: 'automated',
      Encrypted: 'true',
    },
    changes,
  );
}

export function snapshots(marker: string, ...all: string[]): string {
  return `${marker && `<Marker>${marker}</Marker>`}<DBSnapshots>${all.join('')}</DBSnapshots>`;
}

export function cluster(changes: Changes = {}): string {
  const one = element(
    'DBCluster',
    {
      DBClusterIdentifier: 'shop',
      DbClusterResourceId: 'cluster-NOW',
      Engine: 'aurora-postgresql',
      Status: 'available',
      ClusterCreateTime: ago(2000),
      BackupRetentionPeriod: '14',
      EarliestRestorableTime: ago(335),
      LatestRestorableTime: ago(0.05),
      StorageEncrypted: 'true',
      DeletionProtection: 'true',
      DBClusterMembers: '',
    },
    changes,
  );
  return `<DBClusters>${one}</DBClusters>`;
}

export function clusterSnapshots(hours: number, changes: Changes = {}): string {
  const one = element(
    'DBClusterSnapshot',
    {
      DBClusterSnapshotIdentifier: 'rds:shop-2026-11-20-03-07',
      DBClusterIdentifier: 'shop',
      SnapshotCreateTime: ago(hours),
      Status: 'available',
      SnapshotType: 'automated',
      StorageEncrypted: 'true',
    },
    changes,
  );
  return `<DBClusterSnapshots>${one}</DBClusterSnapshots>`;
}

/** An instance as promised. */
export const INSTANCE_ACTIONS: Readonly<Record<string, Action>> = {
  DescribeDBInstances: () => instance(),
  DescribeDBInstanceAutomatedBackups: () => automatedBackups(automatedBackup()),
  DescribeDBSnapshots: () => snapshots('', snapshot(33), snapshot(9)),
};

/** A cluster as promised. */
export const CLUSTER_ACTIONS: Readonly<Record<string, Action>> = {
  DescribeDBClusters: () => cluster(),
  DescribeDBClusterSnapshots: () => clusterSnapshots(9),
};
