import { Annotations, Duration, Lazy, Size, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT, FUNCTION_ENVIRONMENT } from '../model';
import { BackupComponent } from './backup-component';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { backupMetric } from './backup-metrics';
import { BackupVault } from './backup-vault';
import { IBackupVault } from './backup-vault-props';
import { FullReadOptions } from './full-read';
import { FunctionSchedule } from './function-schedule';
import { VaultLock } from './vault-lock';

/**
 * What a recovery point must be to pass.
 */
export interface VerificationOptions {
  /**
   * A recovery point with fewer tables, over all its databases, fails.
   *
   * @default 1
   */
  readonly minimumTables?: number;

  /**
   * A recovery point with fewer rows fails.
   *
   * @default 0
   */
  readonly minimumRows?: number;

  /**
   * For how long every stored object must be locked.
   *
   * @default - as the vault's lock says; nothing of an existing bucket
   */
  readonly lock?: VaultLock;

  /**
   * When all retained recovery points are verified again, at least daily.
   *
   * @default ScheduleExpression.rate(Duration.days(1))
   */
  readonly sweepSchedule?: scheduler.ScheduleExpression;

  /**
   * Reads the newest recovery point whole, on a schedule, in a task: every byte against its digest, every row counted.
   *
   * @default - not read; daily where the vault is an existing bucket of which nobody says that it keeps checksums
   */
  readonly fullRead?: FullReadOptions;
}

/**
 * What is verified.
 */
export interface VerificationProps extends VerificationOptions, BackupFunctionOptions {
  /** Where the recovery points are stored. */
  readonly vault: IBackupVault;

  /** Name of their source. */
  readonly sourceName: string;

  /** Their component; `addComponent` adds more. */
  readonly component: BackupComponent;

  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where an event that could not be handled, and a start that could not be made, are kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Verifies each new recovery point of a source as soon as its manifest is there, and all that are retained daily: every
 * object in its version, with its size and checksum, encrypted and locked as promised, and about as large as those before.
 * The result is stored beside the manifest. One function for all components.
 */
export class Verification extends Construct {
  /** The function that verifies. */
  public readonly function: BackupFunction;
  /** Sends each new manifest to the function. */
  public readonly rule: events.Rule;
  /** Starts the verification of all retained recovery points. */
  public readonly sweep: FunctionSchedule;
  /** What a recovery point must be to pass, as a program is told through its environment. */
  public readonly expectations: { [name: string]: string };

  private readonly vault: IBackupVault;
  private readonly sourceName: string;
  private readonly components: BackupComponent[] = [];

  constructor(scope: Construct, id: string, props: VerificationProps) {
    super(scope, id);
    const { vault, sourceName, component, deadLetterQueue } = props;
    this.vault = vault;
    this.sourceName = sourceName;
    this.expectations = verifierEnvironment(props);
    this.function = new BackupFunction(this, 'Function', {
      code: 'verify',
      description: `Verifies recovery points of ${sourceName}`,
      environment: {
        ...this.expectations,
        [FUNCTION_ENVIRONMENT.components]: Lazy.string({ produce: () => JSON.stringify(this.components) }),
      },
      encryptionKey: props.encryptionKey,
      deadLetterQueue,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
      // A manifest of 100,000 tables is some 20 MB of JSON.
      memory: Size.mebibytes(1024),
      timeout: Duration.minutes(15),
    });
    this.rule = new events.Rule(this, 'NewPoint', {
      description: `New recovery points of ${sourceName}`,
      targets: [new LambdaFunction(this.function.function, { deadLetterQueue, retryAttempts: 185 })],
    });
    this.sweep = new FunctionSchedule(this, 'Sweep', {
      function: this.function,
      description: `Verifies all retained recovery points of ${sourceName}`,
      schedule: props.sweepSchedule ?? scheduler.ScheduleExpression.rate(Duration.days(1)),
      event: { action: 'sweep' },
      deadLetterQueue,
      latest: Duration.hours(12),
    });
    this.addComponent(component);
    if (!(vault instanceof BackupVault)) this.askForEvents(vault);
  }

  /**
   * Verifies the recovery points of another component too.
   *
   * @param component what is backed up
   */
  public addComponent(component: BackupComponent): void {
    if (this.components.includes(component)) throw new Error(`${this.node.path} verifies ${component} already`);
    this.components.push(component);
    this.vault.grantVerify(this.function, this.sourceName, component);
    this.rule.addEventPattern(this.vault.recoveryPointPattern(this.sourceName, component));
  }

  /**
   * Recovery points that passed.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricPassed(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('verificationPassed', component, options);
  }

  /**
   * Recovery points that failed.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricFailed(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('verificationFailed', component, options);
  }

  /**
   * Recovery points of which it could not be found out whether they are good, those out of line among them.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricUnverified(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('verificationUnverified', component, options);
  }

  /**
   * Recovery points whose size or rows are out of line with those before them.
   *
   * @default - sum over 5 minutes
   * @param component what is backed up
   * @param options statistic, period and the like
   */
  public metricAnomalies(component: BackupComponent, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('verificationAnomalies', component, options);
  }

  private metric(
    key: Parameters<typeof backupMetric>[0],
    component: BackupComponent,
    options?: cloudwatch.MetricOptions,
  ): cloudwatch.Metric {
    return backupMetric(key, { source: this.sourceName, component }, cloudwatch.Stats.SUM, options);
  }

  /** What an existing bucket sends is its owner's to say. */
  private askForEvents(vault: IBackupVault): void {
    Annotations.of(this).addInfoV2(
      'cdk-postgres-backup:vaultEvents',
      `${vault.vaultUri} is an existing bucket: switch its Amazon EventBridge notifications on, or new recovery points are verified by the next sweep only`,
    );
  }
}

function verifierEnvironment(props: VerificationProps): Record<string, string> {
  const { vault, sourceName } = props;
  const lock = props.lock ?? (vault instanceof BackupVault ? vault.lock : VaultLock.none());
  const keyArn = vault.encryptionKey && encryptingKeyArn(vault.encryptionKey);
  return {
    [ENVIRONMENT.vault]: vault.vaultUri,
    [ENVIRONMENT.source]: sourceName,
    [ENVIRONMENT.minimumTables]: wholeNumber('minimumTables', props.minimumTables ?? 1),
    [ENVIRONMENT.minimumRows]: wholeNumber('minimumRows', props.minimumRows ?? 0),
    ...(keyArn && { [ENVIRONMENT.encryptionKey]: keyArn }),
    ...(lock.retention && { [ENVIRONMENT.lockDuration]: String(lock.retention.toSeconds()) }),
  };
}

/** S3 tells the key itself; what an alias stands for is not known here. */
function encryptingKeyArn(key: kms.IKey): string | undefined {
  return 'aliasName' in key ? undefined : key.keyArn;
}

function wholeNumber(prop: string, value: number): string {
  if (!Token.isUnresolved(value) && (!Number.isInteger(value) || value < 0)) {
    throw new Error(`${prop} is ${value}, but must be a whole number from 0`);
  }
  return String(value);
}
