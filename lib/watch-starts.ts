import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { AlarmFactory } from './alarm-factory';

/** The starts of a task by its schedules: those of a component, or of sets. */
interface WatchedStarts {
  readonly factory: AlarmFactory;
  readonly scheduleGroup: scheduler.IScheduleGroup;
  readonly refusedStarts?: number;
  /** For people. */
  readonly whose: string;
  /** What to type first. */
  readonly look: string;
}

const PERIOD = Duration.minutes(15);

/** Starts that were given up. */
export function watchDroppedStarts(props: WatchedStarts): cloudwatch.Alarm {
  return props.factory.occurrence('StartsDropped', {
    metric: props.scheduleGroup.metricDropped({ statistic: cloudwatch.Stats.SUM, period: PERIOD }),
    threshold: 0,
    what: `${props.whose}: the scheduler gave up to start a backup.`,
    look: props.look,
    runbook: 'dead-letters',
  });
}

/** Starts that are refused. */
export function watchRefusedStarts(props: WatchedStarts): cloudwatch.Alarm {
  return props.factory.occurrence('StartsRefused', {
    metric: props.scheduleGroup.metricTargetErrors({ statistic: cloudwatch.Stats.SUM, period: PERIOD }),
    threshold: atLeastOne('refusedStarts', props.refusedStarts ?? 3),
    comparison: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    what: `${props.whose}: AWS refuses to start the backup task.`,
    look: props.look,
    runbook: 'dead-letters',
  });
}

function atLeastOne(prop: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${prop} of the alarms is ${value}, but must be a whole number from 1`);
}
