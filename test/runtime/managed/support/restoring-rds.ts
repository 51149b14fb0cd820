/**
 * Amazon RDS as far as it restores: it keeps databases, makes new ones when it is asked, and moves each through the states that a
 * test names, one for each look. What it is asked becomes the new database's settings, as AWS does it; what it is not asked, AWS's defaults.
 * Contracts: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html,
 * API_RestoreDBClusterToPointInTime.html, API_CreateDBInstance.html
 */
import { ago } from './answers';
import { Refusal, type Action, type Fields } from './rds-api';

/** Of an element of AWS's answer: text as it stands within it. */
type Elements = Record<string, string | undefined>;

interface Kept {
  readonly elements: Elements;
  /** Still to come; the last one stays. */
  states: string[];
}

export const SUBNETS = 'orders-subnets';
export const GROUPS = ['sg-0aaa', 'sg-0bbb'];
export const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

export class RestoringRds {
  readonly instances = new Map<string, Kept>();
  readonly clusters = new Map<string, Kept>();
  /** Of whatever is made from now on. */
  states: string[] = ['creating', 'backing-up', 'available'];
  /** What AWS does otherwise than it was asked. */
  instead: Elements = {};
  private made = 0;

  addInstance(name: string, elements: Elements = {}): void {
    this.instances.set(name, { elements: { ...sourceInstance(name), ...elements }, states: ['available'] });
  }

  addCluster(name: string, elements: Elements = {}): void {
    this.clusters.set(name, { elements: { ...sourceCluster(name), ...elements }, states: ['available'] });
  }

  readonly actions: Readonly<Record<string, Action>> = {
    DescribeDBInstances: ({ DBInstanceIdentifier: name }) =>
      `<DBInstances>${this.describe(this.instances, name, 'DBInstance', 'DBInstanceStatus')}</DBInstances>`,
    DescribeDBClusters: ({ DBClusterIdentifier: name }) =>
      `<DBClusters>${this.describe(this.clusters, name, 'DBCluster', 'Status')}</DBClusters>`,
    DescribeDBInstanceAutomatedBackups: ({ DBInstanceIdentifier: name }) =>
      `<DBInstanceAutomatedBackups>${xml('DBInstanceAutomatedBackup', {
        DBInstanceIdentifier: name,
        DbiResourceId: this.instances.get(name)?.elements.DbiResourceId,
        RestoreWindow: `<EarliestTime>${ago(165)}</EarliestTime><LatestTime>${ago(0.05)}</LatestTime>`,
      })}</DBInstanceAutomatedBackups>`,
    RestoreDBInstanceToPointInTime: (fields) => {
      const source = this.required(this.instances, fields.SourceDBInstanceIdentifier, 'DBInstanceNotFound');
      const name = fields.TargetDBInstanceIdentifier;
      if (this.instances.has(name)) throw new Refusal('DBInstanceAlreadyExists', `${name} already exists`);
      refuseBeyond(fields.RestoreTime, source.elements.LatestRestorableTime);
      this.instances.set(name, {
        states: [...this.states],
        elements: {
          ...source.elements,
          ...this.newNames('db', name),
          DBInstanceIdentifier: name,
          Endpoint: address(name, fields.Port),
          DBSubnetGroup: named('DBSubnetGroupName', fields.DBSubnetGroupName ?? 'default'),
          VpcSecurityGroups: groups(members(fields, 'VpcSecurityGroupIds.VpcSecurityGroupId')),
          DBParameterGroups: parameterGroup(fields.DBParameterGroupName ?? 'default.postgres17'),
          DeletionProtection: fields.DeletionProtection ?? 'false',
          IAMDatabaseAuthenticationEnabled: fields.EnableIAMDatabaseAuthentication ?? 'false',
          BackupRetentionPeriod: fields.BackupRetentionPeriod ?? '1',
          TagList: tags(fields),
          ...this.instead,
        },
      });
      return xml('DBInstance', { DBInstanceIdentifier: name, DBInstanceStatus: 'creating' });
    },
    RestoreDBClusterToPointInTime: (fields) => {
      const source = this.required(this.clusters, fields.SourceDBClusterIdentifier, 'DBClusterNotFoundFault');
      const name = fields.DBClusterIdentifier;
      if (this.clusters.has(name)) throw new Refusal('DBClusterAlreadyExistsFault', `${name} already exists`);
      refuseBeyond(fields.RestoreToTime, source.elements.LatestRestorableTime);
      this.clusters.set(name, {
        states: [...this.states],
        elements: {
          ...source.elements,
          ...this.newNames('cluster', name),
          DBClusterIdentifier: name,
          Endpoint: `${name}.cluster-c4xmpl.eu-central-1.rds.amazonaws.com`,
          Port: fields.Port ?? '3306',
          DBSubnetGroup: fields.DBSubnetGroupName ?? 'default',
          VpcSecurityGroups: groups(members(fields, 'VpcSecurityGroupIds.VpcSecurityGroupId')),
          DBClusterParameterGroup: fields.DBClusterParameterGroupName ?? 'default.aurora-postgresql17',
          KmsKeyId: fields.KmsKeyId ?? source.elements.KmsKeyId,
          DeletionProtection: fields.DeletionProtection ?? 'false',
          IAMDatabaseAuthenticationEnabled: fields.EnableIAMDatabaseAuthentication ?? 'false',
          BackupRetentionPeriod: fields.BackupRetentionPeriod ?? '1',
          DBClusterMembers: '',
          TagList: tags(fields),
          ...this.instead,
        },
      });
      return xml('DBCluster', { DBClusterIdentifier: name, Status: 'creating' });
    },
    CreateDBInstance: (fields) => {
      const name = fields.DBInstanceIdentifier;
      if (this.instances.has(name)) throw new Refusal('DBInstanceAlreadyExists', `${name} already exists`);
      this.required(this.clusters, fields.DBClusterIdentifier, 'DBClusterNotFoundFault');
      this.instances.set(name, {
        states: [...this.states],
        elements: {
          ...sourceInstance(name),
          ...this.newNames('db', name),
          DBInstanceClass: fields.DBInstanceClass,
          Engine: fields.Engine,
          DBClusterIdentifier: fields.DBClusterIdentifier,
          DBParameterGroups: parameterGroup(fields.DBParameterGroupName ?? 'default.aurora-postgresql17'),
          TagList: tags(fields),
        },
      });
      return xml('DBInstance', { DBInstanceIdentifier: name, DBInstanceStatus: 'creating' });
    },
  };

