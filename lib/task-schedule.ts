import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies } from './acknowledge';
import { BackupTask } from './backup-task';

/** What starts a task that makes nothing which is kept. */
export interface TaskScheduleProps {
  readonly task: BackupTask;
  /** Of the schedule. */
  readonly description: string;
  /** Of the role that starts. */
  readonly roleDescription: string;
  readonly when: scheduler.ScheduleExpression;
  readonly cluster: ecs.ICluster;
  readonly vpcSubnets?: ec2.SubnetSelection;
  /** Where a start that was given up is kept. */
  readonly deadLetterQueue: sqs.IQueue;
  /** How long a start that AWS refuses is tried again. */
  readonly maxEventAge: Duration;
  readonly retryAttempts: number;
}

/** `Group`, `ScheduleRole` and `Schedule` in a scope that has one schedule. The task keeps nothing: deleting the schedule stops it. */
export function scheduleTask(scope: Construct, props: TaskScheduleProps): scheduler.Schedule {
  const { task, maxEventAge, retryAttempts, deadLetterQueue } = props;
  const group = new scheduler.ScheduleGroup(scope, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
  const role = new iam.Role(scope, 'ScheduleRole', {
    description: props.roleDescription,
    assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': group.env.account, 'aws:SourceArn': group.scheduleGroupArn },
      },
    }),
  });
  acknowledgeInlinePolicies(role);
  return new scheduler.Schedule(scope, 'Schedule', {
    description: props.description,
    schedule: props.when,
    scheduleGroup: group,
    timeWindow: scheduler.TimeWindow.off(),
    target: new EcsRunFargateTask(props.cluster, {
      taskDefinition: task.taskDefinition,
      vpcSubnets: props.vpcSubnets,
      securityGroups: [task.securityGroup],
      assignPublicIp: false,
      platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
      role,
      deadLetterQueue,
      maxEventAge,
      retryAttempts,
    }),
  });
}
