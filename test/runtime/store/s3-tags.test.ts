import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { createS3Client } from '../../../runtime/store/s3-client';
import type { ObjectStore, VersionEntry } from '../../../runtime/store/store';
import { BUCKET, reset, startVault, type TestVault } from './s3-support';

let vault: TestVault;
let store: ObjectStore;

beforeAll(async () => {
  vault = await startVault();
  store = vault.open();
});
beforeEach(() => reset(vault));
afterAll(() => vault.close());

async function versionsBelow(prefix: string): Promise<VersionEntry[]> {
  const found: VersionEntry[] = [];
  for await (const version of store.versions(prefix)) found.push(version);
  return found;
}

describe('tags', () => {
  test('belong to one version of an object: the others keep theirs', async () => {
    const older = await store.put('tags/a', Buffer.from('older'));
    const newer = await store.put('tags/a', Buffer.from('newer'));
    await store.tag('tags/a', older.versionId, { colour: 'red' });
    expect(await store.tags('tags/a', older.versionId)).toEqual({ colour: 'red' });
    expect(await store.tags('tags/a', newer.versionId)).toEqual({});
  });

  test('that somebody else set stay when one is added or changed', async () => {
    const { versionId } = await store.put('tags/b', Buffer.from('x'));
    await store.tag('tags/b', versionId, { scan: 'no threats', colour: 'red' });
    await store.tag('tags/b', versionId, { colour: 'blue', 'postgres-backup:expire': 'true' });
    expect(await store.tags('tags/b', versionId)).toEqual({
      scan: 'no threats',
      colour: 'blue',
      'postgres-backup:expire': 'true',
    });
  });

  test('that are there already are not written again', async () => {
    const { versionId } = await store.put('tags/c', Buffer.from('x'));
    await store.tag('tags/c', versionId, { colour: 'red' });
    vault.operations();
    await store.tag('tags/c', versionId, { colour: 'red' });
    expect(vault.operations()).toEqual(['GetObjectTagging']);
  });

  test('of a version that is not there are an error, not an empty list', async () => {
    const { versionId } = await store.put('tags/d', Buffer.from('x'));
    await expect(store.tags('tags/none', versionId)).rejects.toMatchObject({ code: 'object-missing' });
    await expect(store.tag('tags/none', versionId, { colour: 'red' })).rejects.toMatchObject({
      code: 'object-missing',
      message: 'could not tag "tags/none" in s3://vault/team',
    });
  });

  test('need the permissions on versions, and none to write objects', async () => {
    const { versionId } = await store.put('tags/e', Buffer.from('x'));
    const asked: string[] = [];
    vault.authorize = ({ action }) => asked.push(action) > 0;
    await store.tag('tags/e', versionId, { colour: 'red' });
    expect(asked).toEqual(['s3:GetObjectVersionTagging', 's3:PutObjectVersionTagging']);
  });

  test('that are refused are a denial', async () => {
    const { versionId } = await store.put('tags/f', Buffer.from('x'));
    vault.authorize = ({ action }) => action !== 's3:PutObjectVersionTagging';
    await expect(store.tag('tags/f', versionId, { colour: 'red' })).rejects.toMatchObject({ code: 'store-denied' });
    expect(await store.tags('tags/f', versionId)).toEqual({});
  });
});

test('a denial names the tags of others, which explain it', async () => {
  const { versionId } = await store.put('tags/g', Buffer.from('x'));
  await store.tag('tags/g', versionId, { scan: 'no threats' });
  vault.authorize = ({ action }) => action !== 's3:PutObjectVersionTagging';
  await expect(store.tag('tags/g', versionId, { colour: 'red' })).rejects.toMatchObject({
    code: 'store-denied',
    hint: expect.stringMatching(/^It has other tags \(scan\)/) as string,
  });
});

describe('versions', () => {
  test('of every object below a prefix are listed, whatever its name holds, and no delete marker', async () => {
    const first = await store.put('versions/a ä+c', Buffer.from('1'));
    const second = await store.put('versions/a ä+c', Buffer.from('22'));
    const hidden = await store.put('versions/z', Buffer.from('333'));
    await store.put('versionsnot', Buffer.from('x'));
    await hide('versions/z');
    expect(await versionsBelow('versions/')).toMatchObject([
      { key: 'versions/a ä+c', versionId: second.versionId, sizeBytes: 2, isLatest: true },
      { key: 'versions/a ä+c', versionId: first.versionId, sizeBytes: 1, isLatest: false },
      { key: 'versions/z', versionId: hidden.versionId, sizeBytes: 3, isLatest: false },
    ]);
  });

  test('are listed to the end, over pages', async () => {
    const writes = Array.from({ length: 1_005 }, (_, index) => `many/${String(index).padStart(4, '0')}`);
    for (let next = 0; next < writes.length; next += 50) {
      await Promise.all(writes.slice(next, next + 50).map((key) => store.put(key, Buffer.from('x'))));
    }
    vault.operations();
    expect((await versionsBelow('many/')).map(({ key }) => key)).toEqual(writes);
    expect(vault.operations()).toEqual(['ListObjectVersions', 'ListObjectVersions']);
  });

  test('that may not be listed are a denial, not none', async () => {
    vault.authorize = ({ action }) => action !== 's3:ListBucketVersions';
    await expect(versionsBelow('versions/')).rejects.toMatchObject({ code: 'store-denied' });
  });
});

/** Lays a delete marker over an object, as a lifecycle rule does. */
async function hide(key: string): Promise<void> {
  const { endpoint, credentials } = vault.server;
  const client = createS3Client({ endpoint, credentials });
  await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `team/${key}` }));
  client.destroy();
}