  /** Each look moves it on. */
  private describe(from: Map<string, Kept>, name: string, element: string, status: string): string {
    const kept = this.required(from, name, element === 'DBInstance' ? 'DBInstanceNotFound' : 'DBClusterNotFoundFault');
    const state = kept.states.length > 1 ? kept.states.shift() : kept.states[0];
    return xml(element, { ...kept.elements, [status]: state });
  }

  private required(from: Map<string, Kept>, name: string, fault: string): Kept {
    const kept = from.get(name);
    if (!kept) throw new Refusal(fault, `${name} not found.`, 404);
    return kept;
  }

  private newNames(kind: string, name: string): Elements {
    this.made += 1;
    const resourceId = `${kind}-MADE${this.made}`;
    return {
      DbiResourceId: resourceId,
      DbClusterResourceId: resourceId,
      DBInstanceArn: `arn:aws:rds:eu-central-1:111122223333:db:${name}`,
      InstanceCreateTime: ago(0),
      ClusterCreateTime: ago(0),
    };
  }
}

function sourceInstance(name: string): Elements {
  return {
    DBInstanceIdentifier: name,
    DBInstanceClass: 'db.t4g.medium',
    Engine: 'postgres',
    Endpoint: address(name, '5433'),
    AllocatedStorage: '100',
    InstanceCreateTime: ago(2000),
    BackupRetentionPeriod: '7',
    LatestRestorableTime: ago(0.05),
    MultiAZ: 'true',
    StorageType: 'gp3',
    Iops: '3000',
    StorageThroughput: '125',
    StorageEncrypted: 'true',
    KmsKeyId: KEY,
    DbiResourceId: `db-OF-${name.toUpperCase()}`,
    DeletionProtection: 'true',
    IAMDatabaseAuthenticationEnabled: 'true',
    DBSubnetGroup: named('DBSubnetGroupName', SUBNETS),
    VpcSecurityGroups: groups([...GROUPS].reverse()),
    DBParameterGroups: parameterGroup('orders-17'),
  };
}

function sourceCluster(name: string): Elements {
  return {
    DBClusterIdentifier: name,
    DbClusterResourceId: `cluster-OF-${name.toUpperCase()}`,
    Engine: 'aurora-postgresql',
    Endpoint: `${name}.cluster-c4xmpl.eu-central-1.rds.amazonaws.com`,
    Port: '5433',
    ClusterCreateTime: ago(2000),
    BackupRetentionPeriod: '14',
    EarliestRestorableTime: ago(335),
    LatestRestorableTime: ago(0.05),
    StorageEncrypted: 'true',
    KmsKeyId: KEY,
    DeletionProtection: 'true',
    IAMDatabaseAuthenticationEnabled: 'false',
    DBSubnetGroup: SUBNETS,
    VpcSecurityGroups: groups(GROUPS),
    DBClusterParameterGroup: 'shop-17',
    ServerlessV2ScalingConfiguration: '<MinCapacity>0.5</MinCapacity><MaxCapacity>8</MaxCapacity>',
    DBClusterMembers: `<DBClusterMember><DBInstanceIdentifier>${name}-a</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter></DBClusterMember>`,
  };
}

function refuseBeyond(asked: string | undefined, latest: string | undefined): void {
  if (asked === undefined || latest === undefined || Date.parse(asked) <= Date.parse(latest)) return;
  throw new Refusal('InvalidRestoreFault', 'The specified time is after the latest restorable time');
}

/** `Name.member.1`, `Name.Item.1`: a list in form fields. */
function members(fields: Fields, name: string): string[] {
  return Object.keys(fields)
    .filter((key) => key.startsWith(`${name}.`))
    .sort()
    .map((key) => fields[key]);
}

function tags(fields: Fields): string {
  const keys = Object.keys(fields).filter((key) => /^Tags\.Tag\.\d+\.Key$/.test(key));
  return keys.map((key) => xml('Tag', { Key: fields[key], Value: fields[key.replace(/Key$/, 'Value')] })).join('');
}

function address(name: string, port = '5432'): string {
  return `<Address>${name}.c4xmpl.eu-central-1.rds.amazonaws.com</Address><Port>${port}</Port>`;
}

function groups(ids: readonly string[]): string {
  return ids.map((id) => xml('VpcSecurityGroupMembership', { VpcSecurityGroupId: id, Status: 'active' })).join('');
}

function parameterGroup(name: string): string {
  return xml('DBParameterGroup', { DBParameterGroupName: name, ParameterApplyStatus: 'in-sync' });
}

function named(element: string, inner: string): string {
  return `<${element}>${inner}</${element}>`;
}

function xml(element: string, fields: Elements): string {
  const inner = Object.entries(fields).map(([name, value]) => (value === undefined ? '' : named(name, value)));
  return named(element, inner.join(''));
}
