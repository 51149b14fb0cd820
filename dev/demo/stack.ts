/** The stack of the demonstration: a database on RDS, its backup, and a role for whoever is on call. As somebody would deploy it. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { BackupPlan, Notify, PostgresBackup, PostgresSource } from '../../lib';
import { BACKUP_ROLE, CRITICAL_TABLES, DATABASE, EPHEMERAL_TABLES } from './clinic';
import { databaseOnRds } from './database-on-rds';

export const SOURCE = 'clinic';
export const ON_CALL = 'on-call';
export const MAIL = 'ops@example.com';
export const BACKUP_USER = 'BackupUser';
export const WEBHOOK = 'Webhook';

export interface ClinicStackProps {
  /** Major version of PostgreSQL. */
  readonly major: number;
}

export class ClinicStack extends Stack {
  readonly backup: PostgresBackup;

  constructor(scope: Construct, id: string, { major }: ClinicStackProps) {
    super(scope, id);
    const { vpc, database } = databaseOnRds(this, { major, name: DATABASE, administrator: 'clinic_admin' });
    const secret = new secretsmanager.Secret(this, BACKUP_USER, {
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: BACKUP_ROLE, dbname: DATABASE }),
        generateStringKey: 'password',
      },
    });
    this.backup = new PostgresBackup(this, 'Backup', {
      source: PostgresSource.fromDatabaseInstance(database, { name: SOURCE, secret }),
      vpc,
      plan: BackupPlan.production(),
      recoveryPointObjective: Duration.hours(1),
      // The stand-in has no Amazon RDS that could be asked.
      managedWindow: { enabled: false },
      tables: { critical: CRITICAL_TABLES, ephemeral: EPHEMERAL_TABLES },
      minimumTables: 10,
      notify: [Notify.email(MAIL), Notify.webhook(new secretsmanager.Secret(this, WEBHOOK))],
    });
    const onCall = new iam.Role(this, 'OnCall', { roleName: ON_CALL, assumedBy: new iam.AccountRootPrincipal() });
    this.backup.grantRestore(onCall);
  }
}
