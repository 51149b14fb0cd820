// A database with the objects, files and settings that belong to it, as one system; and a deployment that waits for its backup.
// In a project of your own, import from 'cdk-postgres-backup'. The names are in cdk.json: put yours there.
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  CertificateAuthority,
  Notify,
  ObjectSource,
  PostgresBackup,
  PostgresSource,
  PostgresVersion,
  PreDeploymentBackup,
  SetSchedule,
} from '../../lib';

export class FullSystemExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const context = (name: string) => this.node.getContext(name) as string;
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.node.getContext('vpc') as ec2.VpcAttributes);
    const backup = new PostgresBackup(this, 'Backup', {
      source: PostgresSource.fromEndpoint({
        name: 'orders',
        host: 'orders.db.example.com',
        secret: secretsmanager.Secret.fromSecretNameV2(this, 'Login', 'postgres/orders/backup'),
        postgresVersion: PostgresVersion.V17,
        certificateAuthority: CertificateAuthority.rds(),
      }),
      vpc,
      recoveryPointObjective: Duration.hours(1),
      // Together once a day, and whatever a row refers to must be there; every hour each by itself.
      sets: SetSchedule.byRules(['daily', 'weekly', 'monthly'], {
        references: { uploads: 'SELECT object_key FROM documents' },
      }),
      notify: [Notify.email('ops@example.com')],
    });
    const uploads = s3.Bucket.fromBucketName(this, 'Uploads', 'acme-uploads');
    const objects = backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
    const configuration = backup.addConfiguration({ parameterPaths: ['/orders'] });

    // Everything is restored for practice, every week; of the objects a hundred, and all of them once a month.
    backup.addDrill({ ephemeralStorage: Size.gibibytes(50) });
    backup.addComponentDrill(objects);
    backup.addComponentDrill(configuration);

    const operators = new iam.ManagedPolicy(this, 'RunOrders', {
      roles: [iam.Role.fromRoleArn(this, 'Operators', context('onCallRoleArn'))],
    });
    backup.grantRun(operators);

    new PreDeploymentBackup(this, 'BeforeDeployment', { backup, acceptYoungerThan: Duration.minutes(15) });
  }
}

if (require.main === module) new FullSystemExample(new App(), 'FullSystemExample');
