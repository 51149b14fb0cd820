/** The services beside S3, as AWS's own clients see them, with the rights of a role and no others. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetParameterCommand, GetParametersByPathCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { Cloud, deployStack, describeUse } from '../../../dev/aws';
import type { Template } from '../../../dev/aws/template/template';
import { until } from '../../support/processes';

const START = new Date('2026-11-20T00:00:00Z');
const ROOT = 'arn:aws:iam::111122223333:root';
const KEY_CONTEXT = { tenant: 'orders' };

const allow = (Action: string | string[], Resource: unknown, Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition && { Condition }),
});
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

/** One role that may use a little of each service, and nothing of the other half. */
const TEMPLATE = {
  Resources: {
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: {
        KeyPolicy: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'kms:*', Resource: '*' }],
        },
      },
    },
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: arn('Key') },
            },
          ],
        },
      },
    },
    BucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'Bucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: { 'Fn::Join': ['', [arn('Bucket'), '/*']] },
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:PutObject',
              Resource: { 'Fn::Join': ['', [arn('Bucket'), '/sealed/*']] },
            },
          ],
        },
      },
    },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: { PasswordLength: 20 } } },
    Other: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'not yours' } },
    Topic: { Type: 'AWS::SNS::Topic' },
    Mail: {
      Type: 'AWS::SNS::Subscription',
      Properties: { TopicArn: { Ref: 'Topic' }, Protocol: 'email', Endpoint: 'ops@example.com' },
    },
    Tasks: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        TaskRoleArn: arn('Role'),
        ContainerDefinitions: [{ Name: 'main', Image: 'image', Command: ['--version'] }],
      },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: 'worker',
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
      },
    },
    Policy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'work',
        Roles: [{ Ref: 'Role' }],
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            allow(['s3:PutObject', 's3:GetObject'], { 'Fn::Join': ['', [arn('Bucket'), '/*']] }),
            allow('kms:GenerateDataKey', arn('Key'), {
              StringEquals: { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' },
            }),
            allow(['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'], arn('Key'), {
              StringEquals: { 'kms:EncryptionContext:tenant': 'orders' },
            }),
            allow('secretsmanager:GetSecretValue', { Ref: 'Secret' }),
            allow(
              ['ssm:GetParameter', 'ssm:GetParametersByPath'],
              'arn:aws:ssm:eu-central-1:111122223333:parameter/orders*',
            ),
            allow('sns:Publish', { Ref: 'Topic' }),
            allow('ecs:RunTask', { Ref: 'Tasks' }),
            allow('ecs:DescribeTasks', '*'),
            allow('iam:PassRole', arn('Role')),
            allow('s3:DeleteObject', { 'Fn::Join': ['', [arn('Bucket'), '/*']] }),
          ],
        },
      },
    },
  },
} as unknown as Template;

let cloud: Cloud;
let ref: (logicalId: string) => string;

beforeAll(async () => {
  cloud = await Cloud.start({ start: START });
  const stack = { name: 'Test', template: TEMPLATE, assetFolder: () => '' };
  ({ ref } = await deployStack(cloud, stack));
});

afterAll(() => cloud.close());

/** As the role, or as whoever set all this up. The clients sign with this machine's time, which only S3 minds. */
function settings(who: 'worker' | 'administrator' = 'worker') {
  const credentials = who === 'worker' ? cloud.iam.role('worker').credential : cloud.s3.credentials;
  return { region: cloud.account.region, endpoint: cloud.endpoints.others, credentials, maxAttempts: 1 };
}

async function codeOf(request: Promise<unknown>): Promise<string> {
  return request.then(
    () => 'done',
    (error: unknown) => (error as Error).name,
  );
}

test('a secret is read by whom the template lets, and by nobody else', async () => {
  const client = new SecretsManagerClient(settings());
  const { SecretString, ARN } = await client.send(new GetSecretValueCommand({ SecretId: ref('Secret') }));
  expect(SecretString).toMatch(/^[A-Za-z0-9]{20}$/);
  expect(ARN).toBe(ref('Secret'));
  expect(await codeOf(client.send(new GetSecretValueCommand({ SecretId: ref('Other') })))).toBe(
    'AccessDeniedException',
  );
  const write = new PutSecretValueCommand({ SecretId: ref('Secret'), SecretString: 'new' });
  expect(await codeOf(client.send(write))).toBe('AccessDeniedException');
  await new SecretsManagerClient(settings('administrator')).send(write);
  expect((await client.send(new GetSecretValueCommand({ SecretId: ref('Secret') }))).SecretString).toBe('new');
  const missing = new GetSecretValueCommand({ SecretId: 'nothing' });
  expect(await codeOf(new SecretsManagerClient(settings('administrator')).send(missing))).toBe(
    'ResourceNotFoundException',
  );
});

