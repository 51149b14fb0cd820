import { BackupError } from '../../../runtime/errors';
import type { DumpPoint } from '../../../runtime/catalog/recovery-point';
import { exampleDatabase, exampleManifest } from './support/examples';
import { examplePoint, runCli, TARGET } from './support/harness';

const databases = (...names: string[]) => names.map((name) => exampleDatabase({ name }));

/** A point whose manifest throws when it is asked for, as the catalog does for a bad one. */
function unreadable(id: string, error: BackupError): DumpPoint {
  const point = examplePoint(id);
  return {
    address: point.address,
    prefix: point.prefix,
    get manifest(): never {
      throw error;
    },
  };
}

test('points are listed newest first in aligned columns', async () => {
  const points = [
    examplePoint('20261120T021003Z-4k2m9x'),
    examplePoint('20261119T021003Z-aaaaaa', {
      class: 'pre-deployment',
      databases: databases('orders', 'bil\nling', 'c', 'd', 'e'),
      totals: { storedBytes: 81_000, objects: 9, tables: 1_143, rows: 0 },
    }),
    examplePoint('20260220T021003Z-bbbbbb', {
      class: 'monthly',
      server: { version: '16.3', major: 16, standby: true },
    }),
  ];
  const ran = await runCli(['info', ...TARGET], { points });
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ran.stdout).toMatchInlineSnapshot(`
   "POINT                    CLASS                    AGE    SIZE  DATABASES                        TABLES     ROWS  SERVER  TOOL
   20261120T021003Z-4k2m9x  daily             45 min ago  1.9 GB  orders                                2  212,408  17.12   1.2.3
   20261119T021003Z-aaaaaa  pre-deployment      24 h ago   81 kB  orders, bil\\nling, c and 2 more   1,143        0  17.12   1.2.3
   20260220T021003Z-bbbbbb  monthly         273 days ago  1.9 GB  orders                                2  212,408  16.3    1.2.3
   "
  `);
});

test('no point at all is a failure that says where it looked', async () => {
  const ran = await runCli(['info', ...TARGET], { points: [] });
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toContain('there is no recovery point of "orders" in s3://acme-vault');
});

test('one that cannot be read is listed as such, and the exit code is 3', async () => {
  const bad = unreadable('20261119T021003Z-aaaaaa', new BackupError('manifest-invalid', 'manifest is no JSON'));
  const ran = await runCli(['info', ...TARGET], { points: [examplePoint(), bad] });
  expect(ran.exitCode).toBe(3);
  expect(ran.stdout).toContain('could not read 20261119T021003Z-aaaaaa: manifest is no JSON');
  const asJson = await runCli(['info', ...TARGET, '--json'], { points: [examplePoint(), bad] });
  expect(asJson.exitCode).toBe(3);
  expect(JSON.parse(asJson.stdout)).toMatchInlineSnapshot(`
   {
     "component": "dump",
     "format": "postgres-backup/points/1",
     "outcome": "could not verify",
     "points": [
       {
         "class": "daily",
         "databases": [
           "orders",
         ],
         "finishedAt": "2026-11-20T02:13:13Z",
         "items": 212408,
         "point": "20261120T021003Z-4k2m9x",
         "serverVersion": "17.12",
         "startedAt": "2026-11-20T02:10:03.000Z",
         "storedBytes": 1900082200,
         "tables": 2,
         "toolVersion": "1.2.3",
       },
       {
         "class": "daily",
         "error": {
           "code": "manifest-invalid",
           "message": "manifest is no JSON",
         },
         "point": "20261119T021003Z-aaaaaa",
       },
     ],
     "source": "orders",
     "total": 2,
     "vault": "s3://acme-vault",
   }
  `);
});

test('a store that denies ends the list: a short list would look like fewer backups', async () => {
  const denied = unreadable('20261119T021003Z-aaaaaa', new BackupError('store-denied', 'access denied'));
  const ran = await runCli(['info', ...TARGET], { points: [examplePoint(), denied] });
  expect(ran).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ran.stderr).toContain('error: access denied');
});

test('of many only the newest are listed, and it says how many are left', async () => {
  const points = Array.from({ length: 75 }, (_, index) =>
    examplePoint(
      `202611${String(20 - (index % 20)).padStart(2, '0')}T02${String(index % 60).padStart(2, '0')}03Z-aaaaaa`,
    ),
  );
  const ran = await runCli(['info', ...TARGET], { points });
  expect(ran.stdout.trimEnd().split('\n')).toHaveLength(52);
  expect(ran.stdout).toContain('and 25 older ones; see --limit');
  const few = await runCli(['info', ...TARGET, '--limit', '2', '--json'], { points });
  const document = JSON.parse(few.stdout) as { total: number; points: unknown[] };
  expect(document.total).toBe(75);
  expect(document.points).toHaveLength(2);
});

