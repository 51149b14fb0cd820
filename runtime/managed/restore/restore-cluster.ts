/** An Aurora or Multi-AZ DB cluster. Aurora makes the storage alone: an instance that answers is asked for besides. */
import type {
  CreateDBInstanceCommandInput,
  DBCluster,
  DBInstance,
  RDSClient,
  RestoreDBClusterToPointInTimeCommandInput,
} from '@aws-sdk/client-rds';
import { BackupError } from '../../errors';
import { describeCluster } from '../read-cluster';
import { describeInstance } from '../read-instance';
import { described as describedInstance, warningsOf } from './restore-instance';
import { asTags, onOff, securityGroups, tagsOf } from './settings';
import type { DescribedDatabase, ManagedRestorer, RestorableDatabase } from './types';

interface SourceCluster extends RestorableDatabase {
  readonly cluster: DBCluster;
  /** Of Aurora: the instance that writes, which the new one is made like. */
  readonly writer?: DBInstance;
}

export function clusterRestorer(client: RDSClient, abortSignal: AbortSignal): ManagedRestorer<SourceCluster> {
  const find = async (identifier: string) => {
    const cluster = await describeCluster(client, identifier, abortSignal);
    return cluster && { ...described(cluster), cluster };
  };
  return {
    find,
    source: async (identifier) => {
      const found = await find(identifier);
      if (!found) return undefined;
      const { cluster } = found;
      const writer = isAurora(cluster) ? await findWriter(client, cluster, abortSignal) : undefined;
      return {
        ...found,
        writer,
        retentionDays: cluster.BackupRetentionPeriod,
        earliest: cluster.EarliestRestorableTime,
        latest: cluster.LatestRestorableTime,
        warnings: warningsOf(cluster),
      };
    },
    begin: async ({ cluster }, newIdentifier, target, tags) => {
      const { RestoreDBClusterToPointInTimeCommand } = await import('@aws-sdk/client-rds');
      const command = new RestoreDBClusterToPointInTimeCommand({
        ...settingsOf(cluster),
        SourceDBClusterIdentifier: cluster.DBClusterIdentifier,
        DBClusterIdentifier: newIdentifier,
        ...(target.kind === 'latest' ? { UseLatestRestorableTime: true } : { RestoreToTime: target.at }),
        DeletionProtection: true,
        Tags: asTags(tags),
      });
      await client.send(command, { abortSignal });
    },
    member: async ({ writer, cluster }, newIdentifier, tags) => {
      if (!isAurora(cluster)) return undefined;
      const identifier = `${newIdentifier}-1`;
      return {
        identifier,
        find: async () => {
          const instance = await describeInstance(client, identifier, abortSignal);
          if (instance) requireMember(instance, newIdentifier);
          return instance && describedInstance(instance);
        },
        begin: async () => {
          const { CreateDBInstanceCommand } = await import('@aws-sdk/client-rds');
          const input = memberOf(writer ?? {}, cluster, identifier, newIdentifier);
          await client.send(new CreateDBInstanceCommand({ ...input, Tags: asTags(tags) }), { abortSignal });
        },
      };
    },
  };
}

/** Multi-AZ DB clusters come with their instances. */
function isAurora({ Engine: engine = '' }: DBCluster): boolean {
  return engine.startsWith('aurora');
}

async function findWriter(client: RDSClient, cluster: DBCluster, signal: AbortSignal): Promise<DBInstance> {
  const { DBClusterMembers: members = [], DBClusterIdentifier: name } = cluster;
  const writer = members.find(({ IsClusterWriter: writes }) => writes)?.DBInstanceIdentifier;
  const instance = writer === undefined ? undefined : await describeInstance(client, writer, signal);
  if (instance) return instance;
  throw new BackupError('database-missing', `the cluster "${name}" has no instance that writes`, {
    hint: 'The new cluster gets an instance like it. Wait until its fail-over has ended, or give it one.',
  });
}

function settingsOf(source: DBCluster): Partial<RestoreDBClusterToPointInTimeCommandInput> {
  const ofEitherKind = {
    RestoreType: 'full-copy',
    DBSubnetGroupName: source.DBSubnetGroup,
    VpcSecurityGroupIds: securityGroups(source.VpcSecurityGroups),
    DBClusterParameterGroupName: source.DBClusterParameterGroup,
    KmsKeyId: source.KmsKeyId,
    Port: source.Port,
    NetworkType: source.NetworkType,
    CopyTagsToSnapshot: source.CopyTagsToSnapshot,
    EnableIAMDatabaseAuthentication: source.IAMDatabaseAuthenticationEnabled,
    EnableCloudwatchLogsExports: source.EnabledCloudwatchLogsExports,
    BackupRetentionPeriod: source.BackupRetentionPeriod,
    StorageType: source.StorageType,
    ServerlessV2ScalingConfiguration: source.ServerlessV2ScalingConfiguration,
  };
  if (isAurora(source)) return ofEitherKind;
  const { DBClusterInstanceClass, Iops, PubliclyAccessible } = source;
  return { ...ofEitherKind, DBClusterInstanceClass, Iops, PubliclyAccessible };
}

function memberOf(
  writer: DBInstance,
  cluster: DBCluster,
  identifier: string,
  newCluster: string,
): CreateDBInstanceCommandInput {
  return {
    DBInstanceIdentifier: identifier,
    DBClusterIdentifier: newCluster,
    DBInstanceClass: writer.DBInstanceClass,
    Engine: cluster.Engine,
    DBParameterGroupName: writer.DBParameterGroups?.[0]?.DBParameterGroupName,
    PubliclyAccessible: writer.PubliclyAccessible,
    AutoMinorVersionUpgrade: writer.AutoMinorVersionUpgrade,
    CACertificateIdentifier: writer.CACertificateIdentifier,
    PromotionTier: writer.PromotionTier,
  };
}

function requireMember({ DBClusterIdentifier: of, DBInstanceIdentifier: name }: DBInstance, cluster: string): void {
  if (of === cluster) return;
  throw new BackupError('target-not-empty', `there is an instance "${name}" already, of another database`, {
    hint: 'The instance of the new cluster is to have that name. Give another name with --new-cluster.',
  });
}

function described(cluster: DBCluster): DescribedDatabase {
  const { Endpoint: host, Port: port = 5432 } = cluster;
  return {
    identifier: cluster.DBClusterIdentifier ?? '',
    status: cluster.Status ?? 'not told',
    resourceId: cluster.DbClusterResourceId,
    createdAt: cluster.ClusterCreateTime,
    tags: tagsOf(cluster.TagList),
    endpoint: host !== undefined ? { host, port } : undefined,
    settings: {
      'subnet group': cluster.DBSubnetGroup,
      'security groups': securityGroups(cluster.VpcSecurityGroups).join(', '),
      'parameter group': cluster.DBClusterParameterGroup,
      port: cluster.Port?.toString(),
      'encryption key': cluster.StorageEncrypted ? cluster.KmsKeyId : 'none',
      'sign-in by IAM': onOff(cluster.IAMDatabaseAuthenticationEnabled),
      'days that automated backups are kept': cluster.BackupRetentionPeriod?.toString(),
      'deletion protection': onOff(cluster.DeletionProtection),
    },
  };
}