test('a request that is signed with a wrong key, or by nobody known, is refused', async () => {
  const { credentials, ...rest } = settings();
  const wrong = { ...credentials, secretAccessKey: 'wrong' };
  const unknown = { ...credentials, accessKeyId: 'UNKNOWN' };
  const ask = (given: typeof credentials) =>
    codeOf(new STSClient({ ...rest, credentials: given }).send(new GetCallerIdentityCommand({})));
  expect(await ask(wrong)).toBe('InvalidSignatureException');
  expect(await ask(unknown)).toBe('UnrecognizedClientException');
  expect(await ask(credentials)).toBe('done');
});

test('who one is can be asked', async () => {
  const { Arn, Account } = await new STSClient(settings()).send(new GetCallerIdentityCommand({}));
  expect({ Arn, Account }).toEqual({
    Account: '111122223333',
    Arn: 'arn:aws:sts::111122223333:assumed-role/worker/stand-in',
  });
});

test('what KMS encrypted is decrypted in the same context only, and under the policy of that context only', async () => {
  const client = new KMSClient(settings());
  const EncryptionContext = KEY_CONTEXT;
  const KeyId = ref('Key');
  const { Plaintext, CiphertextBlob } = await client.send(
    new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
  );
  expect(Plaintext).toHaveLength(32);
  const opened = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
  expect(opened.Plaintext).toEqual(Plaintext);
  const other = { tenant: 'billing' };
  expect(await codeOf(client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: other })))).toBe(
    'AccessDeniedException',
  );
  const administrator = new KMSClient(settings('administrator'));
  expect(await codeOf(administrator.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: other })))).toBe(
    'InvalidCiphertextException',
  );
  const changed = Buffer.from(CiphertextBlob ?? []);
  changed[changed.length - 1] ^= 1;
  expect(await codeOf(client.send(new DecryptCommand({ CiphertextBlob: changed, EncryptionContext })))).toBe(
    'InvalidCiphertextException',
  );
});

test('a disabled key is of no use to anybody', async () => {
  const key = cloud.keys.get(ref('Key'));
  const encrypt = () =>
    codeOf(
      new KMSClient(settings()).send(
        new EncryptCommand({ KeyId: key.id, Plaintext: Buffer.from('x'), EncryptionContext: KEY_CONTEXT }),
      ),
    );
  expect(await encrypt()).toBe('done');
  key.enabled = false;
  expect(await encrypt()).toBe('DisabledException');
  expect(await put('disabled')).toBe('AccessDenied');
  const described = await new KMSClient(settings('administrator')).send(new DescribeKeyCommand({ KeyId: key.id }));
  expect(described.KeyMetadata?.KeyState).toBe('Disabled');
  key.enabled = true;
});

test('parameters are read by name and by path, page by page', async () => {
  const administrator = new SSMClient(settings('administrator'));
  for (let index = 0; index < 12; index++) {
    const Name = `/orders/flags/${String(index).padStart(2, '0')}`;
    await administrator.send(new PutParameterCommand({ Name, Value: `v${index}`, Type: 'SecureString' }));
  }
  const client = new SSMClient(settings());
  const { Parameter } = await client.send(new GetParameterCommand({ Name: '/orders/flags/03', WithDecryption: true }));
  expect(Parameter).toMatchObject({ Value: 'v3', Type: 'SecureString', Version: 1 });
  const first = await client.send(new GetParametersByPathCommand({ Path: '/orders', Recursive: true }));
  const { NextToken } = first;
  const second = await client.send(new GetParametersByPathCommand({ Path: '/orders', Recursive: true, NextToken }));
  expect([first.Parameters?.length, second.Parameters?.length, second.NextToken]).toEqual([10, 2, undefined]);
  const direct = await client.send(new GetParametersByPathCommand({ Path: '/orders' }));
  expect(direct.Parameters).toEqual([]);
  expect(await codeOf(client.send(new GetParameterCommand({ Name: '/billing/x' })))).toBe('AccessDeniedException');
  const write = new PutParameterCommand({ Name: '/orders/x', Value: 'x', Type: 'String' });
  expect(await codeOf(client.send(write))).toBe('AccessDeniedException');
});

test('what is published comes into the outbox', async () => {
  const message = new PublishCommand({ TopicArn: ref('Topic'), Subject: 'About', Message: 'A < B & "C"' });
  const { MessageId } = await new SNSClient(settings()).send(message);
  expect(MessageId).toMatch(/^[0-9a-f-]{36}$/);
  expect(cloud.topics.outbox).toMatchObject([{ to: 'ops@example.com', subject: 'About', message: 'A < B & "C"' }]);
});

