import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import { EcsTask } from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies, acknowledgeWildcardResource } from './acknowledge';
import { BackupComponent } from './backup-component';
import { BackupTask } from './backup-task';
import { IBackupVault } from './backup-vault-props';
import { DrillSchedule } from './drill-schedule';

/**
 * What is started, where, and when.
 */
export interface DrillStartProps {
  /** Name of the source. */
  readonly sourceName: string;

  /**
   * What is restored.
   *
   * @default BackupComponent.DUMP
   */
  readonly component?: BackupComponent;

  /** When. */
  readonly schedule: DrillSchedule;

  /** The longest time between two drills. */
  readonly interval: Duration;

  /** The task to start. */
  readonly task: BackupTask;

  /** Where the backups are stored, which start a drill where they are to. */
  readonly vault: IBackupVault;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Subnets that the task runs in. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Starts drills: by a schedule, or by each new backup. The role that does so can start this task and nothing else.
 */
export class DrillStart extends Construct {
  /** The role that starts the task. */
  public readonly role: iam.Role;
  /**
   * Holds the schedule alone.
   *
   * @default - drills are started by backups
   */
  public readonly group?: scheduler.ScheduleGroup;
  /**
   * Sends each new manifest.
   *
   * @default - drills are started by a schedule
   */
  public readonly rule?: events.Rule;

  constructor(scope: Construct, id: string, props: DrillStartProps) {
    super(scope, id);
    const expression = props.schedule._expression();
    if (expression) {
      this.group = new scheduler.ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
      this.role = this.createRole('scheduler.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': this.group.env.account, 'aws:SourceArn': this.group.scheduleGroupArn },
      });
      this.addSchedule(expression, this.group, props);
    } else {
      this.role = this.createRole('events.amazonaws.com');
      this.rule = this.addRule(props);
    }
    acknowledgeInlinePolicies(this.role);
  }

  private createRole(service: string, conditions?: Record<string, unknown>): iam.Role {
    return new iam.Role(this, 'Role', {
      description: 'Starts the drill',
      assumedBy: new iam.ServicePrincipal(service, { conditions }),
    });
  }

  private addSchedule(
    schedule: scheduler.ScheduleExpression,
    scheduleGroup: scheduler.ScheduleGroup,
    props: DrillStartProps,
  ): void {
    new scheduler.Schedule(this, 'Schedule', {
      description: `Restores a backup of ${props.sourceName} for practice`,
      schedule,
      scheduleGroup,
      timeWindow: scheduler.TimeWindow.off(),
      target: new EcsRunFargateTask(props.cluster, {
        ...placement(props),
        vpcSubnets: props.vpcSubnets,
        role: this.role,
        deadLetterQueue: props.deadLetterQueue,
        // Late rather than never, but not when the next one is due.
        maxEventAge: Duration.seconds(Math.min(props.interval.toSeconds(), Duration.hours(24).toSeconds())),
        retryAttempts: 185,
      }),
    });
  }

  private addRule(props: DrillStartProps): events.Rule {
    const { partition, region } = Stack.of(this);
    acknowledgeWildcardResource(
      this.role,
      `arn:${partition}:ecs:${region}:*:task/${props.cluster.clusterName}/*`,
      'CDK lets events tag the tasks that it starts in this cluster, while it starts them.',
    );
    return new events.Rule(this, 'NewPoint', {
      description: `A new backup of ${props.sourceName} is restored for practice`,
      eventPattern: props.vault.recoveryPointPattern(props.sourceName, props.component ?? BackupComponent.DUMP),
      targets: [
        new EcsTask({
          ...placement(props),
          cluster: props.cluster,
          subnetSelection: props.vpcSubnets,
          role: this.role,
          deadLetterQueue: props.deadLetterQueue,
          maxEventAge: Duration.hours(12),
          retryAttempts: 185,
        }),
      ],
    });
  }
}

function placement({ task }: DrillStartProps) {
  return {
    taskDefinition: task.taskDefinition,
    securityGroups: [task.securityGroup],
    assignPublicIp: false,
    platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
  };
}
