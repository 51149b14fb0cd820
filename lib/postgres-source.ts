import { Stack, Token, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ENVIRONMENT, sourceNameProblem } from '../model';
import { CertificateAuthority } from './certificate-authority';
import { ManagedDatabase } from './managed-database';
import { openDefaultPort } from './open-default-port';
import { PostgresVersion } from './postgres-version';
import {
  DatabaseClusterSourceOptions,
  DatabaseInstanceSourceOptions,
  DatabaseUrlSourceProps,
  EndpointSourceProps,
  PostgresSourceOptions,
} from './postgres-source-props';

/**
 * What is protected: one PostgreSQL server, how it is reached and which of its databases are meant.
 *
 * The password never comes near the template or the task's environment: the task is told the secret's ARN, and reads it
 * anew for every connection, so that a rotation is not missed.
 */
export class PostgresSource {
  /**
   * An RDS for PostgreSQL instance. Host, port, version and secret are taken from it.
   *
   * @param instance the instance
   * @param options what to add or to say otherwise
   */
  public static fromDatabaseInstance(
    instance: rds.IDatabaseInstance,
    options: DatabaseInstanceSourceOptions = {},
  ): PostgresSource {
    return new PostgresSource({
      name: options.name ?? nameOf(instance),
      version: options.postgresVersion ?? versionOf(instance, instance.engine),
      environment: {
        ...endpointEnvironment(instance.instanceEndpoint.hostname, instance.dbInstanceEndpointPort),
        ...tlsEnvironment(options.certificateAuthority ?? CertificateAuthority.rds()),
        ...databasesEnvironment(options, options.iamUsername),
      },
      access: rdsAccess(instance, options),
      connectable: instance,
      managed: ManagedDatabase.fromDatabaseInstance(instance),
    });
  }

  /**
   * An Aurora PostgreSQL cluster (or a Multi-AZ DB cluster). Endpoint, port, version and secret are taken from it.
   *
   * @param cluster the cluster
   * @param options what to add or to say otherwise
   */
  public static fromDatabaseCluster(
    cluster: rds.IDatabaseCluster,
    options: DatabaseClusterSourceOptions = {},
  ): PostgresSource {
    const endpoint = options.reader ? cluster.clusterReadEndpoint : cluster.clusterEndpoint;
    return new PostgresSource({
      name: options.name ?? nameOf(cluster),
      version: options.postgresVersion ?? versionOf(cluster, cluster.engine),
      environment: {
        ...endpointEnvironment(endpoint.hostname, portText(endpoint.port)),
        ...tlsEnvironment(options.certificateAuthority ?? CertificateAuthority.rds()),
        ...databasesEnvironment(options, options.iamUsername),
      },
      access: rdsAccess(cluster, options),
      connectable: cluster,
      managed: ManagedDatabase.fromDatabaseCluster(cluster),
    });
  }

  /**
   * Any PostgreSQL server, with user and password in a secret of fields.
   *
   * @param props where it is and how to log in
   */
  public static fromEndpoint(props: EndpointSourceProps): PostgresSource {
    const port = props.port ?? 5432;
    return new PostgresSource({
      name: props.name,
      version: props.postgresVersion,
      environment: {
        ...endpointEnvironment(props.host, portText(port)),
        ...tlsEnvironment(props.certificateAuthority ?? CertificateAuthority.publicAuthorities()),
        ...databasesEnvironment(props, undefined),
      },
      access: secretAccess(props.secret),
      connectable: props.securityGroup && connectionsOf(props.securityGroup, port),
      port,
    });
  }

