/**
 * How the alarms of a backup are made: each kind in one way, each with a description that says what is wrong, what to type
 * and where to read on.
 */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

/** Where the runbooks of this package are read. */
export const RUNBOOKS_URL = 'https://github.com/cdk-postgres-backup/cdk-postgres-backup/blob/main/docs/runbooks';

/** What an alarm looks at, and what it says. */
export interface AlarmSpecification {
  readonly metric: cloudwatch.IMetric;
  /** Goes off above this, unless `comparison` says otherwise. */
  readonly threshold: number;
  readonly comparison?: cloudwatch.ComparisonOperator;
  /** So many periods in a row must be beyond it; 1 unless it is said. */
  readonly evaluationPeriods?: number;
  /** A sentence: what is wrong when it goes off. */
  readonly what: string;
  /** What to type first. */
  readonly look: string;
  /** Name of the page below `docs/runbooks/`, without its ending. */
  readonly runbook: string;
}

/** Makes the alarms of one backup. */
export class AlarmFactory {
  constructor(
    private readonly scope: Construct,
    private readonly runbooksUrl: string,
    private readonly actions: readonly cloudwatch.IAlarmAction[],
  ) {}

  /** Of a metric that is there all the time: that it is missing is bad news like any other. */
  continuous(id: string, specification: AlarmSpecification): cloudwatch.Alarm {
    return this.create(id, specification, cloudwatch.TreatMissingData.BREACHING);
  }

  /**
   * Of a metric that AWS publishes only when there is something to count. That it is missing is good; what would go unseen
   * for that, the age of the newest backup shows.
   */
  occurrence(id: string, specification: AlarmSpecification): cloudwatch.Alarm {
    return this.create(id, specification, cloudwatch.TreatMissingData.NOT_BREACHING);
  }

  private create(
    id: string,
    { metric, threshold, comparison, evaluationPeriods, what, look, runbook }: AlarmSpecification,
    treatMissingData: cloudwatch.TreatMissingData,
  ): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this.scope, id, {
      metric,
      threshold,
      comparisonOperator: comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: evaluationPeriods ?? 1,
      treatMissingData,
      alarmDescription: `${what}\nLook: ${look}\nRunbook: ${this.runbooksUrl}/${runbook}.md`,
    });
    alarm.addAlarmAction(...this.actions);
    // Whoever was told that it is bad is told that it is good again.
    alarm.addOkAction(...this.actions);
    return alarm;
  }
}
