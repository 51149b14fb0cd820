import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../model';
import { BackupFunction, BackupFunctionOptions } from './backup-function';
import { IBackupVault } from './backup-vault-props';

/**
 * A function that looks after the WAL archive.
 */
export interface WalFunctionProps extends BackupFunctionOptions {
  /** Folder of the code below `lambda/`. */
  readonly code: string;
  /** What the function is for. */
  readonly description: string;
  /** How often it runs. */
  readonly interval: Duration;
  /** How long it may take. */
  readonly timeout: Duration;
  /** Name of the source. */
  readonly sourceName: string;
  /** Where the log is archived. */
  readonly vault: IBackupVault;
  /** Key that encrypts the function's log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;
  /** Where a start that could not be made is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * A function that may find out what the WAL archive of a source holds, started again and again.
 */
export class WalFunction extends Construct {
  /** The function. */
  public readonly function: BackupFunction;
  /** What starts it. */
  public readonly rule: events.Rule;

  constructor(scope: Construct, id: string, props: WalFunctionProps) {
    super(scope, id);
    const { code, description, vault, sourceName, encryptionKey, deadLetterQueue, timeout } = props;
    this.function = new BackupFunction(this, 'Function', {
      code,
      description,
      environment: { [ENVIRONMENT.vault]: vault.vaultUri, [ENVIRONMENT.source]: sourceName },
      encryptionKey,
      deadLetterQueue,
      timeout,
      logRetention: props.logRetention,
      removalPolicy: props.removalPolicy,
    });
    vault.grantAudit(this.function, sourceName);
    this.rule = new events.Rule(this, 'Rule', {
      description,
      schedule: events.Schedule.rate(props.interval),
      targets: [
        new targets.LambdaFunction(this.function.function, {
          deadLetterQueue,
          // The next one looks at the same.
          maxEventAge: Duration.minutes(Math.min(props.interval.toMinutes(), 60)),
          retryAttempts: 2,
        }),
      ],
    });
  }
}
