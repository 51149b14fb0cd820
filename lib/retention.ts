import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { backupMetric } from './backup-metrics';
import { BackupPlan } from './backup-plan';
import { IBackupVault } from './backup-vault-props';
import { FunctionSchedule } from './function-schedule';
import { retentionPolicy } from './retention-policy';

/**
 * What is kept whatever its age, and when the rest ends.
 */
export interface RetentionOptions {
  /**
   * So many of the newest verified recovery points never end, whatever their age. At least 1.
   *
   * @default 3
   */
  readonly minimumVerified?: number;

  /**
   * When recovery points whose time is over are marked, at least daily.
   *
   * @default ScheduleExpression.rate(Duration.days(1))
   */
  readonly schedule?: scheduler.ScheduleExpression;
}

/**
 * What is retained, and for how long.
 */
export interface RetentionProps extends RetentionOptions, BackupFunctionOptions {
  /** Where the recovery points are stored. Its lifecycle must delete what is tagged `postgres-backup:expire` = `true`. */
  readonly vault: IBackupVault;

  /** Name of their source. */
  readonly sourceName: string;

  /** Their component. */
  readonly component: BackupComponent;

  /** How long the recovery points of each rule's class are kept. Classes that no rule makes are kept for ever. */
  readonly plan: BackupPlan;

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a run that failed, and a start that could not be made, are kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Ends the recovery points of a component when their time is over: daily, it marks them with a tag, and the vault's lifecycle
 * deletes them. It never ends one while no newer one is verified, nor the newest few that are. It holds no permission to
 * delete, and may set no other tag.
 */
export class Retention extends Construct {
  /** The function that marks. */
  public readonly function: BackupFunction;
  /** Starts the function. */
  public readonly schedule: FunctionSchedule;

  private readonly subject: { source: string; component: BackupComponent };

  constructor(scope: Construct, id: string, props: RetentionProps) {
    super(scope, id);
    const { vault, sourceName, component, plan, deadLetterQueue } = props;
    plan._use(this.node.path);
    this.subject = { source: sourceName, component };
    this.function = new BackupFunction(this, 'Function', {
      code: 'retention',
      description: `Ends recovery points whose time is over: ${component} of ${sourceName}`,
      environment: {
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
        [FUNCTION_ENVIRONMENT.component]: component,
        [ENVIRONMENT.retention]: JSON.stringify(retentionPolicy(plan, props.minimumVerified)),
      },
      encryptionKey: props.encryptionKey,
      deadLetterQueue,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      timeout: Duration.minutes(15),
    });
    vault.grantExpire(this.function, sourceName, component);
    this.schedule = new FunctionSchedule(this, 'Schedule', {
      function: this.function,
      description: `Ends recovery points whose time is over: ${component} of ${sourceName}`,
      schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
      event: { action: 'retain' },
      deadLetterQueue,
      latest: Duration.hours(12),
    });
  }

  /**
   * Runs that looked at everything and marked all that ends.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return backupMetric('retentionSucceeded', this.subject, cloudwatch.Stats.SUM, options);
  }

  /**
   * Runs that could not mark, or not all. Nothing is lost by that, but what ends stays and costs.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return backupMetric('retentionFailed', this.subject, cloudwatch.Stats.SUM, options);
  }

  /**
   * Recovery points that were marked to be deleted.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricExpired(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return backupMetric('pointsExpired', this.subject, cloudwatch.Stats.SUM, options);
  }
}
