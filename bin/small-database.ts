import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';

interface SmallDatabaseProps {
  readonly vpc: ec2.IVpc;
  /** A standby in the other zone; deleted only after somebody has turned the protection off. */
  readonly protected: boolean;
}

/** The smallest RDS for PostgreSQL, so that the stack has something to back up. */
export class SmallDatabase extends Construct {
  readonly instance: rds.DatabaseInstance;

  constructor(scope: Construct, id: string, props: SmallDatabaseProps) {
    super(scope, id);
    const key = new kms.Key(this, 'Key', { enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN });
    this.instance = new rds.DatabaseInstance(this, 'Instance', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO),
      databaseName: 'app',
      credentials: rds.Credentials.fromGeneratedSecret('app_admin', { encryptionKey: key }),
      vpc: props.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      publiclyAccessible: false,
      port: 5433,
      allocatedStorage: 20,
      storageType: rds.StorageType.GP3,
      storageEncrypted: true,
      storageEncryptionKey: key,
      multiAz: props.protected,
      deletionProtection: props.protected,
      backupRetention: Duration.days(1),
      cloudwatchLogsExports: ['postgresql', 'upgrade'],
      // Its data is in the vault, and in this snapshot.
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
    this.explainFindings(props);
  }

  private explainFindings(props: SmallDatabaseProps): void {
    const compliance = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'];
    const acknowledge = (ids: string[], reason: string) =>
      Validations.of(this.instance).acknowledge(...ids.map((id) => ({ id, reason })));
    const everywhere = (rule: string) => compliance.map((pack) => `${pack}-${rule}`);
    acknowledge(everywhere('RDSInBackupPlan'), 'It is backed up by PostgresBackup.');
    acknowledge(everywhere('RDSEnhancedMonitoringEnabled'), 'An example of a backup, not of running a database.');
    acknowledge(
      ['AwsSolutions-SMG4', ...everywhere('SecretsManagerRotationEnabled')],
      'An example of a backup, not of running a database. Rotation does no harm to backups: the secret is read anew.',
    );
    if (props.protected) return;
    acknowledge(
      ['AwsSolutions-RDS3', ...everywhere('RDSMultiAZSupport')],
      'Not production: an hour without it is cheaper than a standby.',
    );
    acknowledge(
      ['AwsSolutions-RDS10', ...everywhere('RDSInstanceDeletionProtectionEnabled')],
      'Not production: `cdk destroy` is meant to remove it.',
    );
  }
}
