/** A base backup of a real server that archives: what is a recovery point, and what is none. */
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  FAILURE_NAME,
  FIRST_INCREMENTAL_MAJOR,
  MANIFEST_NAME,
  serialiseManifest,
  segmentsNeeded,
  parseLsn,
  type StoredObject,
} from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { backupBase } from '../../../../runtime/components/base-backup/backup';
import type { BaseBackupPoint, BaseBackupRequest } from '../../../../runtime/components/base-backup/types';
import { verifyPoint } from '../../../../runtime/components/registry';
import { serverUser } from '../../../../runtime/postgres/operating-system-user';
import { launchServer } from '../../../../runtime/postgres/server-process';
import { findServerTools } from '../../../../runtime/postgres/server-tools';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { failureOf } from '../../../support/failure-of';
import { SOURCE } from '../../../support/lab';
import { decompress } from '../../../support/zstd';
import { ArchivingLab } from '../../wal/support/archiving-lab';
import { baseBackupRequest, makeBase } from './support';

let primary: ArchivingLab;
let point: BaseBackupPoint;
beforeAll(async () => {
  // Without full pages in its log a standby cannot be backed up.
  primary = await ArchivingLab.start({ full_page_writes: 'on' });
  await primary.sql(
    'CREATE TABLE ledger AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 2000) AS n; ' +
      "CREATE ROLE nobody LOGIN PASSWORD 'nobody'",
  );
  await primary.archiveAll();
  point = await makeBase(primary);
});
afterAll(() => primary.stop());

const verify = (made: BaseBackupPoint, depth: 'stored' | 'read') => verifyPoint(made, depth, primary.lab.context({}));
const pointsKeys = async () =>
  (await primary.lab.keys(`${SOURCE}/base-backup/`)).filter((key) => key.endsWith(MANIFEST_NAME));

test('a base backup is a recovery point: its files as the server sent them, its log archived', async () => {
  const { manifest } = point;
  expect(manifest).toMatchObject({
    server: { major: primary.lab.server.major, standby: false, role: 'postgres', database: 'postgres' },
    wal: { systemIdentifier: primary.systemIdentifier, timeline: 1, segmentBytes: 16 * 1024 * 1024 },
    tablespaces: [],
    // Of one that others can be built on, PostgreSQL's list is stored by itself too.
    backupManifest: primary.lab.server.major < FIRST_INCREMENTAL_MAJOR ? null : 1,
  });
  expect(manifest.totals.items).toBeGreaterThan(900);
  const { wal } = manifest;
  const range = { from: parseLsn(wal.startLsn) as bigint, to: parseLsn(wal.stopLsn) as bigint };
  const names = segmentsNeeded(1, [], range, wal.segmentBytes);
  const archived = await primary.lab.keys(`${SOURCE}/wal/`);
  for (const name of names) expect(archived.join('\n')).toContain(name);
  expect(await verify(point, 'stored')).toMatchObject({ outcome: 'passed' });
  const read = await verify(point, 'read');
  expect(read.outcome).toBe('passed');
  expect(read.objects[0].finding).toBe(`every byte read; ${manifest.totals.items} files as the server sent them`);
});

/** Somebody who may write backups changes an archive, and everything of ours that proves it. */
async function rewritten(change: (tar: Buffer) => Buffer): Promise<BaseBackupPoint> {
  const [object] = point.manifest.objects;
  const tar = change(await decompress(await primary.lab.bytes(object.key)));
  const body = execFileSync('zstd', ['-q', '-c'], { input: tar, maxBuffer: 1e9 });
  const key = `${object.key}.rewritten`;
  const { versionId } = await primary.lab.store.put(key, body);
  const sha256 = createHash('sha256').update(body).digest('hex');
  const parts = [{ sizeBytes: body.length, sha256 }];
  const stored: StoredObject = {
    ...{ key, versionId, sizeBytes: body.length, sha256, parts },
    crc32: crc32Base64(crc32(body)),
  };
  const totals = { ...point.manifest.totals, storedBytes: body.length };
  const manifest = { ...point.manifest, backupManifest: null, objects: [stored], totals: { ...totals, objects: 1 } };
  await primary.lab.store.put(`${point.prefix}${MANIFEST_NAME}`, Buffer.from(serialiseManifest(manifest)));
  return findPoint(primary.lab.store, SOURCE, 'base-backup', manifest.point);
}

