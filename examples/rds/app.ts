// An RDS instance and its backup: the construct with nothing but what it must be told, and an objective to hold it to.
// In a project of your own, import from 'cdk-postgres-backup'. The VPC's ids are in cdk.json: put yours there.
import { App, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import { Notify, PostgresBackup, PostgresSource } from '../../lib';

export class RdsExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.node.getContext('vpc') as ec2.VpcAttributes);
    const database = this.createDatabase(vpc);

    new PostgresBackup(this, 'OrdersBackup', {
      source: PostgresSource.fromDatabaseInstance(database, { name: 'orders' }),
      vpc,
      recoveryPointObjective: Duration.hours(1),
      recoveryTimeObjective: Duration.hours(4),
      notify: [Notify.email('ops@example.com')],
    });
  }

  private createDatabase(vpc: ec2.IVpc): rds.DatabaseInstance {
    const key = new kms.Key(this, 'DatabaseKey', { enableKeyRotation: true });
    const database = new rds.DatabaseInstance(this, 'Orders', {
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 }),
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.SMALL),
      databaseName: 'orders',
      credentials: rds.Credentials.fromGeneratedSecret('orders_admin', { encryptionKey: key }),
      vpc,
      port: 5433,
      storageEncryptionKey: key,
      storageEncrypted: true,
      multiAz: true,
      publiclyAccessible: false,
      cloudwatchLogsExports: ['postgresql', 'upgrade'],
      deletionProtection: true,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    });
    acknowledge(
      database,
      'SecretsManagerRotationEnabled',
      'Not what this example shows. A rotation does no harm to backups.',
    );
    acknowledge(database, 'RDSEnhancedMonitoringEnabled', 'Not what this example shows.');
    acknowledge(database, 'RDSInBackupPlan', 'It is backed up by PostgresBackup.');
    return database;
  }
}

function acknowledge(construct: Construct, rule: string, reason: string): void {
  const ids = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'].map((pack) => `${pack}-${rule}`);
  if (rule === 'SecretsManagerRotationEnabled') ids.push('AwsSolutions-SMG4');
  Validations.of(construct).acknowledge(...ids.map((id) => ({ id, reason })));
}

if (require.main === module) new RdsExample(new App(), 'RdsExample');
