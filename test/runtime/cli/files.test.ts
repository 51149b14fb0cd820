import type { FilesManifest } from '../../../model';
import type { FilesRequest, RestoreFilesReport, RestoreFilesRequest } from '../../../runtime/components/files/types';
import { examplePoint, runCli, TARGET, type Setup } from './support/harness';

const POINT = '20261120T021003Z-4k2m9x';

const REPORT: RestoreFilesReport = {
  outcome: 'passed',
  point: POINT,
  source: 'orders',
  volumes: [{ name: 'media', directory: '/srv/media', entries: 3, contentBytes: 10, differences: [], differing: 0 }],
  durationMs: 1500,
  warnings: [],
};

function exampleFiles(): FilesManifest {
  const counts = {
    files: 2,
    directories: 1,
    symbolicLinks: 0,
    hardLinks: 0,
    contentBytes: 10,
    stored: 1,
    unchanged: 2,
  };
  const { manifest } = examplePoint();
  return {
    ...manifest,
    component: 'files',
    client: { tar: '1.34', zstd: '1.5.7' },
    volumes: [
      {
        name: 'media',
        kind: 'incremental',
        listedAt: manifest.startedAt,
        archive: 0,
        storedIndex: 1,
        keptIndex: 2,
        builtOn: [],
        counts: { ...counts, deleted: 4, changedWhileRead: 0, vanished: 0, special: 0 },
      },
    ],
    objects: [],
    dependsOn: ['20261119T021003Z-4k2m9x'],
    totals: { storedBytes: 2048, objects: 3, items: 3 },
  };
}

/** Runs it and gives what the component was asked for. */
async function backup(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const asked: FilesRequest[] = [];
  const files: Setup['files'] = {
    backup: async (request) => {
      asked.push(request);
      return { outcome: 'made', manifest: exampleFiles(), uri: 's3://acme-vault/x/', durationMs: 1500 };
    },
  };
  return { ...(await runCli(['backup', 'files', ...argv], { env, files })), asked };
}

async function restore(argv: readonly string[], report = REPORT) {
  const asked: RestoreFilesRequest[] = [];
  const files: Setup['files'] = {
    restore: async (request) => {
      asked.push(request);
      return report;
    },
  };
  return { ...(await runCli(['restore', 'files', ...argv], { files })), asked };
}

describe('backup files', () => {
  test('tells what it made; no server is asked for', async () => {
    const ran = await backup([...TARGET, '--volume', 'media=/mnt/media']);
    expect(ran).toMatchObject({ exitCode: 0, serverEnvironments: [] });
    expect(ran.stdout).toMatchInlineSnapshot(`
     "backed up: 20261120T021003Z-4k2m9x · 3 entries · 2.0 kB stored · 1.5 s
       media: incremental, 2 files of 10 B, 1 entry new or changed, 4 entries deleted
       s3://acme-vault/x/
     "
    `);
    expect(ran.stderr).toBe('orders: /mnt/media → s3://acme-vault\n');
  });

  test('a directory alone is one volume', async () => {
    const { asked } = await backup([...TARGET, '--from', '/srv/media', '--full']);
    expect(asked).toMatchObject([
      { volumes: [{ name: 'files', directory: '/srv/media' }], fullEverySeconds: 0, given: 'some' },
    ]);
  });

  test('a task is told everything by its environment', async () => {
    const { asked, exitCode } = await backup([], {
      POSTGRES_BACKUP_VAULT: 's3://v',
      POSTGRES_BACKUP_SOURCE: 'orders',
      POSTGRES_BACKUP_VOLUMES: '["media=/mnt/media","exports=/mnt/a=b"]',
      POSTGRES_BACKUP_FULL_EVERY: '86400',
      POSTGRES_BACKUP_MINIMUM_FILES: '7',
      POSTGRES_BACKUP_CLASS: 'daily',
      POSTGRES_BACKUP_COMPRESSION_LEVEL: '3',
    });
    expect(exitCode).toBe(0);
    expect(asked).toMatchObject([
      {
        volumes: [
          { name: 'media', directory: '/mnt/media' },
          { name: 'exports', directory: '/mnt/a=b' },
        ],
        given: 'everything',
        fullEverySeconds: 86_400,
        minimumFiles: 7,
        class: 'daily',
        compressionLevel: 3,
      },
    ]);
  });

  test.each([
    [[], /no directory is given/],
    [['--volume', '/mnt/media'], /"\/mnt\/media" is not NAME=DIRECTORY/],
    [['--volume', 'media='], /is not NAME=DIRECTORY/],
    [['--volume', '../x=/mnt'], /the name of the volume "..\/x=\/mnt" is not usable/],
    [['--volume', 'a=/b', '--volume', 'a=/c'], /"a" is given twice/],
    [['--from', '/a', '--volume', 'a=/c'], /cannot be used with/],
  ])('%j is wrong usage', async (argv, message) => {
    const ran = await backup([...TARGET, ...argv]);
    expect(ran).toMatchObject({ exitCode: 2, asked: [] });
    expect(ran.stderr).toMatch(message);
  });

  test('in a task its success is counted as one of files, with entries', async () => {
    const ran = await backup([...TARGET, '--from', '/a'], { POSTGRES_BACKUP_LOG: 'json' });
    const [metric] = ran.stdout.split('\n');
    expect(JSON.parse(metric)).toMatchObject({
      Component: 'files',
      BackupSucceeded: 1,
      BackupItems: 3,
      BackupSize: 2048,
    });
  });
});

describe('restore files', () => {
  test('is a command of its own: its options are not those of the restore of a dump', async () => {
    const ran = await restore(['latest', ...TARGET, '--to', '/srv/media', '--path', 'a', '--volume', 'media']);
    expect(ran).toMatchObject({ exitCode: 0, vaults: ['s3://acme-vault'], restores: [] });
    expect(ran.asked).toMatchObject([
      { directory: '/srv/media', paths: ['a'], volumes: ['media'], existing: 'refuse' },
    ]);
    expect(ran.stdout).toMatchInlineSnapshot(`
     "restored: 20261120T021003Z-4k2m9x · 3 entries as in the backup · 1.5 s
       /srv/media
     "
    `);
  });

  test.each([
    ['--overwrite', 'overwrite'],
    ['--clean', 'clean'],
  ])('%s is asked for by name', async (option, existing) => {
    const { asked } = await restore(['latest', ...TARGET, '--to', '/x', option]);
    expect(asked).toMatchObject([{ existing }]);
  });

  test.each([
    [[], /required option '--to <directory>' not specified/],
    [['--to', '/x', '--clean', '--overwrite'], /cannot be used with/],
    [['--to', '/x', '--clean', '--path', 'a'], /cannot be used with/],
    [['--to', '/x', '--create'], /unknown option '--create'/],
  ])('%j is wrong usage', async (argv, message) => {
    const ran = await restore(['latest', ...TARGET, ...argv]);
    expect(ran).toMatchObject({ exitCode: 2, asked: [] });
    expect(ran.stderr).toMatch(message);
  });

  test('what differs is told and fails', async () => {
    const differences = ['a\nb has another content', 'c is missing'];
    const volumes = [{ ...REPORT.volumes[0], differences, differing: 25 }];
    const ran = await restore(['latest', ...TARGET, '--to', '/x'], { ...REPORT, outcome: 'failed', volumes });
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toMatchInlineSnapshot(`
     "  ✗ media: a\\nb has another content
       ✗ media: c is missing
       and 23 more differences
     failed: 20261120T021003Z-4k2m9x · 3 entries compared, 25 differences from the backup · 1.5 s
       /srv/media
     "
    `);
  });
});
