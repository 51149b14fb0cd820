import { Duration, RemovalPolicy, Size, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledgeInlinePolicies, acknowledgeSolutions } from './acknowledge';
import { BackupImage } from './backup-image';
import { CONTAINER_NAME } from './container-name';
import { fargateSize } from './fargate-size';
import { PostgresVersion } from './postgres-version';

/**
 * How much a task may use and what it runs on.
 */
export interface BackupTaskOptions {
  /**
   * CPU units of the task; 1024 is one vCPU. Compression takes most of it.
   *
   * @default 1024
   */
  readonly cpu?: number;

  /**
   * Memory of the task. What it needs does not grow with the database.
   *
   * @default - 2 GiB, or the least that Fargate has with the CPU units
   */
  readonly memory?: Size;

  /**
   * Ephemeral storage of the task, 21 to 200 GiB. A dump is streamed and needs none.
   *
   * @default - the 20 GiB that Fargate gives
   */
  readonly ephemeralStorage?: Size;

  /**
   * Processor of the task. The image is built for the same.
   *
   * @default ecs.CpuArchitecture.ARM64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;

  /**
   * The container image.
   *
   * @default BackupImage.fromPackage()
   */
  readonly image?: BackupImage;

  /**
   * How long the task's log is kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * What becomes of the task's log when it is removed from the stack. It says when which backup was made: evidence, like
   * the backups themselves.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A task that runs the program.
 */
export interface BackupTaskProps extends BackupTaskOptions {
  /** Network of the task. */
  readonly vpc: ec2.IVpc;

  /** Key that encrypts the log. Its policy must let CloudWatch Logs use it. */
  readonly encryptionKey: kms.IKey;

  /** Major version of the server. */
  readonly postgresVersion: PostgresVersion;

  /** Arguments of the program. */
  readonly command: string[];

  /** Environment of the program. No secrets: it can be read by everybody who can describe the task. */
  readonly environment: { [name: string]: string };

  /** First part of the names of the log streams. */
  readonly logPrefix: string;
}

/**
 * A Fargate task that runs the program: without a public address, without a way in, on a read-only root, as an ordinary
 * user, with a real init process. The cluster it runs in is chosen where it is started.
 */
export class BackupTask extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The task definition; its task role begins without any permission. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The one container. */
  public readonly container: ecs.ContainerDefinition;
  /** The log of the container. */
  public readonly logGroup: logs.LogGroup;
  /** Security group of the task: nothing comes in; out goes HTTPS and what `connections` is told. */
  public readonly securityGroup: ec2.SecurityGroup;
  /** Network connections of the task. */
  public readonly connections: ec2.Connections;
  /** The task role. */
  public readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: BackupTaskProps) {
    super(scope, id);
    const cpuArchitecture = props.cpuArchitecture ?? ecs.CpuArchitecture.ARM64;
    this.logGroup = this.createLogGroup(props);
    this.securityGroup = this.createSecurityGroup(props.vpc);
    this.connections = new ec2.Connections({ securityGroups: [this.securityGroup] });
    this.taskDefinition = this.createTaskDefinition(props, cpuArchitecture);
    this.grantPrincipal = this.taskDefinition.taskRole;
    this.container = this.addContainer(props, cpuArchitecture);
    this.explainFindings();
  }

  private createLogGroup(props: BackupTaskProps): logs.LogGroup {
    return new logs.LogGroup(this, 'Log', {
      encryptionKey: props.encryptionKey,
      retention: props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private createSecurityGroup(vpc: ec2.IVpc): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: `Backup task ${this.node.path}`.slice(0, 255),
      allowAllOutbound: false,
    });
    group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.HTTPS, 'S3, KMS, Secrets Manager, ECR, CloudWatch Logs');
    return group;
  }

  private createTaskDefinition(
    props: BackupTaskProps,
    cpuArchitecture: ecs.CpuArchitecture,
  ): ecs.FargateTaskDefinition {
    const size = fargateSize(props.cpu, props.memory);
    return new ecs.FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: size.cpuUnits,
      memoryLimitMiB: size.memoryMiB,
      ephemeralStorageGiB: ephemeralStorageGiB(props.ephemeralStorage),
      taskRole: this.createTaskRole(),
      runtimePlatform: { cpuArchitecture, operatingSystemFamily: ecs.OperatingSystemFamily.LINUX },
    });
  }

  private createTaskRole(): iam.Role {
    const { partition, region, account } = Stack.of(this);
    return new iam.Role(this, 'TaskRole', {
      description: `What the backup task ${this.node.path} may do`,
      // For tasks of this account alone: the service cannot be talked into lending the role to another's.
      assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:ecs:${region}:${account}:*` },
        },
      }),
    });
  }

  private addContainer(props: BackupTaskProps, cpuArchitecture: ecs.CpuArchitecture): ecs.ContainerDefinition {
    const image = props.image ?? BackupImage.fromPackage();
    return this.taskDefinition.addContainer(CONTAINER_NAME, {
      image: image.containerImage({ postgresVersion: props.postgresVersion, cpuArchitecture }),
      command: props.command,
      environment: props.environment,
      logging: ecs.LogDrivers.awsLogs({
        logGroup: this.logGroup,
        streamPrefix: props.logPrefix,
        // A log that cannot be delivered must not stop a backup.
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(25),
      }),
      linuxParameters: this.createLinuxParameters(),
      readonlyRootFilesystem: true,
      // `postgres` in the official image.
      user: '999:999',
      // The longest that Fargate allows. The program needs 25 seconds to abort an upload and say why.
      stopTimeout: Duration.seconds(120),
    });
  }

  private createLinuxParameters(): ecs.LinuxParameters {
    // Node as process 1 would not be stopped by SIGTERM.
    const parameters = new ecs.LinuxParameters(this, 'LinuxParameters', { initProcessEnabled: true });
    parameters.dropCapabilities(ecs.Capability.ALL);
    return parameters;
  }

  private explainFindings(): void {
    acknowledgeInlinePolicies(this);
    acknowledgeSolutions(
      this.taskDefinition,
      'ECS2',
      'The environment names things: vault, source, tables, the ARN of a secret. Secrets are read at run time.',
    );
    if (this.taskDefinition.executionRole) {
      acknowledgeSolutions(
        this.taskDefinition.executionRole,
        'IAM5[Resource::*]',
        'ecr:GetAuthorizationToken, needed to pull the image, knows no resources.',
      );
    }
  }
}

function ephemeralStorageGiB(size: Size | undefined): number | undefined {
  const gib = size?.toGibibytes();
  if (gib !== undefined && !Token.isUnresolved(gib) && (gib < 21 || gib > 200)) {
    throw new Error(`ephemeralStorage is ${gib} GiB, but Fargate has 21 to 200 GiB (and 20 when nothing is stated)`);
  }
  return gib;
}
