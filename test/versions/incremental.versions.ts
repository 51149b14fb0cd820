/** Incremental base backups of PostgreSQL 18: what is asked for, what is put together, and what must never be. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import {
  MANIFEST_NAME,
  parseLsn,
  pointId,
  serialiseManifest,
  VERIFICATION_NAME,
  type BaseBackupManifest,
  type StoredObject,
} from '../../model';
import { verifyPoint } from '../../runtime/components/registry';
import type { BaseBackupPoint } from '../../runtime/components/base-backup/types';
import { planRetention } from '../../runtime/retention/plan-retention';
import { crc32, crc32Base64 } from '../../runtime/store/crc32';
import { failureOf } from '../support/failure-of';
import { BUCKET, SOURCE } from '../support/lab';
import { decompress } from '../support/zstd';
import { BALANCED, MomentLab, type Mark } from '../runtime/recovery/support';
import { makeUnverified, makeVerified, verify } from './support';

let lab: MomentLab;
let full: BaseBackupPoint;
let first: BaseBackupPoint;
let second: BaseBackupPoint;
let between: Mark[];

beforeAll(async () => {
  lab = await MomentLab.start({ summarize_wal: 'on', full_page_writes: 'on' });
  await lab.primary.archiveAll();
  await lab.withPgbench(async () => {
    await lab.commit(1, 5);
    full = await makeVerified(lab.primary);
    await lab.commit(6, 5);
    first = await makeVerified(lab.primary);
    between = await lab.commit(11, 10);
    second = await makeVerified(lab.primary);
    await lab.commit(21, 5);
  });
  await lab.primary.archiveAll();
}, 180_000);
afterAll(() => lab.stop(), 60_000);

const upTo = (id: number): number[] => Array.from({ length: id }, (_, index) => index + 1);
const archiveOf = ({ manifest }: BaseBackupPoint) => manifest.objects[manifest.archive];

test('each holds what changed since the one before, and names all that it is built on', async () => {
  expect(lab.primary.lab.server.major).toBe(18);
  expect(full.manifest).toMatchObject({ builtOn: [], dependsOn: [], warnings: expect.any(Array) as unknown[] });
  expect(first.manifest.dependsOn).toEqual([pointId(full.address)]);
  expect(second.manifest.dependsOn).toEqual([full, first].map(({ address }) => pointId(address)));
  expect(second.manifest.builtOn?.map(({ archiveSha256 }) => archiveSha256)).toEqual(
    [full, first].map((point) => archiveOf(point).sha256),
  );
  for (const one of [first, second]) {
    expect(one.manifest.contentBytes).toBeLessThan(full.manifest.contentBytes / 2);
    const read = await verifyPoint(one, 'read', lab.primary.lab.context({}));
    expect(read.objects.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
  }
});

test('put together and recovered to the end of the log, nothing is missing and the books balance', async () => {
  const report = await lab.restore({ target: { kind: 'latest' } });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted', point: pointId(second.address) });
  const sql = await lab.open(report.dataDirectory);
  expect((await sql('SELECT id FROM ledger ORDER BY id')).split('\n').map(Number)).toEqual(upTo(25));
  expect(await sql(BALANCED)).toBe('t');
  // Every page of it is read, with its checksum: 18 makes them by default.
  expect(await sql('SHOW data_checksums')).toBe('on');
  await sql('CREATE EXTENSION amcheck');
  expect(await sql("SELECT count(*) FROM pg_class, verify_heapam(oid) WHERE relkind = 'r'")).toBe('0');
  const indexes = `SELECT bt_index_check(c.oid, true) FROM pg_class AS c JOIN pg_am AS m ON m.oid = relam WHERE amname = 'btree' AND relkind = 'i'`;
  expect(await sql(`SELECT count(*) > 100 FROM (${indexes}) AS checked`)).toBe('t');
  // What it was put together of is gone.
  const beside = await readdir(path.dirname(report.dataDirectory));
  expect(beside.filter((name) => name.includes('.parts-'))).toEqual([]);
}, 120_000);

test('a moment between two of them is reached from the earlier', async () => {
  const mark = between[4];
  const report = await lab.restore({ target: { kind: 'time', at: mark.at } });
  expect(report).toMatchObject({ outcome: 'passed', end: 'promoted', point: pointId(first.address) });
  expect(await lab.ids(report.dataDirectory)).toEqual(upTo(mark.id));
}, 120_000);

test('retention ends nothing that is built on', async () => {
  const { store, signal, now } = lab.primary.lab.context({});
  const later = () => new Date(now().getTime() + 400 * 86_400_000);
  const policy = { classes: { manual: { keepSeconds: 86_400 } }, minimumVerified: 1 };
  const plan = await planRetention({ source: SOURCE, component: 'base-backup', policy }, { store, signal, now: later });
  const decided = new Map(plan.runs.map(({ point, action, reason }) => [point, `${action}: ${reason}`]));
  expect(decided.get(pointId(second.address))).toMatch(/^keep/);
  for (const { address } of [full, first]) {
    expect(decided.get(pointId(address))).toBe(`keep: ${pointId(second.address)} needs it`);
  }
});

describe('a link that is not as it was', () => {
  /** Behind the store's back: nothing that was written down about it changes. */
  async function whileDamaged(damage: (key: string) => Promise<unknown>, work: () => Promise<void>): Promise<void> {
    const { key } = archiveOf(full);
    await damage(key);
    try {
      await work();
    } finally {
      // Flipped twice it is whole again.
      await damage(key);
    }
  }
  const flip = (key: string) =>
    lab.primary.lab.s3.damage.flipBit({ bucket: BUCKET, key }, archiveOf(full).sizeBytes >> 1);

  test('flipped: found before a server is started', async () => {
    await whileDamaged(flip, async () => {
      const dataDirectory = await lab.directory();
      const error = await failureOf(lab.restore({ target: { kind: 'latest' }, dataDirectory }));
      expect(error).toMatchObject({ code: 'object-damaged' });
      expect(await readdir(path.dirname(dataDirectory))).toEqual(['data']);
      expect(await readdir(dataDirectory)).toEqual([]);
    });
  }, 60_000);

  test('changed with all our digests, and those of what is built on it: found before anything is put together', async () => {
    const { store } = lab.primary.lab;
    const tar = await decompress(await lab.primary.lab.bytes(archiveOf(full).key));
    tar[tar.indexOf('global/pg_filenode.map\0') + 512 + 100] ^= 1;
    const body = execFileSync('zstd', ['-q', '-c'], { input: tar, maxBuffer: 1e9 });
    const changed = await storedAs(`${archiveOf(full).key}.changed`, body);
    const { objects, totals } = full.manifest;
    const storedBytes = totals.storedBytes - archiveOf(full).sizeBytes + body.length;
    // Who may write backups may write no result of a verification: what is changed has none, or a failed one, which is passed over.
    for (const { prefix } of [full, second]) {
      await lab.primary.lab.s3.damage.lose({ bucket: BUCKET, key: `${prefix}${VERIFICATION_NAME}` });
    }
    await withManifest(full, { objects: [changed, objects[1]], totals: { ...totals, storedBytes } }, async () => {
      const builtOn = (second.manifest.builtOn ?? []).map((link, index) =>
        index === 0 ? { ...link, archiveSha256: changed.sha256 } : link,
      );
      await withManifest(second, { builtOn }, async () => {
        const dataDirectory = await lab.directory();
        const error = await failureOf(lab.restore({ target: { kind: 'latest' }, dataDirectory }));
        expect(error).toMatchObject({ code: 'comparison-failed' });
        expect(error.detail).toMatch(/pg_filenode\.map/);
        expect(await readdir(dataDirectory)).toEqual([]);
      });
    });
    for (const { address } of [full, second]) await verify(lab.primary, address);

    async function storedAs(key: string, bytes: Buffer): Promise<StoredObject> {
      const { versionId } = await store.put(key, bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const parts = [{ sizeBytes: bytes.length, sha256 }];
      return { key, versionId, sizeBytes: bytes.length, sha256, parts, crc32: crc32Base64(crc32(bytes)) };
    }
  }, 60_000);

  /** Somebody who may write backups writes another manifest over one. */
  async function withManifest(
    { prefix, manifest }: BaseBackupPoint,
    changes: Partial<BaseBackupManifest>,
    work: () => Promise<void>,
  ): Promise<void> {
    const { store } = lab.primary.lab;
    await store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(serialiseManifest({ ...manifest, ...changes })));
    try {
      await work();
    } finally {
      await store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(serialiseManifest(manifest)));
    }
  }

  test('changed with all our digests: no longer the one that was built on, and passed over', async () => {
    const objects = [{ ...archiveOf(full), sha256: 'a'.repeat(64) }, full.manifest.objects[1]];
    await withManifest(full, { objects }, async () => {
      const error = await failureOf(lab.restore({ target: { kind: 'latest' }, base: pointId(second.address) }));
      expect(error).toMatchObject({ code: 'point-missing' });
      expect(error.detail).toMatch(/is not the base backup that was built on/);
      const report = await verifyPoint(second, 'stored', lab.primary.lab.context({}));
      expect(report.outcome).toBe('failed');
      expect(report.objects[0].finding).toMatch(/is not the base backup that was built on/);
    });
  }, 60_000);
});