test('a task runs the program, and its end can be asked', async () => {
  const client = new ECSClient(settings());
  const run = await client.send(new RunTaskCommand({ taskDefinition: ref('Tasks'), cluster: 'default' }));
  const taskArn = run.tasks?.[0].taskArn ?? '';
  await cloud.background.settled();
  const { tasks, failures } = await client.send(
    new DescribeTasksCommand({ cluster: 'default', tasks: [taskArn, 'unknown'] }),
  );
  expect(tasks).toMatchObject([
    { taskArn, lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', containers: [{ exitCode: 0 }] },
  ]);
  expect(failures).toMatchObject([{ arn: 'unknown', reason: 'MISSING' }]);
  expect(cloud.bus.events.map(({ source, detail }) => [source, (detail as { lastStatus: string }).lastStatus])).toEqual(
    [
      ['aws.ecs', 'RUNNING'],
      ['aws.ecs', 'STOPPED'],
    ],
  );
});

test('a service runs as many tasks as are wanted, and stops what is too much', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const environment = {
    PGHOST: '127.0.0.1',
    PGPORT: String((silent.address() as AddressInfo).port),
    PGUSER: 'nobody',
    PGDATABASE: 'none',
    POSTGRES_BACKUP_VAULT: `s3://${ref('Bucket')}`,
    POSTGRES_BACKUP_SOURCE: 'silent',
  };
  const Environment = Object.entries(environment).map(([Name, Value]) => ({ Name, Value }));
  const container = { Name: 'main', Image: 'image', Command: ['backup', 'dump'], Environment };
  const stack = await deployStack(cloud, {
    name: 'Services',
    assetFolder: () => '',
    template: {
      Resources: {
        Waiting: {
          Type: 'AWS::ECS::TaskDefinition',
          Properties: { TaskRoleArn: cloud.iam.role('worker').arn, ContainerDefinitions: [container] },
        },
        Service: {
          Type: 'AWS::ECS::Service',
          Properties: { ServiceName: 'waiting', TaskDefinition: { Ref: 'Waiting' }, DesiredCount: 1 },
        },
      },
    },
  });
  const client = new ECSClient(settings('administrator'));
  const scale = (desiredCount: number) => client.send(new UpdateServiceCommand({ service: 'waiting', desiredCount }));
  try {
    await scale(2);
    await once(silent, 'connection');
    const { services } = await client.send(new DescribeServicesCommand({ services: [stack.ref('Service')] }));
    expect(services).toMatchObject([{ desiredCount: 2, runningCount: 2 }]);
    await scale(0);
    const isStopped = () => cloud.ecsServices.running(cloud.ecsServices.get('waiting')).length === 0;
    await until('the tasks have stopped', isStopped);
    const ended = cloud.tasks.tasks.filter(({ startedBy }) => startedBy === stack.ref('Service'));
    expect(ended.map(({ stopCode, exitCode }) => [stopCode, exitCode !== 0])).toEqual([
      ['UserInitiated', true],
      ['UserInitiated', true],
    ]);
  } finally {
    silent.close();
    silent.unref();
  }
});

test('a task that needs what is not lived is not run without it', async () => {
  const container = { Name: 'main', Image: 'image', Command: ['--version'] };
  const Volumes = [{ Name: 'media', EFSVolumeConfiguration: { FilesystemId: 'fs-1' } }];
  const Properties = { ContainerDefinitions: [container, { ...container, Name: 'sidecar' }], Volumes };
  const template = { Resources: { Files: { Type: 'AWS::ECS::TaskDefinition', Properties } } };
  const stack = await deployStack(cloud, { name: 'Files', assetFolder: () => '', template });
  const run = cloud.tasks.run({
    principal: { kind: 'administrator' },
    cluster: 'default',
    taskDefinition: stack.ref('Files'),
  });
  await expect(run).rejects.toThrow('needs the file system of the volume "media", the second container "sidecar"');
});

test('S3 asks the bucket, its policy and its key', async () => {
  expect(await put('a')).toBe('done');
  expect(await put('sealed/a')).toBe('AccessDenied');
  // Reading needs kms:Decrypt in the context of S3, which the role does not have.
  const bucket = ref('Bucket');
  expect(await codeOf(s3('worker').send(new GetObjectCommand({ Bucket: bucket, Key: 'a' })))).toBe('AccessDenied');
  const { ServerSideEncryption, SSEKMSKeyId } = await s3('administrator').send(
    new GetObjectCommand({ Bucket: bucket, Key: 'a' }),
  );
  expect({ ServerSideEncryption, SSEKMSKeyId }).toEqual({
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: cloud.keys.get(ref('Key')).arn,
  });
});

test('what no call used is listed, and every refused call', () => {
  const { unused, refused } = describeUse(cloud);
  expect(unused).toEqual([`worker: s3:DeleteObject on arn:aws:s3:::${ref('Bucket')}/*`]);
  expect(refused).toContain(`worker: secretsmanager:GetSecretValue on ${ref('Other')}, not allowed`);
  expect(refused).toContain(`worker: s3:PutObject on arn:aws:s3:::${ref('Bucket')}/sealed/a, denied`);
});

function s3(who: 'worker' | 'administrator'): S3Client {
  const client = new S3Client({ ...settings(who), endpoint: cloud.endpoints.s3, forcePathStyle: true });
  // As far from this machine's time as the clock is.
  client.config.systemClockOffset = cloud.now().getTime() - Date.now();
  return client;
}

function put(Key: string): Promise<string> {
  return codeOf(s3('worker').send(new PutObjectCommand({ Bucket: ref('Bucket'), Key, Body: 'x' })));
}
