import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies, acknowledgeWildcardResource } from './acknowledge';
import { ManagedDatabase } from './managed-database';

/**
 * Who may have AWS restore which database.
 */
export interface ManagedRestoreAccessProps {
  /** The database whose window is restored from. In the account and region of the stack. */
  readonly database: ManagedDatabase;

  /** Who may restore, such as the role of a `RecoveryAccess`. */
  readonly role: iam.IRole;

  /**
   * What the names of new databases begin with: these may be made, tagged and looked at, and no others.
   *
   * @default - the name of the source and a hyphen: `orders-`
   */
  readonly newNamesBeginWith?: string;

  /**
   * Key of your own that encrypts the database. RDS asks whoever restores for a grant on it.
   *
   * @default - the storage is encrypted with the key that AWS keeps for RDS, or not at all
   */
  readonly encryptionKey?: kms.IKey;
}

/**
 * Lets a role have RDS or Aurora restore a database to a moment, into a new one: `postgres-backup restore --rds-instance`,
 * `--rds-cluster`. It may change and delete no database, and reads nothing of what is in them.
 */
export class ManagedRestoreAccess extends Construct {
  /** The rights. */
  public readonly policy: iam.Policy;

  constructor(scope: Construct, id: string, props: ManagedRestoreAccessProps) {
    super(scope, id);
    const { database, role, encryptionKey } = props;
    const made = `${checkedBegin(props.newNamesBeginWith ?? `${database.identifier}-`)}*`;
    const source = database.arnFor(this);
    this.policy = new iam.Policy(this, 'Policy', {
      roles: [role],
      statements: database.kind === 'instance' ? this.ofInstance(source, made) : this.ofCluster(source, made),
    });
    if (encryptionKey) this.letUse(encryptionKey);
    this.explainFindings(made);
  }

  private ofInstance(source: string, made: string): iam.PolicyStatement[] {
    const restored = this.arn('db', made);
    return [
      allow(['rds:DescribeDBInstances'], [source, restored]),
      allow(['rds:DescribeDBInstanceAutomatedBackups'], [source]),
      allow(['rds:RestoreDBInstanceToPointInTime'], [source, restored, ...this.settings('pg', 'og', 'subgrp')]),
      allow(['rds:AddTagsToResource'], [restored]),
    ];
  }

  /** The instances of a cluster have names of their own. */
  private ofCluster(source: string, made: string): iam.PolicyStatement[] {
    const [restored, member] = [this.arn('cluster', made), this.arn('db', made)];
    return [
      allow(['rds:DescribeDBClusters'], [source, restored]),
      allow(['rds:DescribeDBInstances'], [this.arn('db', '*')]),
      allow(['rds:RestoreDBClusterToPointInTime'], [source, restored, ...this.settings('cluster-pg', 'og', 'subgrp')]),
      allow(['rds:CreateDBInstance'], [restored, member, ...this.settings('pg', 'og', 'subgrp', 'secgrp')]),
      allow(['rds:AddTagsToResource'], [restored, member]),
    ];
  }

  /** A grant for RDS alone. */
  private letUse(key: kms.IKey): void {
    const resources = [key.keyArn];
    this.policy.addStatements(
      allow(['kms:DescribeKey'], resources),
      new iam.PolicyStatement({
        actions: ['kms:CreateGrant'],
        resources,
        conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      }),
    );
  }

  private settings(...kinds: string[]): string[] {
    return kinds.map((kind) => this.arn(kind, '*'));
  }

  private arn(resource: string, resourceName: string): string {
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    return Stack.of(this).formatArn({ service: 'rds', resource, resourceName, arnFormat });
  }

  private explainFindings(made: string): void {
    acknowledgeInlinePolicies(this);
    for (const kind of ['db', 'cluster']) {
      acknowledgeWildcardResource(this, this.arn(kind, made), 'New databases, named when they are made.');
    }
    acknowledgeWildcardResource(
      this,
      this.arn('db', '*'),
      'Which instance writes is known when it is asked; described alone.',
    );
    for (const arn of this.settings('pg', 'cluster-pg', 'og', 'subgrp', 'secgrp')) {
      acknowledgeWildcardResource(this, arn, 'Those of the source, which it may change; used, never changed.');
    }
  }
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html */
function allow(actions: string[], resources: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions, resources });
}

/** It becomes a part of a policy, where nothing would be every database. */
function checkedBegin(begin: string): string {
  if (Token.isUnresolved(begin) || /^[a-z][a-z0-9-]{0,61}$/.test(begin)) return begin;
  throw new Error(
    `newNamesBeginWith is '${begin}', but names of databases are lower-case letters, digits and hyphens, and begin with a letter`,
  );
}
