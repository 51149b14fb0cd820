/**
 * Mirroring between the runs, as it is deployed: what is written to the source goes by S3's events, a rule, a queue and the function
 * into the vault, each with the rights of the template; and the task of the schedule finds nothing left to copy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Cloud, deployStack, describeUse, readStack, type SynthesisedStack } from '../../../dev/aws';
import type { Template } from '../../../dev/aws/template/template';
import {
  AlarmTopic,
  BackupImage,
  BackupPlan,
  BackupRule,
  BackupVault,
  ContinuousMirroring,
  ObjectMirror,
  ObjectSource,
  PostgresVersion,
} from '../../../lib';
import { AlarmFactory, RUNBOOKS_URL } from '../../../lib/alarm-factory';
import { logEncryptionKey } from '../../../lib/log-encryption-key';
import { mirrorPrefix } from '../../../model';
import { findPoint } from '../../../runtime/catalog/catalog';
import { createS3Client } from '../../../runtime/store/s3-client';
import { openS3Store } from '../../../runtime/store/s3-store';
import { testVpc } from '../../lib/support/stacks';

const START = new Date('2026-11-20T00:30:00Z');
const minute = (count: number): Date => new Date(START.getTime() + count * 60_000);
const SOURCE = 'acme-uploads';
const MIRROR = mirrorPrefix('orders', 'uploads');

let folder: string;
let stack: SynthesisedStack;
const open: Cloud[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mirror-events-'));
  stack = synthesise(folder);
});

afterEach(async () => {
  for (const cloud of open.splice(0)) await cloud.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The mirror alone: what else a backup deploys is for other tests, and would need a server. */
function synthesise(outdir: string): SynthesisedStack {
  process.env.CDK_VALIDATION = 'false';
  const scope = new Stack(new App({ outdir, analyticsReporting: false }), 'Uploads');
  const vpc = testVpc(scope);
  const vault = new BackupVault(scope, 'Vault');
  const mirror = new ObjectMirror(scope, 'Mirror', {
    sourceName: 'orders',
    postgresVersion: PostgresVersion.V17,
    vault,
    plan: new BackupPlan([BackupRule.daily({ hour: 1, minute: 0 })]),
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    cluster: new ecs.Cluster(scope, 'Cluster', { vpc }),
    encryptionKey: logEncryptionKey(scope, undefined, vault.encryptionKey, RemovalPolicy.RETAIN),
    deadLetterQueue: new sqs.Queue(scope, 'DeadLetters'),
    image: BackupImage.fromRegistry('registry.example.com/postgres-backup:17'),
    continuous: ContinuousMirroring.fromEvents(),
  });
  const from = new s3.Bucket(scope, 'Source', { bucketName: SOURCE, versioned: true });
  mirror.addMirror('uploads', { from: ObjectSource.bucket(from, { folder: 'in' }) });
  mirror._alarms(new AlarmFactory(mirror, RUNBOOKS_URL, [new SnsAction(new AlarmTopic(scope, 'Topic').topic)]));
  new CfnOutput(scope, 'VaultUri', { value: vault.vaultUri });
  return readStack((scope.node.root as App).synth().directory, 'Uploads');
}

/** A deployed mirror, and somebody who writes to its source. */
async function deploy(template: Template = stack.template) {
  const cloud = await Cloud.start({ start: START });
  open.push(cloud);
  const deployment = await deployStack(cloud, { ...stack, template });
  const connection = { endpoint: cloud.s3.endpoint, credentials: cloud.s3.credentials, region: cloud.account.region };
  const client = createS3Client(connection);
  return {
    cloud,
    store: openS3Store(String(deployment.outputs.VaultUri), connection),
    put: (Key: string, Body: string) => client.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body })),
    remove: (Key: string) => client.send(new DeleteObjectCommand({ Bucket: SOURCE, Key })),
    copies: async () => {
      const keys: string[] = [];
      for await (const { key } of openS3Store(String(deployment.outputs.VaultUri), connection).versions(MIRROR))
        keys.push(key);
      return keys;
    },
    alarming: () =>
      Object.entries(cloud.alarms.states())
        .filter(([, state]) => state === 'ALARM')
        .map(([name]) => name.replace(/^.*Mirror|[0-9A-F]{8}$/g, '')),
  };
}

test('what is written is in the vault within a minute, and the run of the schedule copies nothing', async () => {
  const { cloud, store, put, remove, copies, alarming } = await deploy();
  for (let n = 0; n < 20; n++) await put(`in/k${n}`, `content ${n}`);
  await put('out/side', 'of no interest');
  await put('in/k5', 'another content');
  for (const n of [3, 7]) await remove(`in/k${n}`);
  await cloud.advanceTo(minute(1));
  expect((await copies()).length).toBe(21);
  expect(cloud.functions.invocations.map(({ answer }) => answer)).toEqual([{ result: { batchItemFailures: [] } }]);
  expect(cloud.queues.all().flatMap(({ messages }) => messages)).toEqual([]);

  await cloud.advanceTo(minute(35));
  expect(cloud.tasks.tasks.map(({ exitCode }) => exitCode)).toEqual([0]);
  const { manifest } = await findPoint(store, 'orders', 'objects', 'latest');
  expect(manifest.mirrors).toMatchObject([{ objects: 18, changes: { copied: 0, unchanged: 18, early: 18, late: 0 } }]);
  expect(manifest.warnings).toEqual([]);
  expect((await copies()).length).toBe(21);
  expect(describeUse(cloud).refused).toEqual([]);
  expect(alarming()).toEqual([]);
  const unused = describeUse(cloud).unused.filter((line) => line.includes('MirrorEventsFunctionRole'));
  // The rest is for copies in parts, keys that are too long, sources without versions, and what is gone.
  const used = ['s3:GetObjectVersion', 's3:GetObjectVersionTagging', 'kms:GenerateDataKey', 'sqs:ReceiveMessage'];
  expect(unused.map((line) => line.split(' ')[1]).filter((action) => used.includes(action))).toEqual([]);
});

test('what the function may not do comes again, is given up with an alarm, and is made good by the run', async () => {
  const { cloud, store, put, alarming } = await deploy(without('s3:PutObject', 'MirrorEventsFunctionRole'));
  await put('in/a', 'x');
  await cloud.advanceTo(minute(20));
  expect(cloud.functions.invocations.map(({ answer }) => answer)).toEqual([
    { result: { batchItemFailures: [expect.anything()] } },
  ]);
  await cloud.advanceTo(minute(125));
  expect(cloud.functions.invocations).toHaveLength(3);
  expect(alarming()).toEqual(expect.arrayContaining(['EventsGivenUp']));
  const waiting = cloud.queues.all().filter(({ messages }) => messages.length > 0);
  expect(waiting.map(({ name, messages }) => [name.includes('EventsDeadLetters'), messages.length])).toEqual([
    [true, 1],
  ]);
  const { manifest } = await findPoint(store, 'orders', 'objects', 'latest');
  expect(manifest.mirrors).toMatchObject([{ objects: 1, changes: { copied: 1, early: 0 } }]);
});

/** The template, with nothing that allows an action to a role. */
function without(action: string, role: string): Template {
  const template = JSON.parse(JSON.stringify(stack.template)) as Template;
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type !== 'AWS::IAM::Policy' || !id.includes(role)) continue;
    const { Statement } = Properties?.PolicyDocument as { Statement: { Action: string | string[] }[] };
    for (const statement of Statement) {
      statement.Action = [statement.Action].flat().map((one) => (one === action ? 's3:GetBucketLocation' : one));
    }
  }
  return template;
}
