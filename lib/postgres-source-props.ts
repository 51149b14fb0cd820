import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { CertificateAuthority } from './certificate-authority';
import { PostgresVersion } from './postgres-version';

/**
 * What every kind of source can say.
 */
export interface PostgresSourceOptions {
  /**
   * The databases to back up.
   *
   * @default - the one that the secret names
   */
  readonly databases?: string[];

  /**
   * Back up every database of the server that accepts connections; also those that are made later.
   *
   * @default false
   */
  readonly allDatabases?: boolean;

  /**
   * Who must have signed the server's certificate.
   *
   * @default - `CertificateAuthority.rds()` for RDS and Aurora, else `CertificateAuthority.publicAuthorities()`
   */
  readonly certificateAuthority?: CertificateAuthority;
}

/**
 * An RDS instance as a source.
 */
export interface DatabaseInstanceSourceOptions extends PostgresSourceOptions {
  /**
   * Name of the source: 1 to 63 lower-case letters, digits and hyphens. The first part of every key in the vault; with
   * another name, another series of backups begins.
   *
   * @default - made from the names of the stack and the database
   */
  readonly name?: string;

  /**
   * Secret with the fields `username` and `password` (and `dbname`, unless `databases` or `allDatabases` is stated). A user of its own,
   * with `pg_read_all_data`, is better than the default.
   *
   * @default - the secret that was made with the database, which is its administrator's
   */
  readonly secret?: secretsmanager.ISecret;

  /**
   * Log in with IAM database authentication as this user of the database, without any password. The user needs the role
   * `rds_iam` in the database, and `databases` or `allDatabases` must be stated.
   *
   * @default - the secret
   */
  readonly iamUsername?: string;

  /**
   * Major version of the server.
   *
   * @default - the database's own, where CDK knows it; an imported database must state it
   */
  readonly postgresVersion?: PostgresVersion;
}

/**
 * An Aurora cluster as a source.
 */
export interface DatabaseClusterSourceOptions extends DatabaseInstanceSourceOptions {
  /**
   * Read from a reader instead of the writer. Takes the load off the writer; a reader can end a long dump when it has to
   * apply a conflicting change, and is a little behind.
   *
   * @default false
   */
  readonly reader?: boolean;
}

/**
 * Any server as a source.
 */
export interface EndpointSourceProps extends PostgresSourceOptions {
  /**
   * Name of the source: 1 to 63 lower-case letters, digits and hyphens. The first part of every key in the vault; with
   * another name, another series of backups begins.
   */
  readonly name: string;

  /** Host name, as in the server's certificate. */
  readonly host: string;

  /**
   * Port of the server.
   *
   * @default 5432
   */
  readonly port?: number;

  /** Secret with the fields `username` and `password` (and `dbname`, unless `databases` or `allDatabases` is stated). */
  readonly secret: secretsmanager.ISecret;

  /** Major version of the server. */
  readonly postgresVersion: PostgresVersion;

  /**
   * The server's security group, which gets a rule that lets the task in.
   *
   * @default - the server is outside: the task may connect to any address on the port
   */
  readonly securityGroup?: ec2.ISecurityGroup;
}

/**
 * A server that is known by a `DATABASE_URL` as a source.
 */
export interface DatabaseUrlSourceProps extends PostgresSourceOptions {
  /**
   * Name of the source: 1 to 63 lower-case letters, digits and hyphens. The first part of every key in the vault; with
   * another name, another series of backups begins.
   */
  readonly name: string;

  /** Major version of the server. */
  readonly postgresVersion: PostgresVersion;

  /**
   * The JSON field of the secret that holds the URL, such as `DATABASE_URL`.
   *
   * @default - the secret is the URL
   */
  readonly urlField?: string;

  /**
   * Port in the URL: what the task's security group must let out. It does not change the URL.
   *
   * @default 5432
   */
  readonly port?: number;

  /**
   * The server's security group, which gets a rule that lets the task in.
   *
   * @default - the server is outside: the task may connect to any address on the port
   */
  readonly securityGroup?: ec2.ISecurityGroup;
}
