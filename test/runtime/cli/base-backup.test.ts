import type { BaseBackupManifest } from '../../../model';
import type { BaseBackupRequest, BaseBackupResult } from '../../../runtime/components/base-backup/types';
import { examplePoint, runCli, TARGET } from './support/harness';

function example(): BaseBackupManifest {
  const { manifest } = examplePoint();
  return {
    ...manifest,
    component: 'base-backup',
    server: { version: '17.12', major: 17, standby: false, role: 'backup', database: 'postgres' },
    wal: {
      systemIdentifier: '7564537891234567890',
      timeline: 1,
      startLsn: '0/3000028',
      stopLsn: '0/3000100',
      segmentBytes: 16 * 1024 * 1024,
    },
    endedAt: '2026-11-20T02:12:00.000Z',
    archive: 0,
    backupManifest: null,
    tablespaces: [],
    contentBytes: 8_000_000_000,
    objects: [],
    dependsOn: [],
    totals: { storedBytes: 1_900_000_000, objects: 1, items: 1312 },
  };
}

async function backup(argv: readonly string[], env: NodeJS.ProcessEnv = {}, result?: BaseBackupResult) {
  const asked: BaseBackupRequest[] = [];
  const made: BaseBackupResult = {
    outcome: 'made',
    manifest: example(),
    uri: 's3://acme-vault/orders/base-backup/',
    durationMs: 95_000,
  };
  const baseBackup = {
    backup: async (request: BaseBackupRequest) => {
      asked.push(request);
      return result ?? made;
    },
  };
  return { ...(await runCli(['backup', 'base-backup', ...TARGET, ...argv], { env, baseBackup })), asked };
}

test('says from when on every moment can be restored', async () => {
  const ran = await backup([]);
  expect(ran).toMatchObject({ exitCode: 0, stderr: 'orders: backup@db.internal:5432/orders → s3://acme-vault\n' });
  expect(ran.stdout).toMatchInlineSnapshot(`
   "backed up: 20261120T021003Z-4k2m9x · 1,312 files of 8.0 GB · 1.9 GB stored · 1 min 35 s
     every moment from 2026-11-20T02:12:00.000Z on, log 0/3000100, as far as the WAL archive reaches
     s3://acme-vault/orders/base-backup/
   "
  `);
});

test('unless told otherwise it is of a primary, begins at once, and waits a quarter of an hour for the log', async () => {
  const { asked } = await backup([]);
  expect(asked).toMatchObject([
    {
      source: 'orders',
      class: 'manual',
      checkpoint: 'fast',
      server: 'primary',
      compressionLevel: 1,
      walTimeoutSeconds: 900,
    },
  ]);
});

test('a task is told by its environment', async () => {
  const { asked } = await backup([], {
    POSTGRES_BACKUP_CHECKPOINT: 'spread',
    POSTGRES_BACKUP_FROM_STANDBY: 'true',
    POSTGRES_BACKUP_WAL_TIMEOUT: '60',
    POSTGRES_BACKUP_SCRATCH_DIRECTORY: '/scratch',
    POSTGRES_BACKUP_CLASS: 'daily',
  });
  expect(asked).toMatchObject([
    { class: 'daily', checkpoint: 'spread', server: 'standby', walTimeoutSeconds: 60, scratchDirectory: '/scratch' },
  ]);
});

test('what changed is stored only when it is asked for, with a full one each week', async () => {
  const { asked } = await backup(['--full-every', '2d']);
  expect(asked[0].fullEverySeconds).toBeUndefined();
  expect((await backup(['--incremental'])).asked).toMatchObject([{ fullEverySeconds: 7 * 86_400 }]);
  const told = { POSTGRES_BACKUP_INCREMENTAL: 'true', POSTGRES_BACKUP_FULL_EVERY: '86400' };
  expect((await backup([], told)).asked).toMatchObject([{ fullEverySeconds: 86_400 }]);
});

test('it is said what was built on', async () => {
  const manifest = { ...example(), dependsOn: ['20261119T021003Z-aaaaaa', '20261120T011003Z-bbbbbb'] };
  const ran = await backup(['--json'], {}, { outcome: 'made', manifest, uri: 's3://acme-vault/', durationMs: 1 });
  expect(JSON.parse(ran.stdout)).toMatchObject({ dependsOn: manifest.dependsOn });
  const told = await backup([], {}, { outcome: 'made', manifest, uri: 's3://acme-vault/', durationMs: 1 });
  expect(told.stdout).toContain('what changed since 20261120T011003Z-bbbbbb');
});

test.each([
  [['--full-every', '0'], /from 1 s/],
  [['--checkpoint', 'slow'], /fast, spread/],
  [['--wal-timeout', '0'], /from 1 s/],
  [['--compression-level', '20'], /from 1 to 19/],
])('%j is wrong usage, and nothing is begun', async (argv, message) => {
  const ran = await backup(argv);
  expect(ran).toMatchObject({ exitCode: 2, asked: [] });
  expect(ran.stderr).toMatch(message);
});

test('a run that another made needless is no failure', async () => {
  const ran = await backup([], {}, { outcome: 'skipped', reason: 'another run is making it' });
  expect(ran).toMatchObject({ exitCode: 0, stdout: 'skipped: another run is making it\n' });
});