  /**
   * Any PostgreSQL server, with everything in one secret that holds a `DATABASE_URL`: Neon, Supabase, Railway and others.
   *
   * @param secret holds the URL, alone or in a field
   * @param props name and version of the server, and what the URL does not say
   */
  public static fromDatabaseUrl(secret: secretsmanager.ISecret, props: DatabaseUrlSourceProps): PostgresSource {
    const port = props.port ?? 5432;
    return new PostgresSource({
      name: props.name,
      version: props.postgresVersion,
      environment: {
        ...tlsEnvironment(props.certificateAuthority ?? CertificateAuthority.publicAuthorities()),
        ...urlDatabasesEnvironment(props),
        ...(props.urlField === undefined ? {} : { [ENVIRONMENT.secretUrlField]: props.urlField }),
      },
      access: secretAccess(secret),
      connectable: props.securityGroup && connectionsOf(props.securityGroup, port),
      port,
    });
  }

  /** Name of the source; the first part of every key in the vault. */
  public readonly sourceName: string;
  /** Major version of the server. */
  public readonly postgresVersion: PostgresVersion;
  /** What the task's environment says about the server. Holds no secret. */
  public readonly environment: { [name: string]: string };

  /** Whether it is on RDS or Aurora, made from the construct. */
  public readonly isManaged: boolean;

  private readonly access: Access;
  private readonly connectable?: ec2.IConnectable;
  private readonly port?: number;
  private readonly managed?: ManagedDatabase;

  private constructor(description: SourceDescription) {
    const problem = Token.isUnresolved(description.name)
      ? 'it must be known at synthesis'
      : sourceNameProblem(description.name);
    if (problem) throw new Error(`source name '${description.name}' is not usable: ${problem}`);
    this.sourceName = description.name;
    this.postgresVersion = description.version;
    this.access = description.access;
    this.connectable = description.connectable;
    this.port = description.port;
    this.managed = description.managed;
    this.isManaged = description.managed !== undefined;
    this.environment = { ...description.environment, ...description.access.environment };
  }

  /**
   * Lets a role log in to the server: read the secret, or use IAM database authentication as the one user.
   *
   * @param grantee the role of the task
   */
  public grantConnect(grantee: iam.IGrantable): iam.Grant {
    return this.access.grant(grantee);
  }

  /**
   * The database, for a `ManagedWindow`: of `fromDatabaseInstance` and `fromDatabaseCluster`. Of another source it is an error,
   * because nobody but RDS and Aurora keeps such a window.
   */
  public managedDatabase(): ManagedDatabase {
    if (this.managed) return this.managed;
    throw new Error(
      `source '${this.sourceName}' is not made from an RDS instance or a cluster: use ManagedDatabase.fromInstanceIdentifier or .fromClusterIdentifier`,
    );
  }

  /**
   * Opens the way from a task to the server, on the server's port only. Where the server's security group is not known
   * (a server outside), the task may leave to any address on that port.
   *
   * @param task the task's connections
   */
  public allowConnectionsFrom(task: ec2.Connections): void {
    if (this.connectable) {
      openDefaultPort(task, this.connectable, `Backup of ${this.sourceName}`);
    } else if (this.port !== undefined) {
      task.allowToAnyIpv4(ec2.Port.tcp(this.port), `PostgreSQL ${this.sourceName}`);
    }
  }
}

interface SourceDescription {
  readonly name: string;
  readonly version: PostgresVersion;
  readonly environment: Record<string, string>;
  readonly access: Access;
  readonly connectable?: ec2.IConnectable;
  readonly port?: number;
  readonly managed?: ManagedDatabase;
}

/** How the task logs in, and what it needs to be allowed for it. */
interface Access {
  readonly environment: Record<string, string>;
  grant(grantee: iam.IGrantable): iam.Grant;
}

type RdsDatabase = rds.IDatabaseInstance | rds.IDatabaseCluster;

/** `shop-orders` for the database `Orders` in the stack `Shop`: unique in an account, and readable in a key. */
function nameOf(database: RdsDatabase): string {
  const stack = Stack.of(database);
  const name = [stack.stackName, ...database.node.scopes.slice(stack.node.scopes.length).map((scope) => scope.node.id)]
    .join('-')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase();
  if (Token.isUnresolved(stack.stackName) || sourceNameProblem(name)) {
    throw new Error(
      `no name for the source can be made from ${database.node.path}: state one, such as { name: 'orders' }`,
    );
  }
  return name;
}

