import { Duration, Size } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { BackupTask } from './backup-task';
import { scheduleTask } from './task-schedule';
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
    this.schedule = scheduleTask(this, {
      ...props,
      task: this.task,
      description: `Heartbeat of the log of ${source.sourceName}`,
      roleDescription: 'Starts the task that lets an idle server write a little log',
      when: scheduler.ScheduleExpression.rate(this.interval),
      // The next one does the same.
      maxEventAge: this.interval,
      retryAttempts: 2,
    });
  }
}

/** A task takes half a minute to start, and each start costs a minute. */
function checkedInterval(interval: Duration): Duration {
  if (!interval.isUnresolved() && interval.toSeconds() >= 60 && interval.toSeconds() <= 3600) return interval;
  throw new Error(`interval of the heartbeat is ${interval.toString()}, but must be from a minute to an hour`);
}