test('without pg_combinebackup nothing is written, and it is named', async () => {
  const programs = await mkdtemp(path.join(lab.primary.directory, 'bin-'));
  const whole = process.env.TEST_BINDIR_18 ?? '';
  for (const name of (await readdir(whole)).filter((one) => one !== 'pg_combinebackup')) {
    await symlink(path.join(whole, name), path.join(programs, name));
  }
  await chmod(programs, 0o755);
  process.env.POSTGRES_BACKUP_PG_BINDIR = programs;
  try {
    const dataDirectory = await lab.directory();
    const error = await failureOf(lab.restore({ target: { kind: 'latest' }, dataDirectory }));
    expect(error).toMatchObject({ code: 'tool-missing', message: 'no pg_combinebackup of PostgreSQL 18 found' });
    expect(await readdir(path.dirname(dataDirectory))).toEqual([]);
  } finally {
    delete process.env.POSTGRES_BACKUP_PG_BINDIR;
  }
}, 60_000);

describe('where changes cannot be had, a full one is made, and it is said why', () => {
  test('nobody verified the one before', async () => {
    await makeUnverified(lab.primary, { fullEverySeconds: undefined });
    const made = await makeVerified(lab.primary);
    expect(made.manifest.dependsOn).toHaveLength(3);
    expect(made.manifest.warnings.join('\n')).toMatch(/is not built on: it is not verified/);
  }, 60_000);

  test('the server has forgotten what changed', async () => {
    const changed = await lab.primary.position();
    await lab.commit(26, 5);
    await lab.primary.sql('CHECKPOINT');
    await lab.primary.wakingUntil('what changed is summarized', async () => {
      const said = await lab.primary.sql('SELECT summarized_lsn FROM pg_get_wal_summarizer_state()');
      return (parseLsn(said) ?? 0n) > changed;
    });
    const summaries = path.join(lab.primary.lab.server.directory, 'data', 'pg_wal', 'summaries');
    for (const name of await readdir(summaries)) await rm(path.join(summaries, name));
    const made = await makeVerified(lab.primary);
    expect(made.manifest).toMatchObject({ dependsOn: [], builtOn: [] });
    expect(made.manifest.warnings.join('\n')).toMatch(/stored in full, as the server cannot send what changed since/);
    expect(lab.primary.lab.messages.warnings.join('\n')).toMatch(/stored in full/);
  }, 60_000);

  test('the last full one is as old as they may become', async () => {
    const made = await makeVerified(lab.primary, { fullEverySeconds: 1 });
    expect(made.manifest).toMatchObject({ dependsOn: [] });
  }, 60_000);
});