function versionOf(database: RdsDatabase, engine: rds.IEngine | undefined): PostgresVersion {
  if (engine && !/postgres/.test(engine.engineType)) {
    throw new Error(`${database.node.path} runs ${engine.engineType}, which is not PostgreSQL`);
  }
  const version = engine?.engineVersion?.majorVersion;
  if (version === undefined || Token.isUnresolved(version)) {
    throw new Error(
      `the PostgreSQL version of ${database.node.path} is not known here: state it, such as { postgresVersion: PostgresVersion.V17 }`,
    );
  }
  return PostgresVersion.of(version);
}

function endpointEnvironment(host: string, port: string): Record<string, string> {
  return { PGHOST: host, PGPORT: port };
}

function portText(port: number): string {
  return Token.isUnresolved(port) ? Tokenization.stringifyNumber(port) : String(port);
}

function tlsEnvironment(authority: CertificateAuthority): Record<string, string> {
  return { PGSSLMODE: 'verify-full', PGSSLROOTCERT: authority.path };
}

/** Which databases are dumped, and which one the task logs in to first. */
function databasesEnvironment(options: PostgresSourceOptions, iamUsername: string | undefined): Record<string, string> {
  const { databases, allDatabases } = options;
  if (databases && allDatabases) {
    throw new Error(`databases is ${JSON.stringify(databases)} and allDatabases is true: state one of them`);
  }
  if (databases?.length === 0) throw new Error('databases is an empty list: name a database, or leave it out');
  if (allDatabases) return { [ENVIRONMENT.allDatabases]: 'true', PGDATABASE: 'postgres' };
  if (databases) return { [ENVIRONMENT.databases]: JSON.stringify(databases), PGDATABASE: databases[0] };
  if (iamUsername !== undefined) {
    throw new Error(
      `iamUsername is '${iamUsername}', so that no secret says which database is meant: state databases, or allDatabases: true`,
    );
  }
  return {};
}

/** As above, but the task logs in to the database of the URL: two that differ would be refused. */
function urlDatabasesEnvironment(options: PostgresSourceOptions): Record<string, string> {
  const { PGDATABASE: _, ...chosen } = databasesEnvironment(options, undefined);
  return chosen;
}

function rdsAccess(database: RdsDatabase, options: DatabaseInstanceSourceOptions): Access {
  if (options.iamUsername !== undefined) return iamAccess(database, options.iamUsername, options.secret);
  const secret = options.secret ?? ownSecret(database);
  if (!secret) {
    throw new Error(
      `${database.node.path} has no secret that is known here: give one as { secret }, or use IAM database authentication with { iamUsername }`,
    );
  }
  return secretAccess(secret);
}

/** The secret that CDK made with the database; imported databases have none. */
function ownSecret(database: RdsDatabase): secretsmanager.ISecret | undefined {
  return 'secret' in database ? (database.secret as secretsmanager.ISecret | undefined) : undefined;
}

function secretAccess(secret: secretsmanager.ISecret): Access {
  return {
    environment: { [ENVIRONMENT.secret]: secret.secretArn },
    grant: (grantee) => secret.grantRead(grantee),
  };
}

function iamAccess(database: RdsDatabase, username: string, secret: secretsmanager.ISecret | undefined): Access {
  if (secret) throw new Error(`iamUsername is '${username}' and a secret is given as well: state one of them`);
  // The name becomes a part of a policy, where `*` would let the task log in as anybody.
  if (Token.isUnresolved(username) || !/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/.test(username)) {
    throw new Error(`iamUsername '${username}' is not usable: use letters, digits, '_', '.', '@' and '-'`);
  }
  return {
    environment: { [ENVIRONMENT.iamAuthentication]: 'true', PGUSER: username },
    grant: (grantee) => database.grantConnect(grantee, username),
  };
}

function connectionsOf(securityGroup: ec2.ISecurityGroup, port: number): ec2.IConnectable {
  return new ec2.Connections({ securityGroups: [securityGroup], defaultPort: ec2.Port.tcp(port) });
}
