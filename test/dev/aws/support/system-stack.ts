/** A database and the bucket that its rows refer to, backed up hourly as a set, and a deployment that waits for its backup. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { databaseOnRds } from '../../../../dev/demo/database-on-rds';
import {
  BackupPlan,
  BackupRule,
  ObjectSource,
  PostgresBackup,
  PostgresSource,
  PreDeploymentBackup,
  SetSchedule,
} from '../../../../lib';

export const SOURCE = 'orders';
export const DATABASE = 'orders';
export const BACKUP_USER = 'BackupUser';
export const UPLOADS = 'Uploads';
export const ON_CALL = 'on-call';
export const REFERENCES = 'SELECT object_key FROM documents';

export class SystemStack extends Stack {
  constructor(scope: Construct, id: string, major: number) {
    super(scope, id);
    const { vpc, database } = databaseOnRds(this, { major, name: DATABASE, administrator: 'orders_admin' });
    const secret = new secretsmanager.Secret(this, BACKUP_USER);
    const uploads = new s3.Bucket(this, UPLOADS, { versioned: true, removalPolicy: RemovalPolicy.DESTROY });
    const backup = new PostgresBackup(this, 'Backup', {
      source: PostgresSource.fromDatabaseInstance(database, { name: SOURCE, secret }),
      vpc,
      plan: new BackupPlan([BackupRule.hourly()]),
      sets: SetSchedule.byPlan({ references: { uploads: REFERENCES } }),
    });
    backup.addObjects('uploads', { from: ObjectSource.bucket(uploads) });
    const onCall = new iam.Role(this, 'OnCall', { roleName: ON_CALL, assumedBy: new iam.AccountRootPrincipal() });
    backup.grantRestore(onCall);
    backup.grantRun(onCall);
    uploads.grantReadWrite(onCall);
    new PreDeploymentBackup(this, 'Before', { backup, acceptYoungerThan: Duration.minutes(10), trigger: 'commit-1' });
  }
}
