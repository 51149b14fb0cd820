import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT, RetentionPolicy } from '../model';
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

  /** Their component; `addComponent` adds more. */
  readonly component: BackupComponent;

  /** How long the recovery points of each rule's class are kept. Classes that no rule makes are kept for ever. */
  readonly plan: BackupPlan;

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a run that failed, and a start that could not be made, are kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Ends the recovery points of a source when their time is over: daily, it marks them with a tag, and the vault's lifecycle
 * deletes them. It never ends one while no newer one is verified, nor the newest few that are. It holds no permission to
 * delete, and may set no other tag. One function for all components.
 */
export class Retention extends Construct {
  /** The function that marks. */
  public readonly function: BackupFunction;
  /** Starts the function. */
  public readonly schedule: FunctionSchedule;

  private readonly vault: IBackupVault;
  private readonly sourceName: string;
  private readonly plan: BackupPlan;
  private readonly minimumVerified?: number;
  private readonly components: BackupComponent[] = [];
  /** Of the components that have another plan. */
  private readonly ownPolicies: Record<string, RetentionPolicy> = {};

  constructor(scope: Construct, id: string, props: RetentionProps) {
    super(scope, id);
    const { vault, sourceName, component, plan, deadLetterQueue } = props;
    plan._use(this.node.path);
    this.vault = vault;
    this.sourceName = sourceName;
    this.plan = plan;
    this.minimumVerified = props.minimumVerified;
    this.function = new BackupFunction(this, 'Function', {
      code: 'retention',
      description: `Ends recovery points of ${sourceName} whose time is over`,
      environment: {
        [ENVIRONMENT.vault]: vault.vaultUri,
        [ENVIRONMENT.source]: sourceName,
        [FUNCTION_ENVIRONMENT.components]: Lazy.string({ produce: () => JSON.stringify(this.components) }),
        [FUNCTION_ENVIRONMENT.retentionOf]: Lazy.string({ produce: () => JSON.stringify(this.ownPolicies) }),
        [ENVIRONMENT.retention]: JSON.stringify(retentionPolicy(plan, props.minimumVerified)),
      },
      encryptionKey: props.encryptionKey,
      deadLetterQueue,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      timeout: Duration.minutes(15),
    });
    this.schedule = new FunctionSchedule(this, 'Schedule', {
      function: this.function,
      description: `Ends recovery points of ${sourceName} whose time is over`,
      schedule: props.schedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
      event: { action: 'retain' },
      deadLetterQueue,
      latest: Duration.hours(12),
    });
    this.addComponent(component);
    vault.grantExpireSets(this.function, sourceName);
  }

  /**
   * Ends the recovery points of another component too.
   *
   * @param component what is backed up
   * @param plan how long its recovery points are kept; as those of the first component unless it is given
   */
  public addComponent(component: BackupComponent, plan: BackupPlan = this.plan): void {
    if (this.components.includes(component)) throw new Error(`${this.node.path} ends ${component} already`);
    this.components.push(component);
    plan._use(this.node.path);
    if (plan !== this.plan) this.ownPolicies[component] = retentionPolicy(plan, this.minimumVerified);
    this.vault.grantExpire(this.function, this.sourceName, component);
  }

  /**
   * Runs that looked at everything and marked all that ends.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricSucceeded(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('retentionSucceeded', component, options);
  }

  /**
   * Runs that could not mark, or not all. Nothing is lost by that, but what ends stays and costs.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricFailed(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('retentionFailed', component, options);
  }

  /**
   * Recovery points that were marked to be deleted.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricExpired(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('pointsExpired', component, options);
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    component: BackupComponent,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    return backupMetric(key, { source: this.sourceName, component }, cloudwatch.Stats.SUM, options);
  }
}
