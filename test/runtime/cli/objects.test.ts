import type { ObjectsManifest } from '../../../model';
import type { MirrorsRequest, MirrorsResult, ObjectsRestoreRequest } from '../../../runtime/components/objects/types';
import { openMirror } from '../../../runtime/components/objects/open-mirrors';
import { openS3Bucket } from '../../../runtime/store/s3-bucket';
import type { Setup } from './support/harness';
import { runCli, TARGET } from './support/harness';

const bucket = openS3Bucket({ bucket: 'acme', prefix: '' });

function backing(made: (request: MirrorsRequest) => MirrorsResult): { setup: Setup; requests: MirrorsRequest[] } {
  const requests: MirrorsRequest[] = [];
  const backup = async (request: MirrorsRequest) => {
    requests.push(request);
    return made(request);
  };
  const readSecret = async () => '{"accessKeyId":"A","secretAccessKey":"B"}';
  const objects = {
    openBucket: async () => bucket,
    openMirror: (s: Parameters<typeof openMirror>[0]) => openMirror(s, readSecret),
    backup,
  };
  return { setup: { objects }, requests };
}

function result(missing: number): MirrorsResult {
  const mirror = {
    name: 'uploads',
    objects: 212_408,
    sizeBytes: 9e9,
    changes: { copied: 1_204, gone: 3 },
    missing: { count: missing, examples: missing > 0 ? [{ key: 'old\u001b[2J.mov', reason: 'archived' }] : [] },
  };
  const totals = { storedBytes: 1, objects: 1, items: 212_408 };
  const manifest = { point: '20261120T021003Z-4k2m9x', class: 'daily', mirrors: [mirror], totals };
  const requests = { writing: 2_000, reading: 10_000 };
  return {
    outcome: 'made',
    manifest: manifest as unknown as ObjectsManifest,
    uri: 's3://acme-vault/x/',
    durationMs: 5000,
    requests,
  };
}

test('a mirror tells what it holds, what it copied and what its requests cost', async () => {
  const { setup, requests } = backing(() => result(0));
  const ran = await runCli(
    ['backup', 'objects', ...TARGET, '--from', 's3://uploads', '--mirror', 'uploads', '--exclude', 'tmp/'],
    setup,
  );
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toContain('backed up: 20261120T021003Z-4k2m9x · 212,408 objects · 1,204 copied');
  expect(ran.stdout).toContain('12,000 requests to S3, about $0.01 at list prices');
  expect(requests[0].mirrors[0]).toMatchObject({
    name: 'uploads',
    way: 'by the store',
    exclude: ['tmp/'],
    tags: 'keep',
  });
});

test('objects that are missing end with 3, and their names steer no terminal', async () => {
  const ran = await runCli(['backup', 'objects', ...TARGET, '--from', 's3://uploads'], backing(() => result(1)).setup);
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain('archived');
  expect(ran.stdout).not.toContain('\u001b[2J');
});

test('another store, or other credentials, are read through here', async () => {
  const { setup, requests } = backing(() => result(0));
  const mirrors = JSON.stringify([
    { name: 'a', from: 's3://one' },
    { name: 'b', from: 's3://two', endpoint: 'https://minio.internal' },
    { name: 'c', from: 's3://three', secret: 'reader' },
  ]);
  await runCli(['backup', 'objects', ...TARGET], { ...setup, env: { POSTGRES_BACKUP_MIRRORS: mirrors } });
  expect(requests[0].mirrors.map(({ way }) => way)).toEqual(['by the store', 'through here', 'through here']);
  expect(requests[0].given).toBe('everything');
  await runCli(['backup', 'objects', ...TARGET, '--from', 's3://one', '--mirror', 'a'], {
    ...setup,
    env: { POSTGRES_BACKUP_MIRRORS: mirrors },
  });
  expect(requests[1].given).toBe('some');
  await runCli(['backup', 'objects', ...TARGET, '--mirrors', mirrors], setup);
  expect(requests[2].given).toBe('some');
});

test.each([
  [[], 'it is not said what to mirror'],
  [['--from', 'uploads'], 'invalid bucket "uploads"'],
  [['--from', 's3://key:secret@uploads'], 'invalid bucket "s3://***@uploads"'],
  [['--from', 's3://uploads', '--mirror', '../x'], 'As a mirror’s name'],
  [['--mirrors', '[{"name":"a"}]'], 'the from of a mirror is undefined'],
  [['--mirrors', '[{"name":"a","from":"s3://b","form":1}]'], 'a mirror has no "form"'],
  [['--mirrors', '[{"name":"a","from":"s3://b"},{"name":"a","from":"s3://c"}]'], 'mirror "a" is in it twice'],
  [['--from', 's3://uploads', '--bandwidth-limit', '10X'], 'Give bytes'],
])('wrong usage %j is refused before anything is begun', async (args, sentence) => {
  const { setup, requests } = backing(() => result(0));
  const ran = await runCli(['backup', 'objects', ...TARGET, ...args], setup);
  expect(ran.exitCode).toBe(2);
  expect(ran.stderr).toContain(sentence);
  expect(requests).toEqual([]);
});

test('options after "restore objects" are its own, and nothing is written over unless it is told to', async () => {
  const requests: ObjectsRestoreRequest[] = [];
  const objects: Setup['objects'] = {
    openBucket: async () => bucket,
    restore: async (request) => {
      requests.push(request);
      return {
        outcome: 'failed',
        point: '20261120T021003Z-4k2m9x',
        source: 'orders',
        mirror: 'uploads',
        target: 's3://acme',
        restored: 2,
        restoredBytes: 10,
        same: 1,
        different: 1,
        uncompared: 0,
        damaged: 0,
        missing: 0,
        findings: [{ key: 'b', finding: 'other content is there' }],
        durationMs: 1,
      };
    },
  };
  const ran = await runCli(['restore', 'objects', 'latest', ...TARGET, '--to', 's3://acme', '--prefix', 'b'], {
    objects,
  });
  expect(ran.exitCode).toBe(1);
  expect(ran.stdout).toContain('✗ b: other content is there');
  expect(ran.stdout).toContain('failed: 2 objects (10 B) put back · 1 there already · 1 not written over');
  expect(requests[0]).toMatchObject({ below: 'b', existing: 'refuse', way: 'by the store' });
  const untold = await runCli(['restore', 'objects', 'latest', ...TARGET], { objects });
  expect(untold).toMatchObject({ exitCode: 2 });
  expect(untold.stderr).toContain('it is not said where to restore to');
});

test('what was restored from a replica, in a bucket of its own, is not said to be proven', async () => {
  const opened: string[] = [];
  const objects: Setup['objects'] = {
    openBucket: async ({ uri }) => {
      opened.push(uri);
      return bucket;
    },
    restore: async ({ openReplica }) => {
      await openReplica?.('s3://copy/in');
      return {
        outcome: 'could not verify',
        point: '20261120T021003Z-4k2m9x',
        source: 'orders',
        mirror: 'uploads',
        target: 's3://acme',
        restored: 2,
        restoredBytes: 10,
        same: 0,
        different: 0,
        damaged: 0,
        missing: 0,
        uncompared: 2,
        findings: [],
        durationMs: 1,
      };
    },
  };
  const ran = await runCli(['restore', 'objects', 'latest', ...TARGET, '--to', 's3://acme'], { objects });
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain('restored, not proven: 2 objects (10 B) put back · 2 without a digest to compare with');
  expect(opened).toContain('s3://copy/in');
});
