import { Lazy, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { RUN_CONFIGURATION_FORMAT, RunConfiguration, runConfigurationName } from '../model';
import { acknowledgeWildcardResource } from './acknowledge';
import { IBackupVault } from './backup-vault-props';
import { CONTAINER_NAME } from './container-name';
import { ScheduledComponent } from './scheduled-component';

/**
 * Whose backups are run on demand.
 */
export interface OnDemandRunsProps {
  /** Name of the source. */
  readonly sourceName: string;

  /** Where its backups are stored. */
  readonly vault: IBackupVault;

  /** Cluster that the tasks run in. */
  readonly cluster: ecs.ICluster;
}

/**
 * What `postgres-backup run` needs to start the deployed tasks: a parameter of Systems Manager that names them, and grants for
 * those who may. The parameter holds names and no secret.
 */
export class OnDemandRuns extends Construct {
  /** Names the tasks. */
  public readonly parameter: ssm.StringParameter;

  private readonly props: OnDemandRunsProps;
  private readonly components: ScheduledComponent[] = [];
  private readonly grantees: iam.IGrantable[] = [];

  constructor(scope: Construct, id: string, props: OnDemandRunsProps) {
    super(scope, id);
    this.props = props;
    this.parameter = new ssm.StringParameter(this, 'Parameter', {
      parameterName: runConfigurationName(props.sourceName, props.vault.vaultUri),
      // The name of the bucket may be known only at deployment; that the name is a path is known.
      simpleName: false,
      description: `What postgres-backup run starts for ${props.sourceName}`,
      stringValue: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.configuration()) }),
    });
  }

  /**
   * Runs another component on demand too.
   *
   * @param component the component
   */
  public addComponent(component: ScheduledComponent): void {
    this.components.push(component);
    for (const grantee of this.grantees) this.grantTask(grantee, component);
  }

  /**
   * Lets a role start the tasks, follow them, see in the vault how they ended, and record a set. It reads none of the data.
   *
   * @param grantee who may run backups
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    this.grantees.push(grantee);
    const { vault, sourceName } = this.props;
    const grants = [
      this.parameter.grantRead(grantee),
      vault.grantRecordSets(grantee, sourceName),
      this.grantDescribe(grantee),
      ...this.components.flatMap((component) => this.grantTask(grantee, component)),
    ];
    return grants.reduce((all, grant) => all.combine(grant));
  }

  private configuration(): RunConfiguration {
    return {
      format: RUN_CONFIGURATION_FORMAT,
      cluster: this.props.cluster.clusterArn,
      tasks: this.components.map(({ component, task, vpcSubnets }) => ({
        component,
        taskDefinition: task.taskDefinition.family,
        container: CONTAINER_NAME,
        subnets: vpcSubnets.subnetIds,
        securityGroups: [task.securityGroup.securityGroupId],
      })),
    };
  }

  private grantDescribe(grantee: iam.IGrantable): iam.Grant {
    const { cluster } = this.props;
    const tasks = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${cluster.clusterName}/*`,
    });
    explain(grantee, tasks, 'Tasks are named when they are started: all of this one cluster.');
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['ecs:DescribeTasks'],
      resourceArns: [tasks],
      conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
    });
  }

  private grantTask(grantee: iam.IGrantable, { task }: ScheduledComponent): iam.Grant[] {
    const { taskDefinition } = task;
    const revisions = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task-definition',
      resourceName: `${taskDefinition.family}:*`,
    });
    explain(grantee, revisions, 'Every revision of this one task: each deployment makes a new one.');
    return [
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['ecs:RunTask'],
        resourceArns: [revisions],
        conditions: { ArnEquals: { 'ecs:cluster': this.props.cluster.clusterArn } },
      }),
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['iam:PassRole'],
        resourceArns: [taskDefinition.taskRole.roleArn, taskDefinition.obtainExecutionRole().roleArn],
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      }),
    ];
  }
}

/** The policy lies below a role, or is the grantee itself. */
function explain(grantee: iam.IGrantable, resourceArn: string, reason: string): void {
  for (const holder of new Set([grantee, grantee.grantPrincipal])) {
    if (Construct.isConstruct(holder)) acknowledgeWildcardResource(holder, resourceArn, reason);
  }
}
