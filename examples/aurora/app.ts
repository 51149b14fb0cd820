// An Aurora cluster, dumped from a reader by a user of its own who logs in with IAM and has no password. Two databases of
// it, a plan in local time, tables that matter more and tables that do not matter.
// In a project of your own, import from 'cdk-postgres-backup'. Put your ids into cdk.json.
import { App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as rds from 'aws-cdk-lib/aws-rds';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import {
  BackupPlan,
  BackupRule,
  BackupVault,
  Notify,
  PostgresBackup,
  PostgresSource,
  PostgresVersion,
  RetentionClass,
  VaultLock,
} from '../../lib';

export class AuroraExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.node.getContext('vpc') as ec2.VpcAttributes);
    const groupId = this.node.getContext('clusterSecurityGroupId') as string;
    const cluster = rds.DatabaseCluster.fromDatabaseClusterAttributes(this, 'Cluster', {
      ...(this.node.getContext('cluster') as rds.DatabaseClusterAttributes),
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(this, 'ClusterSecurityGroup', groupId)],
    });
    const vault = new BackupVault(this, 'Vault', { lock: VaultLock.governance(Duration.days(14)) });

    const yearly = new BackupRule({
      schedule: ScheduleExpression.cron({ month: '1', day: '1', hour: '5', minute: '10' }),
      retentionClass: RetentionClass.YEARLY,
      keepFor: Duration.days(10 * 365),
    });

    // In the database, once: CREATE USER backup; GRANT rds_iam, pg_read_all_data TO backup;
    new PostgresBackup(this, 'Backup', {
      source: PostgresSource.fromDatabaseCluster(cluster, {
        name: 'shop',
        postgresVersion: PostgresVersion.V16,
        databases: ['orders', 'billing'],
        iamUsername: 'backup',
        reader: true,
      }),
      vpc,
      vault,
      plan: BackupPlan.production({ timeZone: TimeZone.EUROPE_BERLIN }).addRule(yearly),
      recoveryPointObjective: Duration.hours(1),
      tables: { critical: ['public.tenants', 'public.orders'], ephemeral: ['public.message_queue', 'public.*_lock'] },
      jobs: 4,
      cpu: 2048,
      notify: [Notify.email('ops@example.com')],
    });
  }
}

if (require.main === module) new AuroraExample(new App(), 'AuroraExample');