/** Where a file's header begins in an archive. */
function headerOf(tar: Buffer, name: string): number {
  const at = tar.indexOf(`${name}\0`);
  if (at === -1 || at % 512 !== 0) throw new Error(`the archive has no ${name}`);
  return at;
}

/** Writes a header's checksum anew. */
function sealed(tar: Buffer, header: number): Buffer {
  tar.write('        ', header + 148, 'latin1');
  const sum = tar.subarray(header, header + 512).reduce((a, b) => a + b, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, header + 148, 'latin1');
  return tar;
}

const FILE = 'global/pg_filenode.map';
const changes: readonly [string, (tar: Buffer) => Buffer, RegExp][] = [
  ['one bit of a file', (tar) => ((tar[headerOf(tar, FILE) + 512 + 100] ^= 1), tar), /pg_filenode\.map\\?" differs/],
  [
    'the name of a file',
    (tar) => {
      const header = headerOf(tar, FILE);
      tar.write('global/pg_filenode.mop', header);
      return sealed(tar, header);
    },
    /pg_filenode\.map\\?" is missing/,
  ],
  ['the second half', (tar) => tar.subarray(0, 512 * Math.floor(tar.length / 1024)), /it ends/],
  [
    'a digest in the server’s own manifest',
    (tar) => {
      const at = tar.indexOf('"Checksum": "') + 13;
      tar.write(tar[at] === 0x61 ? 'b' : 'a', at);
      return tar;
    },
    /backup_manifest .*not as PostgreSQL writes it/,
  ],
];

test.each(changes)('%s changed with all our digests is found by reading', async (_what, change, finding) => {
  const changed = await rewritten(change);
  expect(await verify(changed, 'stored')).toMatchObject({ outcome: 'passed' });
  const { outcome, objects } = await verify(changed, 'read');
  expect(outcome).toBe('failed');
  expect(objects[0].finding).toMatch(finding);
});

const failureRecords = async () =>
  (await primary.lab.keys(`${SOURCE}/base-backup/`)).filter((key) => key.includes(FAILURE_NAME));

async function failure(request: Partial<BaseBackupRequest> = {}, place = {}) {
  const before = await pointsKeys();
  const recorded = await failureRecords();
  const error = await failureOf(backupBase(baseBackupRequest(request), primary.lab.context(place)));
  expect(await pointsKeys()).toEqual(before);
  const [record, ...others] = (await failureRecords()).filter((key) => !recorded.includes(key));
  expect(others).toEqual([]);
  expect(JSON.parse(await primary.lab.text(record))).toMatchObject({ code: error.code });
  return error;
}

test('without REPLICATION nothing is made, and it is said what is missing', async () => {
  const error = await failure({}, { user: 'nobody', password: 'nobody' });
  expect(error).toMatchObject({ code: 'authentication-failed' });
  expect(error.hint).toMatch(/REPLICATION/);
});

test('a primary is refused as a standby', async () => {
  expect(await failure({ server: 'standby' })).toMatchObject({ code: 'configuration-invalid' });
});

test('changes are asked for only of a server that can send them', async () => {
  const error = await failure({ fullEverySeconds: 60 });
  const isTooOld = primary.lab.server.major < 17;
  expect(error).toMatchObject({ code: isTooOld ? 'version-unsupported' : 'configuration-invalid' });
  expect(error.hint).toMatch(isTooOld ? /Leave --incremental out/ : /summarize_wal = on/);
});

test('while archive_command fails there is no recovery point, and the server is not waited for without end', async () => {
  await primary.archiveWith('exit 1');
  const error = await failure({ walTimeoutSeconds: 3 });
  expect(error).toMatchObject({ code: 'wal-missing' });
  expect(error.hint).toMatch(/archive_command/);
  await primary.archiveWith('$PROGRAM archive-push "$1" || exit 1');
  await primary.archiveAll();
});

test('a server that takes its log for archived when the vault has none of it makes no recovery point', async () => {
  await primary.archiveWith('exit 0');
  const error = await failure({ walTimeoutSeconds: 2 });
  expect(error).toMatchObject({ code: 'wal-missing' });
  expect(error.detail).toMatch(/1 segment missing, the first is 0000000100/);
  await primary.archiveWith('$PROGRAM archive-push "$1" || exit 1');
});

test('from a standby it is a recovery point when the primary has archived its end', async () => {
  const directory = await primary.baseBackup();
  await writeFile(path.join(directory, 'data', 'standby.signal'), '');
  const { PGUSER, PGPASSWORD, PGPORT } = primary.lab.connection().env;
  const { postgres } = await findServerTools(primary.lab.server.major);
  const conninfo = `host=127.0.0.1 port=${PGPORT} user=${PGUSER} password=${PGPASSWORD}`;
  const settings = { archive_mode: 'off', primary_conninfo: conninfo, hot_standby: 'on', full_page_writes: 'on' };
  const standby = await launchServer({ postgres, directory, user: await serverUser(), settings });
  let isDone = false;
  // No faster than it is archived: what waits in line would have to be archived before the end of the base backup is.
  const work = (async () => {
    while (!isDone) await primary.archiveAll();
  })();
  try {
    const result = await backupBase(
      baseBackupRequest({ server: 'standby' }),
      primary.lab.context({ port: standby.port }),
    );
    if (result.outcome !== 'made') throw new Error(`the base backup was ${result.outcome}`);
    expect(result.manifest).toMatchObject({ server: { standby: true }, wal: { timeline: 1 } });
    const made = await findPoint(primary.lab.store, SOURCE, 'base-backup', result.manifest.point);
    expect(await verify(made, 'read')).toMatchObject({ outcome: 'passed' });
  } finally {
    isDone = true;
    await work;
    await standby.shutDown('immediate');
  }
});

test('tablespaces go by a disk, which is clean afterwards, and are read like the rest', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-tablespace-'));
  const scratch = await mkdtemp(path.join(tmpdir(), 'postgres-backup-scratch-'));
  const user = await serverUser();
  if (user) await chown(directory, user.uid, user.gid);
  try {
    await primary.sql(`CREATE TABLESPACE side LOCATION '${directory}'`);
    await primary.sql('CREATE TABLE aside TABLESPACE side AS SELECT generate_series(1, 500) AS id');
    const made = await makeBase(primary, { scratchDirectory: scratch });
    expect(await readdir(scratch)).toEqual([]);
    expect(made.manifest.tablespaces).toMatchObject([{ location: directory, archive: 1 }]);
    expect(made.manifest).toMatchObject({ backupManifest: 2, totals: { objects: 3 } });
    expect(await verify(made, 'read')).toMatchObject({ outcome: 'passed' });
    // By this way, too, the server waits for its archive at the end, and is not waited for without end.
    await primary.archiveWith('exit 1');
    const error = await failure({ walTimeoutSeconds: 3, scratchDirectory: scratch });
    expect(error).toMatchObject({ code: 'wal-missing' });
    expect(error.message).toMatch(/the server did not end the base backup within 3 s/);
    expect(await readdir(scratch)).toEqual([]);
    await primary.archiveWith('$PROGRAM archive-push "$1" || exit 1');
    await primary.sql('DROP TABLE aside');
    await primary.sql('DROP TABLESPACE side');
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
});
