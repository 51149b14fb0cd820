/** The construct of base backups: what its task is told, what it may, and what is refused. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import {
  BackupVault,
  BaseBackup,
  BaseBackupCheckpoint,
  PostgresVersion,
  WalArchive,
  type BaseBackupProps,
} from '../../lib';
import { permissions } from './support/policies';
import { templateOf, testBackup, testSource, testStack } from './support/stacks';

type Change = (stack: Stack) => Partial<BaseBackupProps>;

function backedUp(change: Change = () => ({}), walSource = 'orders') {
  const stack = testStack();
  const source = testSource(stack);
  const backup = testBackup(stack, { source });
  const wal = new WalArchive(stack, 'Wal', { sourceName: walSource, vault: backup.vault, topic: backup.alarmTopic });
  const base = new BaseBackup(stack, 'Base', { ...backup.componentDefaults, source, wal, ...change(stack) });
  backup.addComponent(base);
  return templateOf(stack);
}

function environmentOf(template: ReturnType<typeof templateOf>): unknown {
  const [definition] = Object.entries(template.findResources('AWS::ECS::TaskDefinition')).filter(([id]) =>
    id.startsWith('Base'),
  );
  return definition[1];
}

test('the task runs the base backup of its server', () => {
  const task = JSON.stringify(environmentOf(backedUp()));
  expect(task).toContain('"Command":["backup","base-backup"]');
  for (const [name, value] of [
    ['POSTGRES_BACKUP_CHECKPOINT', 'fast'],
    ['POSTGRES_BACKUP_FROM_STANDBY', 'false'],
    ['POSTGRES_BACKUP_WAL_TIMEOUT', '900'],
    ['POSTGRES_BACKUP_SOURCE', 'orders'],
    ['PGHOST', 'db.example.com'],
  ]) {
    expect(task).toContain(`{"Name":"${name}","Value":"${value}"}`);
  }
});

test('what is stated reaches the task', () => {
  const template = backedUp(() => ({
    checkpoint: BaseBackupCheckpoint.SPREAD,
    fromStandby: true,
    walTimeout: Duration.hours(1),
    compressionLevel: 3,
  }));
  const task = JSON.stringify(environmentOf(template));
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_CHECKPOINT","Value":"spread"}');
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_FROM_STANDBY","Value":"true"}');
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_WAL_TIMEOUT","Value":"3600"}');
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_COMPRESSION_LEVEL","Value":"3"}');
});

test('the task may write its own recovery points and find the log by name; it reads no content of either', () => {
  const template = backedUp();
  const granted = permissions(template).filter(({ holder }) => holder.startsWith('BaseTaskTaskRole'));
  const actions = granted.map(({ action }) => action).filter((action) => action.startsWith('s3:'));
  expect([...new Set(actions)].sort()).toEqual([
    's3:AbortMultipartUpload',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
  ]);
  const read = granted.filter(({ action }) => action === 's3:GetObject').map(({ resource }) => resource);
  for (const resource of read) expect(resource).toMatch(/orders\/base-backup\/.*(started|failure|manifest)/);
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'orders/wal/*' } } }),
      ]),
    },
  });
});

test('one that stores what changed may read which files there were, and none of them', () => {
  const template = backedUp(() => ({
    incremental: true,
    fullEvery: Duration.days(3),
    postgresVersion: PostgresVersion.V17,
  }));
  const task = JSON.stringify(environmentOf(template));
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_INCREMENTAL","Value":"true"}');
  expect(task).toContain('{"Name":"POSTGRES_BACKUP_FULL_EVERY","Value":"259200"}');
  const read = permissions(template)
    .filter(({ holder, action }) => holder.startsWith('BaseTaskTaskRole') && action === 's3:GetObjectVersion')
    .map(({ resource }) => /orders[^"]*/.exec(resource)?.[0] ?? '');
  expect(read.sort()).toEqual([
    'orders/base-backup/*/backup_manifest.zst',
    'orders/base-backup/*/manifest.json',
    'orders/base-backup/*/verification.json',
  ]);
});

test('what lies on a disk on its way has a place: the root is read-only', () => {
  expect(JSON.stringify(environmentOf(backedUp()))).toContain(
    '"MountPoints":[{"ContainerPath":"/tmp","ReadOnly":false,"SourceVolume":"scratch"}]',
  );
});

test.each<[string, Change, string | undefined, RegExp]>([
  [
    'what changed, of a server that cannot tell',
    () => ({ incremental: true, postgresVersion: PostgresVersion.V16 }),
    undefined,
    /incremental is true, but PostgreSQL 16 makes only full/,
  ],
  ['full ones now and then, of full ones', () => ({ fullEvery: Duration.days(1) }), undefined, /without incremental/],
  [
    'a part of a second',
    () => ({ incremental: true, postgresVersion: PostgresVersion.V18, fullEvery: Duration.millis(1500) }),
    undefined,
    /fullEvery is 1\.5 seconds/,
  ],
  ['an archive of another source', () => ({}), 'billing', /archive of 'billing'/],
  [
    'an archive in another vault',
    (stack) => ({ vault: BackupVault.fromVaultAttributes(stack, 'Other', { bucketName: 'other' }) }),
    undefined,
    /another vault/,
  ],
  [
    'too little time for the log',
    () => ({ walTimeout: Duration.seconds(30) }),
    undefined,
    /longer than the archiveTimeout/,
  ],
  ['a level that zstd has not', () => ({ compressionLevel: 20 }), undefined, /compressionLevel is 20/],
  ['another name', () => ({ sourceName: 'billing' }), undefined, /must be the same/],
])('%s is refused', (_what, change, walSource, message) => {
  expect(() => backedUp(change, walSource)).toThrow(message);
});
