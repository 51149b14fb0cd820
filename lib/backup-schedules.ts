import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { acknowledgeInlinePolicies } from './acknowledge';
import { BackupPlan } from './backup-plan';
import { BackupRule } from './backup-rule';
import { BackupTask } from './backup-task';
import { CONTAINER_NAME } from './container-name';
import { SetSchedule } from './set-schedule';

/**
 * What is started, where, and when.
 */
export interface BackupSchedulesProps {
  /** The task to start. */
  readonly task: BackupTask;

  /** Cluster that the task runs in. */
  readonly cluster: ecs.ICluster;

  /** Subnets that the task runs in. */
  readonly vpcSubnets: ec2.SubnetSelection;

  /** When the task is started; a schedule for each rule. */
  readonly plan: BackupPlan;

  /**
   * When sets are made, which start the task instead.
   *
   * @default - no rule of the plan makes sets
   */
  readonly sets?: SetSchedule;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Starts a task by the rules of a plan. The role that starts it can start this task and nothing else.
 */
export class BackupSchedules extends Construct {
  /** Groups the schedules, so that CloudWatch counts their failures apart from others. */
  public readonly group: scheduler.ScheduleGroup;
  /** The role that starts the task. */
  public readonly role: iam.Role;
  /** A schedule for each rule of the plan that makes no sets, in the plan's order. */
  public readonly schedules: scheduler.Schedule[];

  constructor(scope: Construct, id: string, props: BackupSchedulesProps) {
    super(scope, id);
    // It keeps nothing: deleting it stops its schedules, as it should.
    this.group = new scheduler.ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.role = this.createRole();
    props.plan._use(this.node.path);
    this.schedules = props.plan.rules
      .filter((rule) => !props.sets?._starts(props.plan, rule))
      .map((rule) => this.addSchedule(rule, props));
    acknowledgeInlinePolicies(this.role);
  }

  private createRole(): iam.Role {
    return new iam.Role(this, 'Role', {
      description: 'Starts the backup task on its schedule',
      // Only for schedules of this group: another account's schedule cannot borrow the role.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.group.env.account, 'aws:SourceArn': this.group.scheduleGroupArn },
        },
      }),
    });
  }

  private addSchedule(rule: BackupRule, props: BackupSchedulesProps): scheduler.Schedule {
    return new scheduler.Schedule(this, rule.name, {
      description: `Backup ${rule.name}, kept for ${rule.keepFor.toHumanString()}`,
      schedule: rule.schedule,
      scheduleGroup: this.group,
      timeWindow: scheduler.TimeWindow.off(),
      target: new EcsRunFargateTask(props.cluster, {
        taskDefinition: props.task.taskDefinition,
        vpcSubnets: props.vpcSubnets,
        securityGroups: [props.task.securityGroup],
        assignPublicIp: false,
        platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
        role: this.role,
        input: scheduler.ScheduleTargetInput.fromObject(startInput(rule)),
        deadLetterQueue: props.deadLetterQueue,
        // Start late rather than never, but not when the next one is due. However often it is tried, the scheduled time
        // stays the same, and the program makes one recovery point of it.
        maxEventAge: shorter(rule.longestInterval, Duration.hours(24)),
        retryAttempts: 185,
      }),
    });
  }
}

/** The least time that a run of the plan has. */
export function shortestRun({ rules }: BackupPlan): Duration {
  return rules.map((rule) => rule.longestInterval).reduce(shorter, LONGEST_RUN);
}

/** What differs from start to start: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html. */
function startInput(rule: BackupRule) {
  const environment = {
    [ENVIRONMENT.class]: rule.retentionClass,
    [ENVIRONMENT.scheduledAt]: scheduler.ContextAttribute.scheduledTime,
    [ENVIRONMENT.deadline]: String(shorter(rule.longestInterval, LONGEST_RUN).toSeconds()),
  };
  return {
    containerOverrides: [
      {
        name: CONTAINER_NAME,
        environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
      },
    ],
  };
}

/** A run is over when the next one begins, or it is ended as failed. */
const LONGEST_RUN = Duration.hours(12);

function shorter(one: Duration, other: Duration): Duration {
  return one.toSeconds() <= other.toSeconds() ? one : other;
}
