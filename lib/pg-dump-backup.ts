import { Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { BackupPlan } from './backup-plan';
import { BackupTaskOptions } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { DumpContent } from './dump-content';
import { PostgresSource } from './postgres-source';
import { ScheduledComponent } from './scheduled-component';
import { SetSchedule } from './set-schedule';

/**
 * Tables that are not like the others. Each entry is a pattern as `pg_dump --table` takes it: `schema.table`, with `*` and `?`.
 * A table that is in neither list is important: it is backed up, and restored after the critical ones.
 */
export interface TableClasses {
  /**
   * Tables that are restored first, in archives of their own.
   *
   * @default - none
   */
  readonly critical?: string[];

  /**
   * Tables of which only the definition is kept: queues, caches, locks.
   *
   * @default - none
   */
  readonly ephemeral?: string[];
}

/**
 * What is dumped and how.
 */
export interface PgDumpOptions {
  /**
   * Tables that are not like the others.
   *
   * @default - all tables are important
   */
  readonly tables?: TableClasses;

  /**
   * What a dump holds.
   *
   * @default DumpContent.ALL
   */
  readonly content?: DumpContent;

  /**
   * Whether roles, memberships and tablespaces are backed up too, without passwords.
   *
   * @default true
   */
  readonly globals?: boolean;

  /**
   * How many tables are dumped at once, each over a connection of its own; 1 to 32. As many can be restored at once.
   *
   * @default 2
   */
  readonly jobs?: number;

  /**
   * Level of zstd, 1 to 19. Higher ones cost much more processor time for little less to store.
   *
   * @default 1
   */
  readonly compressionLevel?: number;

  /**
   * A database with fewer tables counts as the wrong one, or an empty one: its backup fails.
   *
   * @default 1
   */
  readonly minimumTables?: number;

  /**
   * Tables whose rows are hashed, inside the dump's own snapshot, for a drill to compare by content; patterns as `pg_dump --table`
   * takes them. Each is read once more for it.
   *
   * @default - none: a drill compares the number of rows
   */
  readonly contentHashTables?: string[];

  /**
   * How long to wait for a table that somebody has locked, in whole seconds.
   *
   * @default Duration.seconds(60)
   */
  readonly lockTimeout?: Duration;
}

/**
 * A `pg_dump` backup on a schedule.
 */
export interface PgDumpBackupProps extends PgDumpOptions, BackupTaskOptions {
  /** What is protected. */
  readonly source: PostgresSource;

  /** Where backups are stored. */
  readonly vault: IBackupVault;

  /** When backups are made. */
  readonly plan: BackupPlan;

  /**
   * When sets are made, which start the dump instead of itself.
   *
   * @default - it is started by itself, by every rule of its plan
   */
  readonly sets?: SetSchedule;

  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /** Subnets of the task. They need a way to S3, KMS, Secrets Manager, ECR and CloudWatch Logs, and to the server. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Key that encrypts the task's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Backs up the databases of a source with stock `pg_dump`, streamed into the vault, by the rules of a plan.
 *
 * A component of `PostgresBackup`, which gives it everything it needs.
 */
export class PgDumpBackup extends ScheduledComponent {
  constructor(scope: Construct, id: string, props: PgDumpBackupProps) {
    const { source } = props;
    super(
      scope,
      id,
      { ...props, sourceName: source.sourceName, postgresVersion: source.postgresVersion },
      { component: BackupComponent.DUMP, command: ['backup', 'dump'], environment: dumpEnvironment(props) },
    );
    source.grantConnect(this.task);
    source.allowConnectionsFrom(this.task.connections);
  }
}

function dumpEnvironment(props: PgDumpBackupProps): Record<string, string> {
  const { source, tables } = props;
  return {
    ...source.environment,
    [ENVIRONMENT.content]: props.content ?? DumpContent.ALL,
    [ENVIRONMENT.globals]: String(props.globals ?? true),
    [ENVIRONMENT.jobs]: wholeNumber('jobs', props.jobs ?? 2, 1, 32),
    [ENVIRONMENT.compressionLevel]: wholeNumber('compressionLevel', props.compressionLevel ?? 1, 1, 19),
    [ENVIRONMENT.minimumTables]: wholeNumber('minimumTables', props.minimumTables ?? 1, 0, 1_000_000),
    [ENVIRONMENT.lockTimeout]: wholeNumber(
      'lockTimeout',
      (props.lockTimeout ?? Duration.seconds(60)).toSeconds(),
      1,
      86_400,
    ),
    ...tableList(ENVIRONMENT.criticalTables, 'tables.critical', tables?.critical),
    ...tableList(ENVIRONMENT.ephemeralTables, 'tables.ephemeral', tables?.ephemeral),
    ...tableList(ENVIRONMENT.contentHashTables, 'contentHashTables', props.contentHashTables),
  };
}

function wholeNumber(prop: string, value: number, lowest: number, highest: number): string {
  if (!Token.isUnresolved(value) && (!Number.isInteger(value) || value < lowest || value > highest)) {
    throw new Error(`${prop} is ${value}, but must be a whole number from ${lowest} to ${highest}`);
  }
  return String(value);
}

function tableList(name: string, prop: string, patterns: string[] | undefined): Record<string, string> {
  if (patterns === undefined) return {};
  if (patterns.some((pattern) => pattern.trim() === '')) {
    throw new Error(`${prop} is ${JSON.stringify(patterns)}: an empty pattern names no table; take it out`);
  }
  return { [name]: JSON.stringify(patterns) };
}
