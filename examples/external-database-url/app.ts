// A database elsewhere (Neon, Supabase, Railway, …), known by the DATABASE_URL in a secret. One backup a day.
// In a project of your own, import from 'cdk-postgres-backup'. The ids are in cdk.json: put yours there.
//
// Whatever sslmode the URL has, the task checks the server's certificate and name (verify-full).
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { BackupPlan, BackupRule, Notify, PostgresBackup, PostgresSource, PostgresVersion } from '../../lib';

export class ExternalDatabaseUrlExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.node.getContext('vpc') as ec2.VpcAttributes);
    const secret = secretsmanager.Secret.fromSecretCompleteArn(
      this,
      'DatabaseUrl',
      this.node.getContext('databaseUrlSecretArn') as string,
    );

    new PostgresBackup(this, 'Backup', {
      source: PostgresSource.fromDatabaseUrl(secret, {
        name: 'recruiting',
        urlField: 'DATABASE_URL',
        postgresVersion: PostgresVersion.V17,
      }),
      vpc,
      plan: new BackupPlan([BackupRule.daily({ hour: 4, keepFor: Duration.days(14) })]),
      recoveryPointObjective: Duration.hours(24),
      estimatedSize: Size.gibibytes(2),
      notify: [Notify.email('ops@example.com')],
    });
  }
}

if (require.main === module) new ExternalDatabaseUrlExample(new App(), 'ExternalDatabaseUrlExample');
