/** Files and configuration under the rule packs that companies run. A careless bucket shows that each pack has looked. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { ConfigurationBackup, FileSystemBackup } from '../../lib';
import { testBackup } from './support/stacks';

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
  const backup = testBackup(stack);
  const files = new FileSystemBackup(stack, 'Files', backup.componentDefaults);
  files.addVolume('media', {
    fileSystem: efs.FileSystem.fromFileSystemAttributes(stack, 'Media', {
      fileSystemId: 'fs-0123456789abcdef0',
      securityGroup: ec2.SecurityGroup.fromSecurityGroupId(stack, 'MediaGroup', 'sg-0123456789abcdef0'),
    }),
  });
  backup.addComponent(files);
  const configuration = new ConfigurationBackup(stack, 'Configuration', {
    ...backup.componentDefaults,
    parameters: [ssm.StringParameter.fromStringParameterName(stack, 'Flags', '/shop/flags')],
    parameterPaths: ['/orders'],
    secrets: [secretsmanager.Secret.fromSecretNameV2(stack, 'Smtp', 'orders/smtp')],
  });
  backup.addComponent(configuration);
  new s3.Bucket(new Stack(app, 'Careless'), 'Bucket');
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app),
    new HIPAASecurityChecks(app),
    new NIST80053R5Checks(app),
    new PCIDSS321Checks(app),
  );
  const previous = process.env.CDK_VALIDATION;
  process.env.CDK_VALIDATION = 'true';
  const file = path.join(app.synth().directory, 'validation-report.json');
  process.env.CDK_VALIDATION = previous;
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const findings = report.pluginReports.flatMap(({ pluginName, violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${constructPath}: ${ruleName} (${pluginName})`),
    ),
  );
  for (const pack of ['AwsSolutions', 'HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321']) {
    expect(findings.filter((line) => line.startsWith('Careless/')).join('\n')).toContain(`(${pack})`);
  }
  expect(findings.filter((line) => /\/(Files|Configuration|MediaGroup|Verification)/.test(line))).toEqual([]);
});
