/**
 * Mirroring between the runs, as it is deployed: what is written to the source goes by S3's events, a rule, a queue and the function
 * into the vault, each with the rights of the template; and the task of the schedule finds nothing left to copy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Cloud, deployStack, describeUse, type SynthesisedStack } from '../../../dev/aws';
import type { Template } from '../../../dev/aws/template/template';
import { AlarmTopic, ContinuousMirroring, ObjectSource } from '../../../lib';
import { AlarmFactory, RUNBOOKS_URL } from '../../../lib/alarm-factory';
import { mirrorPrefix } from '../../../model';
import { findPoint } from '../../../runtime/catalog/catalog';
import { createS3Client } from '../../../runtime/store/s3-client';
import { openS3Store } from '../../../runtime/store/s3-store';
import { mirrorStack, synthesised } from './support/mirror-stack';

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

function synthesise(outdir: string): SynthesisedStack {
  const made = mirrorStack('Uploads', outdir, { continuous: ContinuousMirroring.fromEvents() });
  const { scope, mirror } = made;
  const from = new s3.Bucket(scope, 'Source', { bucketName: SOURCE, versioned: true });
  mirror.addMirror('uploads', { from: ObjectSource.bucket(from, { folder: 'in' }) });
  mirror._alarms(new AlarmFactory(mirror, RUNBOOKS_URL, [new SnsAction(new AlarmTopic(scope, 'Topic').topic)]));
  return synthesised(made);
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
