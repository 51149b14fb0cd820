import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as rds from 'aws-cdk-lib/aws-rds';
import { IConstruct } from 'constructs';
import { ManagedKind } from '../model';

/**
 * A database of which AWS keeps a window of moments that it can restore: an RDS instance, or an Aurora or Multi-AZ DB cluster.
 */
export class ManagedDatabase {
  /**
   * An RDS instance.
   *
   * @param instance the instance; not one of an Aurora cluster, whose window is the cluster's
   */
  public static fromDatabaseInstance(instance: rds.IDatabaseInstance): ManagedDatabase {
    return new ManagedDatabase('instance', instance.instanceIdentifier, instance);
  }

  /**
   * An Aurora cluster, or a Multi-AZ DB cluster.
   *
   * @param cluster the cluster
   */
  public static fromDatabaseCluster(cluster: rds.IDatabaseCluster): ManagedDatabase {
    return new ManagedDatabase('cluster', cluster.clusterIdentifier, cluster);
  }

  /**
   * An RDS instance in the region and account of the stack that watches it.
   *
   * @param identifier its name
   */
  public static fromInstanceIdentifier(identifier: string): ManagedDatabase {
    return new ManagedDatabase('instance', checkedIdentifier(identifier));
  }

  /**
   * An Aurora cluster, or a Multi-AZ DB cluster, in the region and account of the stack that watches it.
   *
   * @param identifier its name
   */
  public static fromClusterIdentifier(identifier: string): ManagedDatabase {
    return new ManagedDatabase('cluster', checkedIdentifier(identifier));
  }

  /** `instance` or `cluster`. */
  public readonly kind: string;
  /** Its name. */
  public readonly identifier: string;

  private constructor(
    kind: ManagedKind,
    identifier: string,
    /** @internal */
    public readonly _construct?: IConstruct,
  ) {
    this.kind = kind;
    this.identifier = identifier;
  }

  /**
   * ARN of the database, as seen from who watches it. That must be in its region.
   *
   * @param scope who watches
   */
  public arnFor(scope: IConstruct): string {
    const stack = Stack.of(scope);
    const region = this._construct && Stack.of(this._construct).region;
    if (region !== undefined && differ(region, stack.region)) {
      throw new Error(
        `${scope.node.path} is in ${stack.region}, but ${this._construct?.node.path} in ${region}: watch it from a stack in its region`,
      );
    }
    return stack.formatArn({
      service: 'rds',
      resource: this.kind === 'instance' ? 'db' : 'cluster',
      resourceName: this.identifier,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

function differ(one: string, other: string): boolean {
  return !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}

/** It becomes a part of a policy, where `*` would be every database. AWS has all names in lower case. */
function checkedIdentifier(identifier: string): string {
  if (Token.isUnresolved(identifier) || /^[a-z](?:-?[a-z0-9]){0,62}$/.test(identifier)) return identifier;
  throw new Error(
    `identifier is '${identifier}', but the name of a database is 1 to 63 lower-case letters, digits and single hyphens, and begins with a letter`,
  );
}
