import * as iam from 'aws-cdk-lib/aws-iam';
import type { Template } from 'aws-cdk-lib/assertions';
import { BackupComponent, ScheduledComponent } from '../../lib';
import { runConfigurationProblem } from '../../model';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

class Files extends ScheduledComponent {}

/** As CloudFormation would have it, with a text for each reference. */
function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument]] = Object.entries(value as Record<string, unknown>);
  if (name === 'Fn::Join') return (argument as [string, unknown[]])[1].map(resolved).join('');
  return `<${JSON.stringify(argument)}>`.replaceAll('"', '');
}

function parameterOf(template: Template): { Name: unknown; Value: unknown } {
  const [found] = Object.values(template.findResources('AWS::SSM::Parameter'));
  return (found as { Properties: { Name: unknown; Value: unknown } }).Properties;
}

test('the stack writes down what a laptop must know, whatever is added later', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  const work = { component: BackupComponent.FILES, command: ['backup', 'files'], environment: {} };
  backup.addComponent(new Files(stack, 'Files', backup.componentDefaults, work));
  const { Name, Value } = parameterOf(templateOf(stack));
  expect(resolved(Name)).toMatch(/^\/postgres-backup\/orders\/<BackupVaultBucket\w+>$/);
  const configuration = JSON.parse(resolved(Value)) as { tasks: unknown[] };
  expect(runConfigurationProblem(configuration)).toBeUndefined();
  expect(configuration.tasks).toMatchObject([
    { component: 'dump', taskDefinition: 'ShopBackupDumpTaskTaskDefinitionC8E8CFFA', container: 'backup' },
    { component: 'files', subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] },
  ]);
});

test('who may run backups may start these tasks, follow them and record a set, and reads none of the data', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  const role = new iam.Role(stack, 'Operator', { assumedBy: new iam.AccountRootPrincipal() });
  backup.grantRun(role);
  const work = { component: BackupComponent.FILES, command: ['backup', 'files'], environment: {} };
  backup.addComponent(new Files(stack, 'Files', backup.componentDefaults, work));
  const given = permissions(templateOf(stack))
    .filter(({ holder }) => holder.startsWith('OperatorDefaultPolicy'))
    .map(({ action, resource }) => `${action} ${/\/orders\/[^"]*/.exec(resource)?.[0] ?? ''}`.trim());
  expect(given.sort()).toEqual([
    'ecs:DescribeTasks',
    'ecs:RunTask',
    'ecs:RunTask',
    'iam:PassRole',
    'iam:PassRole',
    'kms:Decrypt',
    'kms:GenerateDataKey',
    's3:GetObject /orders/*/drill.json',
    's3:GetObject /orders/*/failure*.json',
    's3:GetObject /orders/*/manifest.json',
    's3:GetObject /orders/*/set.json',
    's3:GetObject /orders/*/verification.json',
    // What is marked to end is no longer watched.
    's3:GetObjectTagging /orders/*/manifest.json',
    's3:GetObjectTagging /orders/*/verification.json',
    's3:ListBucket',
    's3:PutObject /orders/sets/*/set.json',
    'ssm:DescribeParameters',
    'ssm:GetParameter',
    'ssm:GetParameterHistory',
    'ssm:GetParameters',
  ]);
});
