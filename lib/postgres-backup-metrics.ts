import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { PgDumpBackup } from './pg-dump-backup';

/**
 * The figures of a backup's dump and of its starts.
 */
export abstract class PostgresBackupMetrics extends Construct {
  /** The `pg_dump` backups. */
  public abstract readonly dump: PgDumpBackup;
  /** Starts that could not be made, kept for 14 days for a person to look at. */
  public abstract readonly deadLetterQueue: sqs.Queue;

  /**
   * Backups that succeeded.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSucceeded(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupSucceeded(options);
  }

  /**
   * Backups that failed. One that never started is not among them.
   *
   * @default - sum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupFailed(options);
  }

  /**
   * Time that a backup took, in seconds.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupDuration(options);
  }

  /**
   * What a recovery point takes in the vault, in bytes.
   *
   * @default - minimum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricBackupSize(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.dump.metricBackupSize(options);
  }

  /**
   * Starts that could not be made and wait in the dead-letter queue.
   *
   * @default - maximum over 5 minutes
   * @param options statistic, period and the like
   */
  public metricStartsFailed(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({
      statistic: cloudwatch.Stats.MAXIMUM,
      ...options,
    });
  }
}
