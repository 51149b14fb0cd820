/**
 * One environment: a network, a database where none is given, and its backup by the environment's plan.
 */
import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  BackupPlan,
  BackupRule,
  BackupVault,
  Notify,
  PostgresBackup,
  PostgresBackupProps,
  PostgresSource,
  PostgresVersion,
  VaultLock,
} from '../lib';
import { SmallDatabase } from './small-database';
import { Environment, EnvironmentName, ExistingDatabase } from './environment';
import { PrivateNetwork } from './private-network';

export class EnvironmentStack extends Stack {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id, {
      description: `PostgreSQL and its backup, ${environment.name}`,
      env: { account: environment.account, region: environment.region },
    });
    const { vpc } = new PrivateNetwork(this, 'Network');
    const { lock, ...settings } = SETTINGS[environment.name]();

    const backup = new PostgresBackup(this, 'Backup', {
      ...settings,
      source: this.createSource(environment, vpc),
      vpc,
      vault: new BackupVault(this, 'Vault', { lock }),
      notify: environment.notify?.map((address) => Notify.email(address)),
    });
    // Of an environment whose data nobody would miss, nothing needs to be proven.
    if (environment.name !== 'development') backup.addDrill();
  }

  private createSource({ name, existingDatabase }: Environment, vpc: ec2.IVpc): PostgresSource {
    if (existingDatabase) return this.existingSource(existingDatabase);
    const { instance } = new SmallDatabase(this, 'Database', { vpc, protected: name === 'production' });
    return PostgresSource.fromDatabaseInstance(instance, { name: 'app' });
  }

  private existingSource({ databaseUrlSecret, urlField, postgresVersion }: ExistingDatabase): PostgresSource {
    const secret = databaseUrlSecret.startsWith('arn:')
      ? secretsmanager.Secret.fromSecretCompleteArn(this, 'DatabaseUrl', databaseUrlSecret)
      : secretsmanager.Secret.fromSecretNameV2(this, 'DatabaseUrl', databaseUrlSecret);
    return PostgresSource.fromDatabaseUrl(secret, {
      name: 'app',
      urlField,
      postgresVersion: PostgresVersion.of(postgresVersion),
    });
  }
}

type Settings = { lock: VaultLock } & Pick<
  PostgresBackupProps,
  'plan' | 'recoveryPointObjective' | 'recoveryTimeObjective' | 'cpu' | 'estimatedSize'
>;

/** How the environments differ. */
const SETTINGS: Record<EnvironmentName, () => Settings> = {
  development: () => ({
    plan: BackupPlan.development(),
    lock: VaultLock.none(),
    cpu: 256,
    recoveryPointObjective: Duration.days(1),
    estimatedSize: Size.gibibytes(1),
  }),
  staging: () => ({
    plan: new BackupPlan([BackupRule.daily({ keepFor: Duration.days(14) })]).addRule(
      BackupRule.weekly({ keepFor: Duration.days(28) }),
    ),
    lock: VaultLock.governance(Duration.days(3)),
    recoveryPointObjective: Duration.days(1),
    recoveryTimeObjective: Duration.hours(8),
    estimatedSize: Size.gibibytes(1),
  }),
  production: () => ({
    plan: BackupPlan.production(),
    lock: VaultLock.governance(Duration.days(14)),
    recoveryPointObjective: Duration.hours(1),
    recoveryTimeObjective: Duration.hours(4),
    estimatedSize: Size.gibibytes(1),
  }),
};
