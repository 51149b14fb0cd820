/** The reports under the rule packs that companies run. A careless bucket shows that each pack has looked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Duration, Stack, Validations } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { AlarmTopic, BackupComponent, BackupFreshness, BackupReports, BackupVault, Heartbeat } from '../../lib';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

test('synthesises without a finding that nobody has acknowledged', () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const app = new App({ context: { '@aws-cdk/core:failSynthOnValidationErrors': false }, analyticsReporting: false });
  const stack = new Stack(app, 'Shop');
  const shared = {
    sourceName: 'orders',
    component: BackupComponent.DUMP,
    vault: new BackupVault(stack, 'Vault'),
    encryptionKey: new kms.Key(stack, 'LogKey', { enableKeyRotation: true }),
    deadLetterQueue: new sqs.Queue(stack, 'DeadLetters', { enforceSSL: true }),
  };
  new BackupFreshness(stack, 'Freshness', shared);
  new BackupReports(stack, 'Reports', {
    ...shared,
    newestAge: Duration.hours(26),
    newestVerifiedAge: Duration.hours(27),
    topic: new AlarmTopic(stack, 'Topic').topic,
    heartbeat: Heartbeat.healthchecks(secretsmanager.Secret.fromSecretNameV2(stack, 'Switch', 'acme/switch')),
  });
  new s3.Bucket(new Stack(app, 'Careless'), 'Bucket');
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new HIPAASecurityChecks(app),
    new NIST80053R5Checks(app),
    new PCIDSS321Checks(app),
  );
  const file = path.join(app.synth().directory, 'validation-report.json');
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const findings = report.pluginReports.flatMap(({ pluginName, violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName} (${pluginName})`),
    ),
  );
  for (const pack of ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321']) {
    expect(findings.filter((line) => line.startsWith('Careless/')).join('\n')).toContain(`(${pack})`);
  }
  const ours = findings.filter((line) => !line.startsWith('Careless/') && !line.startsWith('Shop/DeadLetters'));
  expect(ours).toEqual([]);
});
