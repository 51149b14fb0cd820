/** What the template itself promises of a managed window: nobody should have to say it twice, and nothing rings that nobody promised. */
import { Duration, Token } from 'aws-cdk-lib';
import * as rds from 'aws-cdk-lib/aws-rds';
import { IConstruct } from 'constructs';

/** As far as it is known; of a database that is imported, nothing is. */
export interface StatedWindow {
  /** `undefined` when automated backups are off. */
  readonly retention?: Duration;
  readonly encrypted: boolean;
  readonly deletionProtection: boolean;
}

/** What CloudFormation takes where nothing is stated. */
const DEFAULT_RETENTION_DAYS = 1;

export function statedWindow(database: IConstruct | undefined): StatedWindow {
  const resource = database?.node.defaultChild;
  if (resource instanceof rds.CfnDBInstance) {
    // A read replica has none unless it is asked for.
    const isReplica = resource.sourceDbInstanceIdentifier !== undefined;
    return stated(resource, isReplica ? 0 : DEFAULT_RETENTION_DAYS);
  }
  if (resource instanceof rds.CfnDBCluster) return stated(resource, DEFAULT_RETENTION_DAYS);
  return { retention: Duration.days(DEFAULT_RETENTION_DAYS), encrypted: false, deletionProtection: false };
}

function stated(resource: rds.CfnDBInstance | rds.CfnDBCluster, otherwise: number): StatedWindow {
  const { backupRetentionPeriod = otherwise, storageEncrypted, deletionProtection } = resource;
  const days = Token.isUnresolved(backupRetentionPeriod) ? DEFAULT_RETENTION_DAYS : backupRetentionPeriod;
  return {
    retention: days > 0 ? Duration.days(days) : undefined,
    encrypted: storageEncrypted === true,
    deletionProtection: deletionProtection === true,
  };
}
