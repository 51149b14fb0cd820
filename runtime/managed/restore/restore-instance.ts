/** An RDS instance: what is asked of AWS so that the new one is set as its source is. */
import type { DBInstance, RDSClient, RestoreDBInstanceToPointInTimeCommandInput } from '@aws-sdk/client-rds';
import { describeInstance, windowBegin } from '../read-instance';
import { asTags, onOff, securityGroups, tagsOf } from './settings';
import type { DescribedDatabase, ManagedRestorer, RestorableDatabase } from './types';

interface SourceInstance extends RestorableDatabase {
  readonly instance: DBInstance;
}

export function instanceRestorer(client: RDSClient, abortSignal: AbortSignal): ManagedRestorer<SourceInstance> {
  const find = async (identifier: string) => {
    const instance = await describeInstance(client, identifier, abortSignal);
    return instance && { ...described(instance), instance };
  };
  return {
    find,
    source: async (identifier) => {
      const found = await find(identifier);
      if (!found) return undefined;
      const { instance } = found;
      return {
        ...found,
        retentionDays: instance.BackupRetentionPeriod,
        latest: instance.LatestRestorableTime,
        earliest: await windowBegin(client, instance, abortSignal),
        memberOf: instance.DBClusterIdentifier || undefined,
        warnings: warningsOf(instance),
      };
    },
    begin: async ({ instance }, newIdentifier, target, tags) => {
      const { RestoreDBInstanceToPointInTimeCommand } = await import('@aws-sdk/client-rds');
      const command = new RestoreDBInstanceToPointInTimeCommand({
        ...settingsOf(instance),
        SourceDBInstanceIdentifier: instance.DBInstanceIdentifier,
        TargetDBInstanceIdentifier: newIdentifier,
        ...(target.kind === 'latest' ? { UseLatestRestorableTime: true } : { RestoreTime: target.at }),
        DeletionProtection: true,
        Tags: asTags(tags),
      });
      await client.send(command, { abortSignal });
    },
  };
}

/** Without them AWS takes the defaults of the account: its default network, its default parameters. */
function settingsOf(source: DBInstance): Partial<RestoreDBInstanceToPointInTimeCommandInput> {
  return {
    DBInstanceClass: source.DBInstanceClass,
    DBSubnetGroupName: source.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: securityGroups(source.VpcSecurityGroups),
    DBParameterGroupName: source.DBParameterGroups?.[0]?.DBParameterGroupName,
    OptionGroupName: source.OptionGroupMemberships?.[0]?.OptionGroupName,
    Port: source.Endpoint?.Port,
    MultiAZ: source.MultiAZ,
    PubliclyAccessible: source.PubliclyAccessible,
    StorageType: source.StorageType,
    ...provisioned(source),
    MaxAllocatedStorage: source.MaxAllocatedStorage,
    NetworkType: source.NetworkType,
    CACertificateIdentifier: source.CACertificateIdentifier,
    AutoMinorVersionUpgrade: source.AutoMinorVersionUpgrade,
    CopyTagsToSnapshot: source.CopyTagsToSnapshot,
    EnableIAMDatabaseAuthentication: source.IAMDatabaseAuthenticationEnabled,
    EnableCloudwatchLogsExports: source.EnabledCloudwatchLogsExports,
    BackupRetentionPeriod: source.BackupRetentionPeriod,
  };
}

/** AWS tells of the baseline, too, and refuses to be asked for it: gp3 has one of its own below this size. */
const GP3_PROVISIONED_GIB = 400;

function provisioned(source: DBInstance): Pick<DBInstance, 'Iops' | 'StorageThroughput'> {
  const { StorageType: type = '', AllocatedStorage: gibibytes = 0, Iops, StorageThroughput } = source;
  if (type.startsWith('io')) return { Iops };
  return type === 'gp3' && gibibytes >= GP3_PROVISIONED_GIB ? { Iops, StorageThroughput } : {};
}

export function described(instance: DBInstance): DescribedDatabase {
  const { Endpoint: endpoint } = instance;
  return {
    identifier: instance.DBInstanceIdentifier ?? '',
    status: instance.DBInstanceStatus ?? 'not told',
    resourceId: instance.DbiResourceId,
    createdAt: instance.InstanceCreateTime,
    tags: tagsOf(instance.TagList),
    endpoint: endpoint?.Address !== undefined ? { host: endpoint.Address, port: endpoint.Port ?? 5432 } : undefined,
    settings: {
      'subnet group': instance.DBSubnetGroup?.DBSubnetGroupName,
      'security groups': securityGroups(instance.VpcSecurityGroups).join(', '),
      'parameter group': instance.DBParameterGroups?.[0]?.DBParameterGroupName,
      port: endpoint?.Port?.toString(),
      'encryption key': instance.StorageEncrypted ? instance.KmsKeyId : 'none',
      'sign-in by IAM': onOff(instance.IAMDatabaseAuthenticationEnabled),
      'days that automated backups are kept': instance.BackupRetentionPeriod?.toString(),
      'deletion protection': onOff(instance.DeletionProtection),
    },
  };
}

export function warningsOf({
  MasterUserSecret: secret,
  AssociatedRoles: roles = [],
}: {
  readonly MasterUserSecret?: unknown;
  readonly AssociatedRoles?: readonly unknown[];
}): string[] {
  return [
    ...(secret === undefined
      ? []
      : ['its master password is kept by RDS in a secret; that of the new one is as it was at the moment']),
    ...(roles.length === 0 ? [] : ['roles are associated with it, which the new one has not']),
  ];
}
