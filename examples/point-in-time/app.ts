// A server that you run yourself, on EC2: its log is archived, base backups are made, and every moment can be restored.
// In a project of your own, import from 'cdk-postgres-backup'. The ids are in cdk.json: put yours there.
//
// On the server: what the output says goes to the end of postgresql.conf, and `postgres-backup archive-helper` runs beside it.
import { App, CfnOutput, Duration, Size, Stack, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { BackupPlan, BackupRule, Notify, PostgresBackup, PostgresSource, PostgresVersion } from '../../lib';

export class PointInTimeExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const backup = new PostgresBackup(this, 'Backup', {
      source: this.createSource(),
      vpc: ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.context('vpc')),
      // A dump a day, which restores anywhere; between two of them the log gives every moment.
      plan: new BackupPlan([BackupRule.daily({ hour: 4, keepFor: Duration.days(30) })]),
      recoveryPointObjective: Duration.minutes(10),
      estimatedSize: Size.gibibytes(20),
      notify: [Notify.email('ops@example.com')],
    });

    const wal = backup.addWalArchive();
    backup.addBaseBackup();
    wal.grantPush(this.serverRole());
    new CfnOutput(this, 'PostgresqlConf', { value: wal.postgresqlConf });
  }

  private createSource(): PostgresSource {
    return PostgresSource.fromEndpoint({
      name: 'orders',
      host: 'orders.internal.example.com',
      // Its role needs REPLICATION, for base backups.
      secret: secretsmanager.Secret.fromSecretCompleteArn(this, 'Secret', this.context('serverSecretArn')),
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(this, 'Server', this.context('serverSecurityGroupId')),
      postgresVersion: PostgresVersion.V17,
      allDatabases: true,
    });
  }

  /** Of the machine that the server runs on. */
  private serverRole(): iam.IRole {
    const role = iam.Role.fromRoleArn(this, 'ServerRole', this.context('serverRoleArn'));
    const reason = 'It lets this one machine archive its log, and goes with this stack.';
    const ids = ['NIST.800.53.R5', 'HIPAA.Security', 'PCI.DSS.321'].map((pack) => `${pack}-IAMNoInlinePolicy`);
    Validations.of(role).acknowledge(...ids.map((acknowledged) => ({ id: acknowledged, reason })));
    return role;
  }

  private context<Value>(name: string): Value {
    return this.node.getContext(name) as Value;
  }
}

if (require.main === module) new PointInTimeExample(new App(), 'PointInTimeExample');
