import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { acknowledgeInlinePolicies } from './acknowledge';
import { BackupTask } from './backup-task';
import { WalHeartbeatProps } from './wal-heartbeat-props';

/**
 * Lets a server with nothing to do write a little log every few minutes. It would archive nothing otherwise: its archive would grow old
 * without a fault, and an alarm that is right would not be told from one that is not.
 *
 * The task may log in to the server, and nothing else; it reaches no vault.
 */
export class WalHeartbeat extends Construct {
  /** The task that writes. */
  public readonly task: BackupTask;
  /** Starts the task. */
  public readonly schedule: scheduler.Schedule;
  /** How often it writes. */
  public readonly interval: Duration;

  constructor(scope: Construct, id: string, props: WalHeartbeatProps) {
    super(scope, id);
    const { source, vault } = props;
    this.interval = checkedInterval(props.interval ?? Duration.minutes(5));
    this.task = new BackupTask(this, 'Task', {
      ...props,
      cpu: 256,
      memory: Size.mebibytes(512),
      ephemeralStorage: undefined,
      postgresVersion: source.postgresVersion,
      command: ['wal-heartbeat'],
      environment: {
        ...source.environment,
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: source.sourceName,
      },
      logPrefix: `${source.sourceName}-heartbeat`,
    });
    source.grantConnect(this.task);
    source.allowConnectionsFrom(this.task.connections);
    this.schedule = this.createSchedule(props);
  }

  private createSchedule(props: WalHeartbeatProps): scheduler.Schedule {
    // It keeps nothing: deleting it stops its schedule, as it should.
    const group = new scheduler.ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    const role = new iam.Role(this, 'ScheduleRole', {
      description: 'Starts the task that lets an idle server write a little log',
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': group.env.account, 'aws:SourceArn': group.scheduleGroupArn },
        },
      }),
    });
    acknowledgeInlinePolicies(role);
    return new scheduler.Schedule(this, 'Schedule', {
      description: `Heartbeat of the log of ${props.source.sourceName}`,
      schedule: scheduler.ScheduleExpression.rate(this.interval),
      scheduleGroup: group,
      timeWindow: scheduler.TimeWindow.off(),
      target: new EcsRunFargateTask(props.cluster, {
        taskDefinition: this.task.taskDefinition,
        vpcSubnets: props.vpcSubnets,
        securityGroups: [this.task.securityGroup],
        assignPublicIp: false,
        platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
        role,
        deadLetterQueue: props.deadLetterQueue,
        // The next one does the same.
        maxEventAge: this.interval,
        retryAttempts: 2,
      }),
    });
  }
}

/** A task takes half a minute to start, and each start costs a minute. */
function checkedInterval(interval: Duration): Duration {
  if (!interval.isUnresolved() && interval.toSeconds() >= 60 && interval.toSeconds() <= 3600) return interval;
  throw new Error(`interval of the heartbeat is ${interval.toString()}, but must be from a minute to an hour`);
}
