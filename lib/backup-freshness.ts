import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { backupMetric } from './backup-metrics';
import { IBackupVault } from './backup-vault-props';

/**
 * What is watched.
 */
export interface BackupFreshnessProps extends BackupFunctionOptions {
  /** Name of the source. */
  readonly sourceName: string;

  /** What is backed up; `addComponent` adds more. One that never ran is old, not absent. */
  readonly component: BackupComponent;

  /** Where its backups are stored. */
  readonly vault: IBackupVault;

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * A function that publishes every five minutes how the backups of a source stand: by what lies in the vault and by the
 * store's own clock, whatever tasks and logs say. A backup that was never started shows as age.
 *
 * What it publishes is there all the time, so its silence is bad news too.
 */
export class BackupFreshness extends Construct {
  /** How often the metrics are published. */
  public static readonly INTERVAL = Duration.minutes(5);

  /** The function. */
  public readonly function: BackupFunction;
  /** What starts the function. */
  public readonly rule: events.Rule;

  /**
   * The key of the vault, which is asked whether it is usable.
   *
   * @default - none: the vault has no key of KMS, or it is known by an alias alone
   */
  public readonly watchedKey?: kms.IKey;

  private readonly sourceName: string;
  private readonly components: BackupComponent[] = [];

  constructor(scope: Construct, id: string, props: BackupFreshnessProps) {
    super(scope, id);
    this.sourceName = props.sourceName;
    this.watchedKey = keyToWatch(props.vault);
    this.function = new BackupFunction(this, 'Function', {
      ...props,
      code: 'freshness',
      description: `Publishes how old the backups of ${props.sourceName} are`,
      environment: {
        [ENVIRONMENT.vault]: props.vault.vaultUri,
        [ENVIRONMENT.source]: props.sourceName,
        [FUNCTION_ENVIRONMENT.components]: Lazy.string({ produce: () => JSON.stringify(this.components) }),
        ...(this.watchedKey && { [ENVIRONMENT.encryptionKey]: this.watchedKey.keyArn }),
      },
      // Over before the next one begins.
      timeout: Duration.minutes(4),
    });
    props.vault.grantWatch(this.function, props.sourceName);
    this.watchedKey?.grant(this.function, 'kms:DescribeKey');
    this.rule = new events.Rule(this, 'Rule', {
      description: `Looks how old the backups of ${props.sourceName} are`,
      schedule: events.Schedule.rate(BackupFreshness.INTERVAL),
      targets: [
        new targets.LambdaFunction(this.function.function, {
          deadLetterQueue: props.deadLetterQueue,
          // The next one looks at the same.
          maxEventAge: BackupFreshness.INTERVAL,
          retryAttempts: 2,
        }),
      ],
    });
    this.addComponent(props.component);
  }

  /**
   * Watches another component too.
   *
   * @param component what is backed up
   */
  public addComponent(component: BackupComponent): void {
    if (this.components.includes(component)) throw new Error(`${this.node.path} watches ${component} already`);
    this.components.push(component);
  }

  /**
   * Age of the newest good backup, in seconds. Ten years when there is none.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricNewestAge(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestAge', component, options);
  }

  /**
   * Age of the newest verified backup, in seconds. Ten years when there is none.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricNewestVerifiedAge(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestVerifiedAge', component, options);
  }

  /**
   * Time since the last verification of the kept backup of which it is longest ago, in seconds. 0 when none is kept.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricOldestVerificationAge(
    component: BackupComponent,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    return this.metric('oldestVerificationAge', component, options);
  }

  /**
   * 1 while the last scheduled run of some class is a failed one, 0 otherwise.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricLastRunFailed(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('lastRunFailed', component, options);
  }

  /**
   * Kept backups whose last verification did not pass.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricPointsNotGood(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('pointsNotGood', component, options);
  }

  /**
   * Backups that are kept.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricPointsKept(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('pointsKept', component, options);
  }

  /**
   * What the newest good backup takes in the vault, in bytes.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricNewestSize(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestSize', component, options);
  }

  /**
   * What the newest good backup holds, in the component's own unit: rows of a dump, else objects, files, entries.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricNewestItems(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(component === BackupComponent.DUMP ? 'newestRows' : 'newestItems', component, options);
  }

  /**
   * Time that the newest good backup took, in seconds.
   *
   * @default - maximum over 15 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricNewestDuration(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('newestDuration', component, options);
  }

  /**
   * 1 while the vault's key is usable, 0 when it is disabled or about to be deleted.
   *
   * @default - minimum over 15 minutes
   * @param options statistic, period and the like
   */
  public metricKeyUsable(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('keyUsable', BackupComponent.DUMP, { statistic: cloudwatch.Stats.MINIMUM, ...options });
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    component: BackupComponent,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    const subject = { source: this.sourceName, component };
    // Three times the interval: one that comes late is no silence.
    return backupMetric(key, subject, cloudwatch.Stats.MAXIMUM, { period: WATCHED_PERIOD, ...options });
  }
}

/** What an alias stands for is not known here, and a role cannot be let near it. */
function keyToWatch({ encryptionKey }: IBackupVault): kms.IKey | undefined {
  return encryptionKey && 'aliasName' in encryptionKey ? undefined : encryptionKey;
}

const WATCHED_PERIOD = Duration.minutes(15);