test('one point is shown with what it holds and every object', async () => {
  const ran = await runCli(['info', 'latest', ...TARGET]);
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toMatchInlineSnapshot(`
   "orders 20261120T021003Z-4k2m9x · daily dump
     taken      2026-11-20 02:10:03 UTC, 45 min ago, in 3 min 10 s
     server     PostgreSQL 17.12
     made with  postgres-backup 1.2.3, PostgreSQL 17.12, zstd 1.5.7
     holds      2 tables, 212,408 rows
     stored     1.9 GB in 3 objects
     globals    roles, memberships and tablespaces
     lies in    s3://acme-vault/orders/dump/daily/2026/11/20/20261120T021003Z-4k2m9x/

   database "orders" · definitions and rows
     tables         2, 212,408 rows
     size           9.4 GB on the server
     owner          app
     encoding       UTF8, en_US.UTF-8
     snapshot       2026-11-20 02:10:05 UTC, at 5/A1B2C3D8
     extensions     pgcrypto 1.3
     large objects  12

   OBJECT                      SIZE  SHA-256
   globals.sql.zst           1.2 kB  aa58dad8a749dc8490a030bd1ebe42617d104a30ab0ecb96b68e3ed2dd05424c
   orders/schema.dump.zst     81 kB  aa85ad9906d2deca2b3e1790f7eee23e484fea2d06ba51d425e23d9d8dd324c3
   orders/data-001.dump.zst  1.9 GB  932101e5a46f533638a8a1729c7a73c969083a9a6a783422e4ef50d8b02091d0
   "
  `);
});

test('on request with every table; names that steer the terminal are shown escaped', async () => {
  const database = exampleDatabase({
    name: 'o\x1b[2J',
    sizeBytes: null,
    lsn: null,
    largeObjects: 0,
    extensions: [],
    tables: [
      { schema: 'public', name: 'a\nb', class: 'critical', rows: 1_000 },
      { schema: 'Sales', name: 'q', class: 'ephemeral', rows: null },
    ],
  });
  const manifest = { databases: [database], globals: null, warnings: ['client 17.11 is outdated'] };
  const ran = await runCli(['info', 'latest', '--tables', ...TARGET], { points: [examplePoint(undefined, manifest)] });
  expect(ran.stdout).toMatchInlineSnapshot(`
   "orders 20261120T021003Z-4k2m9x · daily dump
     taken      2026-11-20 02:10:03 UTC, 45 min ago, in 3 min 10 s
     server     PostgreSQL 17.12
     made with  postgres-backup 1.2.3, PostgreSQL 17.12, zstd 1.5.7
     holds      2 tables, 212,408 rows
     stored     1.9 GB in 3 objects
     globals    none
     lies in    s3://acme-vault/orders/dump/daily/2026/11/20/20261120T021003Z-4k2m9x/
     warning    client 17.11 is outdated

   database "o\\x1b[2J" · definitions and rows
     tables    2, 1,000 rows
     size      not known
     owner     app
     encoding  UTF8, en_US.UTF-8
     snapshot  2026-11-20 02:10:05 UTC
     TABLE        CLASS          ROWS
     public.a\\nb  critical      1,000
     Sales.q      ephemeral  not kept

   OBJECT                      SIZE  SHA-256
   orders/schema.dump.zst     81 kB  aa85ad9906d2deca2b3e1790f7eee23e484fea2d06ba51d425e23d9d8dd324c3
   orders/data-001.dump.zst  1.9 GB  932101e5a46f533638a8a1729c7a73c969083a9a6a783422e4ef50d8b02091d0
   "
  `);
});

test('as JSON one point is its manifest as stored, and where it lies', async () => {
  const ran = await runCli(['info', '20261120T021003Z-4k2m9x', ...TARGET, '--json']);
  expect(JSON.parse(ran.stdout)).toEqual({
    format: 'postgres-backup/point/1',
    outcome: 'passed',
    uri: 's3://acme-vault/orders/dump/daily/2026/11/20/20261120T021003Z-4k2m9x/',
    manifest: JSON.parse(JSON.stringify(exampleManifest({ startedAt: '2026-11-20T02:10:03.000Z' }))) as unknown,
  });
});

test('a point that is not there is a failure', async () => {
  expect(await runCli(['info', '20200101T000000Z-zzzzzz', ...TARGET])).toMatchObject({ exitCode: 1, stdout: '' });
});
