/**
 * Recovery points of S3's own lists, as they are deployed: the task of the schedule, with the rights of the template, day after day.
 * What S3 does by itself, replication and its lists, is done by the test.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CfnOutput } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Cloud, deployStack, describeUse } from '../../../dev/aws';
import { AlarmTopic, ObjectReplica, ObjectSource } from '../../../lib';
import { MANIFEST_NAME, pointPrefix } from '../../../model';
import { findPoint, listPoints } from '../../../runtime/catalog/catalog';
import { readText } from '../../../runtime/catalog/read-text';
import { sha256Of } from '../../../runtime/catalog/verification-record';
import { createS3Client } from '../../../runtime/store/s3-client';
import { openS3Store } from '../../../runtime/store/s3-store';
import type { ObjectStore } from '../../../runtime/store/store';
import { storeVerification } from '../../runtime/retention/support';
import { publishList, versionRows } from '../../runtime/components/objects/listed/replica-world';
import { mirrorStack, synthesised } from './support/mirror-stack';

const START = new Date('2026-11-20T00:30:00Z');
const hours = (count: number): Date => new Date(START.getTime() + count * 3_600_000);

let folder: string;
let cloud: Cloud | undefined;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'replica-lists-'));
});

afterAll(async () => {
  await cloud?.close();
  await rm(folder, { recursive: true, force: true });
});

function synthesise() {
  const stack = mirrorStack('Archive', folder);
  const { scope, vault, mirror } = stack;
  const source = s3.Bucket.fromBucketName(scope, 'Source', 'acme-archive');
  const { topic } = new AlarmTopic(scope, 'Topic');
  const replica = new ObjectReplica(scope, 'Replica', { source, vault, topic, folder: 'in', listed: true });
  mirror.addMirror('archive', { from: ObjectSource.replica(replica) });
  new CfnOutput(scope, 'Copy', { value: replica.bucket.bucketName });
  new CfnOutput(scope, 'Lists', { value: replica.lists?.bucketName ?? '' });
  return synthesised(stack);
}

/** Leaves the record of a verification that passed beside the newest recovery point. */
async function verified(store: ObjectStore): Promise<void> {
  const [address] = await listPoints(store, 'orders', 'objects');
  const text = await readText(store, `${pointPrefix(address)}${MANIFEST_NAME}`);
  await storeVerification(store, address, 'passed', sha256Of(text ?? ''));
}

test('the task of a schedule makes a recovery point of the newest list every day, and tells what came and what went', async () => {
  cloud = await Cloud.start({ start: START });
  const { outputs } = await deployStack(cloud, synthesise());
  const [bucket, lists, vault] = [outputs.Copy, outputs.Lists, outputs.VaultUri].map(String);
  const connection = { endpoint: cloud.s3.endpoint, credentials: cloud.s3.credentials, region: cloud.account.region };
  const client = createS3Client(connection);
  const store = openS3Store(vault, connection);
  const put = (key: string) => client.send(new PutObjectCommand({ Bucket: bucket, Key: `in/${key}`, Body: key }));
  const list = async (at: Date) =>
    publishList(client, { bucket, lists }, { at: at.getTime(), rows: await versionRows(client, bucket) });
  const newest = async () => (await findPoint(store, 'orders', 'objects', 'latest')).manifest;

  for (const key of ['a', 'b', 'c', 'd']) await put(key);
  await list(hours(-3));
  await cloud.advanceTo(hours(1));
  expect((await newest()).mirrors).toMatchObject([{ objects: 4, changes: { copied: 4, gone: 0 } }]);
  await verified(store);
  await put('e');
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'in/a' }));
  await list(hours(21));
  await cloud.advanceTo(hours(25));
  expect((await newest()).mirrors).toMatchObject([{ objects: 4, changes: { copied: 1, unchanged: 3, gone: 1 } }]);
  expect(cloud.tasks.tasks.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  expect(describeUse(cloud).refused).toEqual([]);
}, 120_000);
