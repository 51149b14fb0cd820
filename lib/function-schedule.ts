import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies, acknowledgeWildcardResource } from './acknowledge';
import { BackupFunction } from './backup-function';

/**
 * Which function is started, when, and with what.
 */
export interface FunctionScheduleProps {
  /** The function. */
  readonly function: BackupFunction;

  /** What the schedule is for, as the console shows it. */
  readonly description: string;

  /** When it is started. */
  readonly schedule: scheduler.ScheduleExpression;

  /** The event that the function is given. */
  readonly event: { [field: string]: string };

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;

  /** How late it may still be started: not later than the next start is due. */
  readonly latest: Duration;
}

/**
 * Starts a function on a schedule. The role that starts it can start this function and nothing else.
 */
export class FunctionSchedule extends Construct {
  /** Holds the schedule alone, so that CloudWatch counts its failures apart from others. */
  public readonly group: scheduler.ScheduleGroup;
  /** The schedule. */
  public readonly schedule: scheduler.Schedule;

  constructor(scope: Construct, id: string, props: FunctionScheduleProps) {
    super(scope, id);
    // It keeps nothing: deleting it stops its schedule, as it should.
    this.group = new scheduler.ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.schedule = new scheduler.Schedule(this, 'Schedule', {
      description: props.description,
      schedule: props.schedule,
      scheduleGroup: this.group,
      timeWindow: scheduler.TimeWindow.off(),
      target: new LambdaInvoke(props.function.function, {
        role: this.createRole(props.function),
        input: scheduler.ScheduleTargetInput.fromObject(props.event),
        deadLetterQueue: props.deadLetterQueue,
        maxEventAge: props.latest,
        retryAttempts: 185,
      }),
    });
  }

  private createRole(started: BackupFunction): iam.Role {
    const role = new iam.Role(this, 'Role', {
      description: `Starts the function ${started.node.path} on its schedule`,
      // Only for schedules of this group: another account's schedule cannot borrow the role.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.group.env.account, 'aws:SourceArn': this.group.scheduleGroupArn },
        },
      }),
    });
    acknowledgeInlinePolicies(role);
    acknowledgeWildcardResource(
      role,
      `${started.function.functionArn}:*`,
      'Versions and aliases of this one function, as CDK grants every invocation.',
    );
    return role;
  }
}
