import { Match, type Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { BackupVault, ConfigurationBackup, type ConfigurationBackupProps } from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testStack } from './support/stacks';

type Make = (stack: ReturnType<typeof testStack>) => Partial<ConfigurationBackupProps>;

const EVERYTHING: Make = (stack) => ({
  parameters: [ssm.StringParameter.fromStringParameterName(stack, 'Flags', '/shop/flags')],
  parameterPaths: ['/orders'],
  secrets: [secretsmanager.Secret.fromSecretNameV2(stack, 'Smtp', 'orders/smtp')],
});

function backedUp(make: Make): { template: Template; configuration: ConfigurationBackup } {
  const stack = testStack();
  const backup = testBackup(stack);
  const configuration = new ConfigurationBackup(stack, 'Configuration', {
    ...backup.componentDefaults,
    ...make(stack),
  });
  backup.addComponent(configuration);
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });
  configuration.grantOpen(reader);
  return { template: templateOf(stack), configuration };
}

function ofTask(template: Template) {
  return permissions(template).filter(({ holder }) => holder.startsWith('ConfigurationTaskTaskRole'));
}

test('the task may read exactly what is named, and seal it; it may not open what it sealed', () => {
  const { template } = backedUp(EVERYTHING);
  const granted = ofTask(template);
  const resources = (action: string) => granted.filter((one) => one.action === action).map(({ resource }) => resource);
  expect(resources('ssm:GetParameter')).toEqual([expect.stringContaining('parameter/shop/flags')]);
  expect(resources('ssm:GetParametersByPath')).toEqual([expect.stringContaining('parameter/orders/*')]);
  expect(resources('secretsmanager:GetSecretValue')).toEqual([expect.stringContaining('orders/smtp-??????')]);
  expect(
    granted
      .map(({ action }) => action)
      .filter((action) => /Put|Delete|Describe/.test(action))
      .sort(),
  ).toEqual(['s3:PutObject', 'secretsmanager:DescribeSecret']);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'kms:GenerateDataKey',
          Condition: { StringEquals: { 'kms:EncryptionContext:postgres-backup:source': 'orders' } },
        }),
      ]),
    },
  });
});

test('every kms:Decrypt of the task is through a service; only who may open the envelope decrypts by themselves', () => {
  const { template } = backedUp((stack) => ({
    ...EVERYTHING(stack),
    parameterKeys: [new kms.Key(stack, 'ParameterKey')],
  }));
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')) as [
    string,
    {
      Properties: {
        PolicyDocument: { Statement: { Action: string | string[]; Condition?: { StringEquals?: object } }[] };
      };
    },
  ][];
  const decrypts = policies.flatMap(([id, { Properties }]) =>
    Properties.PolicyDocument.Statement.filter(({ Action }) => [Action].flat().includes('kms:Decrypt')).map(
      ({ Condition }) => [
        id.startsWith('Reader') ? 'reader' : id.startsWith('ConfigurationTask') ? 'task' : 'other',
        Object.keys(Condition?.StringEquals ?? {})[0],
      ],
    ),
  );
  expect(decrypts.filter(([who]) => who === 'reader')).toEqual([
    ['reader', 'kms:EncryptionContext:postgres-backup:source'],
  ]);
  expect(decrypts.filter(([who, by]) => who === 'task' && by !== 'kms:ViaService')).toEqual([]);
});

test('the task is told names in the words that the program reads, and no value', () => {
  const { template } = backedUp((stack) => ({
    parameters: [ssm.StringParameter.fromStringParameterName(stack, 'Flags', '/shop/flags')],
    parameterPaths: ['/orders', '/shop'],
  }));
  const tasks = Object.entries(template.findResources('AWS::ECS::TaskDefinition')) as [
    string,
    { Properties: { ContainerDefinitions: { Command: string[]; Environment: { Name: string; Value: unknown }[] }[] } },
  ][];
  const [, found] = tasks.find(([id]) => id.startsWith('Configuration')) ?? [];
  const [{ Command, Environment }] = found?.Properties.ContainerDefinitions ?? [];
  expect(Command).toEqual(['backup', 'configuration']);
  expect(Object.fromEntries(Environment.map(({ Name, Value }) => [Name, Value]))).toMatchObject({
    POSTGRES_BACKUP_PARAMETERS: '["/shop/flags"]',
    POSTGRES_BACKUP_PARAMETER_PATHS: '["/orders","/shop"]',
    POSTGRES_BACKUP_SECRET_VALUES: '[]',
    POSTGRES_BACKUP_ENVELOPE_KEY: { 'Fn::GetAtt': [expect.stringMatching(/VaultKey/), 'Arn'] },
  });
});

test('a key of its own is used where one is given', () => {
  const stack = testStack();
  const backup = testBackup(stack);
  const envelopeKey = new kms.Key(stack, 'Envelope');
  const props = { ...backup.componentDefaults, parameterPaths: ['/orders'], envelopeKey };
  const configuration = new ConfigurationBackup(stack, 'Configuration', props);
  expect(configuration.envelopeKey).toBe(envelopeKey);
  const [generate] = ofTask(templateOf(stack)).filter(
    ({ action, resource }) => action === 'kms:GenerateDataKey' && resource.includes('Envelope'),
  );
  expect(generate).toBeDefined();
});

test.each<[string, Make, RegExp]>([
  ['nothing', () => ({}), /nothing is to be backed up: state parameters, parameterPaths or secrets/],
  ['a path without a slash', () => ({ parameterPaths: ['orders'] }), /parameterPaths has 'orders'/],
  ['all there is', () => ({ parameterPaths: ['/'] }), /parameterPaths has '\/'/],
  ['a wildcard', () => ({ parameterPaths: ['/orders/*'] }), /parameterPaths has '\/orders\/\*'/],
  [
    'two secrets of one name',
    (stack) => ({
      secrets: [
        'eu-central-1:111122223333:secret:orders/smtp-AbCdEf',
        'us-east-1:111122223333:secret:orders/smtp-GhIjKl',
      ].map((arn) =>
        secretsmanager.Secret.fromSecretCompleteArn(stack, arn.slice(0, 5), `arn:aws:secretsmanager:${arn}`),
      ),
    }),
    /secrets has two of one name, arn:.*eu-central-1.*AbCdEf and arn:.*us-east-1.*GhIjKl/,
  ],
  [
    'no key',
    (stack) => ({
      parameterPaths: ['/orders'],
      vault: BackupVault.fromVaultAttributes(stack, 'Old', {
        bucketName: 'acme-old',
      }),
    }),
    /envelopeKey is not stated, and the vault has no key of KMS/,
  ],
])('%s is told at synthesis', (_, make, message) => {
  expect(() => backedUp(make)).toThrow(message);
});
