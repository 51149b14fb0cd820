import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { FUNCTION_ENVIRONMENT, RUNBOOK_FORMAT, RunbookFacts } from '../model';
import { BackupReports } from './backup-reports';
import { PostgresSource } from './postgres-source';

/**
 * Whose runbook it is.
 */
export interface RunbookProps {
  /** What is protected. */
  readonly source: PostgresSource;

  /** What stores the runbook, daily. */
  readonly reports: BackupReports;
}

/**
 * How the source is restored, with the names that this stack has: who may, which services are stopped, which commands in which
 * order. It lies in the vault as `<source>/reports/runbook.md`, written anew each day, so that it is there when the stack and its
 * account are gone; `postgres-backup runbook` prints it. It holds names and no secret.
 */
export class Runbook extends Construct {
  private readonly source: PostgresSource;
  private readonly services: ecs.IBaseService[] = [];
  private readonly restorers: iam.IGrantable[] = [];

  constructor(scope: Construct, id: string, props: RunbookProps) {
    super(scope, id);
    this.source = props.source;
    props.reports.function.function.addEnvironment(
      FUNCTION_ENVIRONMENT.runbook,
      Lazy.string({ produce: () => Stack.of(this).toJsonString(this.facts()) }),
    );
  }

  /**
   * A service that writes to what is restored: it is stopped meanwhile, and started again.
   *
   * @param service of Amazon ECS; all of one cluster
   */
  public addService(service: ecs.IBaseService): void {
    const [first] = this.services;
    if (first && first.cluster !== service.cluster) {
      throw new Error(
        `${service.node.path} is in another cluster than ${first.node.path}: one command stops the services of one cluster`,
      );
    }
    this.services.push(service);
  }

  /**
   * Somebody who may restore. `PostgresBackup.grantRestore` tells it of whom it grants.
   *
   * @param restorer the role
   */
  public addRestorer(restorer: iam.IGrantable): void {
    this.restorers.push(restorer);
  }

  private facts(): RunbookFacts {
    const { stackName, account, region } = Stack.of(this);
    const server: Record<string, string> = {};
    for (const name of ['PGHOST', 'PGPORT', 'PGDATABASE']) {
      if (name in this.source.environment) server[name] = this.source.environment[name];
    }
    return {
      format: RUNBOOK_FORMAT,
      stack: stackName,
      account,
      region,
      server,
      services: this.services.map(({ cluster, serviceName }) => ({
        cluster: cluster.clusterName,
        service: serviceName,
      })),
      restorers: this.restorers.map(nameOf),
    };
  }
}

/** Its ARN, where it has one; else what it is called in the app. */
function nameOf({ grantPrincipal }: iam.IGrantable): string {
  const { roleArn, userArn, node } = grantPrincipal as Partial<iam.IRole & iam.IUser>;
  return roleArn ?? userArn ?? node?.path ?? 'somebody without a name';
}
