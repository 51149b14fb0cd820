// A bucket, a key, a cluster and a topic for alarms that the platform team already has, shared by the backups of two servers.
// An on-call role may restore one of them.
// In a project of your own, import from 'cdk-postgres-backup'. The ids are in cdk.json: put yours there.
import { App, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import {
  BackupPlan,
  BackupVault,
  CertificateAuthority,
  PostgresBackup,
  PostgresSource,
  PostgresVersion,
} from '../../lib';

export class ExistingVaultExample extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const context = (name: string) => this.node.getContext(name) as string;
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', this.node.getContext('vpc') as ec2.VpcAttributes);
    const cluster = ecs.Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: context('clusterName'), vpc });
    const vault = BackupVault.fromVaultAttributes(this, 'Vault', {
      bucketName: context('vaultBucketName'),
      encryptionKey: kms.Key.fromKeyArn(this, 'VaultKey', context('vaultKeyArn')),
      prefix: 'postgres',
    });
    const onCall = iam.Role.fromRoleArn(this, 'OnCall', context('onCallRoleArn'));
    const restoreOrders = new iam.ManagedPolicy(this, 'RestoreOrders', { roles: [onCall] });
    const encryptionKey = new kms.Key(this, 'LogKey', { enableKeyRotation: true });
    const alarmTopic = sns.Topic.fromTopicArn(this, 'Alarms', context('alarmTopicArn'));
    const shared = { vpc, cluster, vault, encryptionKey, alarmTopic };

    for (const name of ['orders', 'billing']) {
      const backup = new PostgresBackup(this, name, {
        ...shared,
        source: PostgresSource.fromEndpoint({
          name,
          host: `${name}.db.example.com`,
          secret: secretsmanager.Secret.fromSecretNameV2(this, `${name}-login`, `postgres/${name}/backup`),
          allDatabases: true,
          postgresVersion: PostgresVersion.V15,
          certificateAuthority: CertificateAuthority.rds(),
        }),
        plan: BackupPlan.development(),
      });
      if (name === 'orders') backup.grantRestore(restoreOrders);
    }
  }
}

if (require.main === module) new ExistingVaultExample(new App(), 'ExistingVaultExample');
