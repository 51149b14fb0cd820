import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeCompliance, acknowledgeInlinePolicies } from './acknowledge';
import { assetDirectory } from './package-assets';

/**
 * How long a function's log is kept, and what becomes of it.
 */
export interface BackupFunctionOptions {
  /**
   * How long the function's log is kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What becomes of the function's log when it is removed from the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A function that the package ships.
 */
export interface BackupFunctionProps extends BackupFunctionOptions {
  /** Folder of the code below `lambda/`, such as `verify`. */
  readonly code: string;

  /** What the function is for, as the console shows it. */
  readonly description: string;

  /** Environment of the function. No secrets: it can be read by everybody who can describe the function. */
  readonly environment: { [name: string]: string };

  /** Key that encrypts the log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Where an event that the function could not handle is kept for a person to look at. */
  readonly deadLetterQueue: sqs.IQueue;

  /**
   * Memory of the function; its share of a processor grows with it.
   *
   * @default - 512 MiB
   */
  readonly memory?: Size;

  /**
   * How long the function may take, at most 15 minutes.
   *
   * @default Duration.minutes(5)
   */
  readonly timeout?: Duration;
}

/**
 * A function of this package: Node 24 on ARM, with an encrypted log of JSON lines, a dead-letter queue, and a role that
 * begins with the right to write that log and nothing else.
 */
export class BackupFunction extends Construct implements iam.IGrantable {
  /** The function. */
  public readonly function: lambda.Function;
  /** The function's log. */
  public readonly logGroup: logs.LogGroup;
  /** The function's role. */
  public readonly role: iam.Role;
  /** The function's role, for grants. */
  public readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: BackupFunctionProps) {
    super(scope, id);
    this.logGroup = this.createLogGroup(props);
    this.role = this.createRole();
    this.grantPrincipal = this.role;
    this.function = this.createFunction(props);
    this.explainFindings();
  }

  private createLogGroup(props: BackupFunctionProps): logs.LogGroup {
    return new logs.LogGroup(this, 'Log', {
      encryptionKey: props.encryptionKey,
      retention: props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private createRole(): iam.Role {
    const role = new iam.Role(this, 'Role', {
      description: `What the function ${this.node.path} may do`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    // In place of AWSLambdaBasicExecutionRole, which may write every log group of the account.
    this.logGroup.grantWrite(role);
    return role;
  }

  private createFunction(props: BackupFunctionProps): lambda.Function {
    return new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(assetDirectory(`lambda/${props.code}`, 'index.js')),
      handler: 'index.handler',
      environment: props.environment,
      memorySize: (props.memory ?? Size.mebibytes(512)).toMebibytes(),
      timeout: checkedTimeout(props.timeout ?? Duration.minutes(5)),
      role: this.role,
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      deadLetterQueue: props.deadLetterQueue,
      // Tried again twice; then it is kept in the queue.
      retryAttempts: 2,
    });
  }

  private explainFindings(): void {
    acknowledgeInlinePolicies(this);
    acknowledgeCompliance(
      this.function,
      'LambdaInsideVPC',
      'It speaks with the APIs of AWS and webhooks alone, over TLS; in a network it would need endpoints or a way out.',
    );
    acknowledgeCompliance(
      this.function,
      'LambdaConcurrency',
      'It runs a few times an hour. Reserved concurrency takes from the account, and fails to deploy where little is left.',
    );
  }
}

function checkedTimeout(timeout: Duration): Duration {
  const seconds = timeout.toSeconds();
  if (seconds < 1 || seconds > 900) {
    throw new Error(`timeout is ${timeout.toHumanString()}, but a function may take 1 second to 15 minutes`);
  }
  return timeout;
}
