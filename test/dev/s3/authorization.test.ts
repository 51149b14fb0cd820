/** Permissions: the `authorize` option is asked for everything a request does, and its no is final. */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { AuthorizationRequest, ObjectEvent, ServedRequest } from '../../../dev/s3';
import { startPrivate, stopAll } from './support/private-server';
import { refusal } from './support/suite';

afterEach(stopAll);

const WHERE = { Bucket: 'bucket', Key: 'k' };

/** A server that refuses some actions and remembers all questions. */
async function refusing(...actions: string[]) {
  const asked: AuthorizationRequest[] = [];
  const refused = new Set(actions);
  const authorize = (request: AuthorizationRequest): boolean => {
    asked.push(request);
    return !refused.has(request.action);
  };
  return { ...(await startPrivate({ authorize })), asked, refused };
}

test('a writer can write and not read', async () => {
  const { s3 } = await refusing('s3:GetObject', 's3:ListBucket');
  await s3.send(new PutObjectCommand({ ...WHERE, Body: 'x', IfNoneMatch: '*' }));
  expect(await refusal(s3.send(new GetObjectCommand(WHERE)))).toEqual({ code: 'AccessDenied', status: 403 });
  expect((await refusal(s3.send(new HeadObjectCommand(WHERE)))).status).toBe(403);
});

test('who may not list does not learn what is missing', async () => {
  const { s3, refused } = await refusing('s3:ListBucket');
  expect(await refusal(s3.send(new GetObjectCommand(WHERE)))).toEqual({ code: 'AccessDenied', status: 403 });
  refused.clear();
  expect(await refusal(s3.send(new GetObjectCommand(WHERE)))).toEqual({ code: 'NoSuchKey', status: 404 });
});

test('the question names who, what and where, with its conditions', async () => {
  const { s3, server, asked } = await refusing();
  await s3.send(new PutObjectCommand({ ...WHERE, Body: 'x', Tagging: 'class=daily', ServerSideEncryption: 'aws:kms' }));
  await s3.send(new ListObjectsV2Command({ Bucket: 'bucket', Prefix: 'a/' }));
  const { accessKeyId } = server.credentials;
  expect(asked.map(({ action }) => action)).toEqual(['s3:PutObject', 's3:PutObjectTagging', 's3:ListBucket']);
  expect(asked[0]).toMatchObject({
    accessKeyId,
    bucket: 'bucket',
    key: 'k',
    conditions: { 's3:x-amz-server-side-encryption': 'aws:kms', 's3:RequestObjectTag/class': 'daily' },
  });
  expect(asked[2]).toMatchObject({ bucket: 'bucket', conditions: { 's3:prefix': 'a/' } });
});

test('tags, versions, copies and bypassing retention have permissions of their own', async () => {
  const { s3, asked, refused } = await refusing();
  const { VersionId } = await s3.send(new PutObjectCommand({ ...WHERE, Body: 'x' }));
  const needs = async (request: Promise<unknown>): Promise<string[]> => {
    asked.length = 0;
    await request;
    return asked.map(({ action, key }) => `${action} ${key}`);
  };
  const copy = { Bucket: 'bucket', Key: 'to', CopySource: `bucket/k?versionId=${VersionId}` };
  expect(await needs(s3.send(new CopyObjectCommand(copy)))).toEqual(['s3:PutObject to', 's3:GetObjectVersion k']);
  await s3.send(new PutObjectCommand({ ...WHERE, Key: 'tagged', Body: 'x', Tagging: 'a=1' }));
  const copyTagged = { Bucket: 'bucket', Key: 'to', CopySource: 'bucket/tagged' };
  expect(await needs(s3.send(new CopyObjectCommand(copyTagged)))).toEqual([
    's3:PutObject to',
    's3:GetObject tagged',
    's3:GetObjectTagging tagged',
    's3:PutObjectTagging to',
  ]);
  expect(await needs(s3.send(new GetObjectCommand({ ...WHERE, VersionId })))).toEqual(['s3:GetObjectVersion k']);
  const Delete = { Objects: [{ Key: 'to' }, { Key: 'k', VersionId }] };
  refused.add('s3:DeleteObjectVersion');
  const deleted = await s3.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete }));
  expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['to']);
  expect(deleted.Errors).toMatchObject([{ Key: 'k', Code: 'AccessDenied' }]);
  const tagged = s3.send(new PutObjectCommand({ ...WHERE, Body: 'x', Tagging: 'a=1' }));
  refused.add('s3:PutObjectTagging');
  expect(await refusal(tagged)).toEqual({ code: 'AccessDenied', status: 403 });
});

test('governance is bypassed only with the permission to', async () => {
  const { s3, server, refused } = await refusing('s3:BypassGovernanceRetention');
  await server.createBucket('locked', { objectLock: true });
  const where = { Bucket: 'locked', Key: 'k' };
  const lock = { ObjectLockMode: 'GOVERNANCE' as const, ObjectLockRetainUntilDate: new Date(Date.now() + 3_600_000) };
  const { VersionId } = await s3.send(new PutObjectCommand({ ...where, Body: 'x', ...lock }));
  const remove = () => s3.send(new DeleteObjectCommand({ ...where, VersionId, BypassGovernanceRetention: true }));
  expect(await refusal(remove())).toEqual({ code: 'AccessDenied', status: 403 });
  refused.clear();
  await remove();
});

test('changes of objects and answered requests are told', async () => {
  const events: ObjectEvent[] = [];
  const served: ServedRequest[] = [];
  const { s3 } = await startPrivate({
    onObjectEvent: (event) => events.push(event),
    onRequest: (request) => served.push(request),
  });
  const { VersionId } = await s3.send(new PutObjectCommand({ ...WHERE, Body: 'xyz' }));
  await s3.send(new DeleteObjectCommand(WHERE));
  await refusal(s3.send(new GetObjectCommand(WHERE)));
  expect(events).toMatchObject([
    { name: 'ObjectCreated:Put', bucket: 'bucket', key: 'k', versionId: VersionId, sizeBytes: 3 },
    { name: 'ObjectRemoved:DeleteMarkerCreated', bucket: 'bucket', key: 'k' },
  ]);
  expect(served).toMatchObject([
    { operation: 'PutObject', key: 'k', status: 200 },
    { operation: 'DeleteObject', key: 'k', status: 204 },
    { operation: 'GetObject', key: 'k', status: 404, errorCode: 'NoSuchKey' },
  ]);
});
