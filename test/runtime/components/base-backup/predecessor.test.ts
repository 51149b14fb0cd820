/** What an incremental base backup is built on, and when a full one is made instead: from manifests alone. */
import {
  MANIFEST_FORMAT,
  MANIFEST_NAME,
  parsePointId,
  pointPrefix,
  serialiseManifest,
  VERIFICATION_FORMAT,
  type BaseBackupManifest,
  type Outcome,
  type PointAddress,
  type StoredObject,
} from '../../../../model';
import { sha256Of, writeVerification } from '../../../../runtime/catalog/verification-record';
import type { BaseBackupRun } from '../../../../runtime/components/base-backup/backup/base-backup-run';
import { choosePredecessor } from '../../../../runtime/components/base-backup/backup/choose-predecessor';
import { readManifest } from '../../../../runtime/catalog/manifest-reader';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { SOURCE } from '../../../support/lab';

const NOW = new Date('2026-11-20T02:00:00Z');
const CLUSTER = '7564537891234567890';

/** Of the n-th day of the month, at one; or of 1907: at seven. */
function idOf(day: number): string {
  const [of, hour] = day < 100 ? [day, 1] : [Math.floor(day / 100), day % 100];
  return `202611${String(of).padStart(2, '0')}T${String(hour).padStart(2, '0')}0000Z-abc123`;
}

function object(prefix: string, name: string, digit: string): StoredObject {
  const sha256 = digit.repeat(64);
  const parts = [{ sizeBytes: 10, sha256 }];
  return { key: `${prefix}${name}`, versionId: null, sizeBytes: 10, sha256, crc32: 'AAAAAA==', parts };
}

function addressOf(day: number): PointAddress {
  const name = parsePointId(idOf(day));
  if (!name) throw new Error(`no such day: ${day}`);
  return { source: SOURCE, component: 'base-backup', class: 'daily', ...name };
}

type Change = (manifest: BaseBackupManifest) => BaseBackupManifest;

function manifestOf(day: number, builtOn: readonly number[], change: Change): BaseBackupManifest {
  const prefix = pointPrefix(addressOf(day));
  const objects = [object(prefix, 'base.tar.zst', String(day % 10)), object(prefix, 'backup_manifest.zst', 'f')];
  const links = builtOn.map((one) => ({
    point: idOf(one),
    class: 'daily' as const,
    archiveSha256: String(one % 10).repeat(64),
  }));
  return change({
    ...{ format: MANIFEST_FORMAT, point: idOf(day), source: SOURCE, component: 'base-backup', class: 'daily' },
    ...{ scheduledAt: null, startedAt: NOW.toISOString(), finishedAt: NOW.toISOString() },
    tool: { name: 'postgres-backup', version: '1' },
    server: { version: '18.4', major: 18, standby: false, role: 'backup', database: 'postgres' },
    client: { postgres: '18.4', zstd: '1.5' },
    wal: { systemIdentifier: CLUSTER, timeline: 1, startLsn: '0/3000028', stopLsn: '0/3000100', segmentBytes: 2 ** 24 },
    ...{ endedAt: NOW.toISOString(), archive: 0, backupManifest: 1, tablespaces: [], contentBytes: 100, objects },
    builtOn: links,
    dependsOn: builtOn.map(idOf),
    totals: { storedBytes: 20, objects: 2, items: 7 },
    warnings: [],
  });
}

class Vault {
  readonly store = new MemoryStore(() => NOW);

  async add(
    day: number,
    builtOn: readonly number[] = [],
    verified: Outcome | 'not verified' = 'passed',
    change: Change = (manifest) => manifest,
  ): Promise<this> {
    const prefix = pointPrefix(addressOf(day));
    const text = serialiseManifest(manifestOf(day, builtOn, change));
    await this.store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(text));
    if (verified === 'not verified') return this;
    await writeVerification(this.store, prefix, {
      ...{ format: VERIFICATION_FORMAT, point: idOf(day), source: SOURCE, component: 'base-backup', class: 'daily' },
      ...{ outcome: verified, depth: 'stored', verifiedAt: NOW.toISOString(), durationMs: 1, findings: [], objects: 2 },
      ...{ manifestSha256: sha256Of(text), totals: null, tool: { name: 'postgres-backup', version: '1' } },
    });
    return this;
  }

  /** Which days it is built on, or why on none. */
  async choose(server: Partial<BaseBackupRun['server']> = {}, fullEverySeconds = 7 * 86_400) {
    const warnings: string[] = [];
    const run = {
      request: { source: SOURCE, fullEverySeconds },
      context: { store: this.store, now: () => NOW },
      point: '20261120T020000Z-zzzzzz',
      server: {
        ...{ systemIdentifier: CLUSTER, timeline: 1, tablespaces: [], summarizesWal: true },
        facts: { major: 18, version: '18.4' },
        ...server,
      },
      warnings,
    } as unknown as BaseBackupRun;
    const chosen = await choosePredecessor(run);
    return { days: chosen?.links.map(({ point }) => Number(point.slice(6, 8))), warnings: warnings.join('\n') };
  }
}

test('it is built on the newest verified one, and all that that is built on', async () => {
  const vault = await (await (await new Vault().add(17)).add(18, [17])).add(19, [17, 18]);
  expect(await vault.choose()).toEqual({ days: [17, 18, 19], warnings: '' });
});

test('the first is full, and nothing need be said of it', async () => {
  expect(await new Vault().choose()).toEqual({ days: undefined, warnings: '' });
});

test('a full one is made when the last is old enough, and nothing need be said of it', async () => {
  const vault = await (await new Vault().add(14)).add(19, [14]);
  expect((await vault.choose()).days).toEqual([14, 19]);
  expect(await vault.choose({}, 6 * 86_400)).toEqual({ days: undefined, warnings: '' });
});

test.each<[Outcome | 'not verified', RegExp]>([
  ['failed', /20261119.* is not built on: it did not pass its verification/],
  ['could not verify', /20261119.* is not built on: it could not be verified/],
  ['not verified', /20261119.* is not built on: it is not verified/],
])('one that is %s is passed over for an older one, which is said', async (verified, reason) => {
  const vault = await (await new Vault().add(18)).add(19, [18], verified);
  expect(await vault.choose()).toEqual({ days: [18], warnings: expect.stringMatching(reason) as string });
});

test.each<[string, Change, RegExp]>([
  ['another cluster', (one) => ({ ...one, wal: { ...one.wal, systemIdentifier: '7' } }), /of another cluster, 7/],
  ['another timeline', (one) => ({ ...one, wal: { ...one.wal, timeline: 2 } }), /of timeline 2, the server is on 1/],
  [
    'no list of its own',
    (one) => ({
      ...{ ...one, backupManifest: null, objects: one.objects.slice(0, 1) },
      totals: { ...one.totals, storedBytes: 10, objects: 1 },
    }),
    /in its archive alone/,
  ],
  [
    'tablespaces',
    (one) => ({
      ...{ ...one, backupManifest: 2, tablespaces: [{ oid: 5, location: '/a', archive: 1 }] },
      ...{
        objects: [...one.objects, { ...one.objects[1], key: `${one.objects[1].key}.2` }],
        totals: { ...one.totals, storedBytes: 30, objects: 3 },
      },
    }),
    /it has tablespaces/,
  ],
])('one of %s is not built on: a full one is made, which is said', async (_what, change, reason) => {
  const vault = await new Vault().add(19, [], 'passed', change);
  const { days, warnings } = await vault.choose();
  expect(days).toBeUndefined();
  expect(warnings).toMatch(reason);
  expect(warnings).toMatch(/stored in full: there is no base backup to build on/);
});

test('one whose links are not all there and good is not built on', async () => {
  const lost = await new Vault().add(19, [18]);
  expect(await lost.choose()).toMatchObject({
    days: undefined,
    warnings: expect.stringMatching(/no recovery point/) as string,
  });
  const failed = await (await new Vault().add(18, [], 'failed')).add(19, [18]);
  expect((await failed.choose()).warnings).toMatch(/20261118.*, which it is built on, did not pass its verification/);
  const other: Change = (one) => ({ ...one, objects: [{ ...one.objects[0], sha256: 'e'.repeat(64) }, one.objects[1]] });
  const replaced = await (await new Vault().add(18, [], 'not verified', other)).add(19, [18]);
  expect((await replaced.choose()).warnings).toMatch(/the SHA-256 of its archive is eeee/);
});

test('so many on each other are enough: a full one is made then, which is said', async () => {
  const vault = new Vault();
  const hours = [
    ...Array.from({ length: 15 }, (_, hour) => 1801 + hour),
    ...Array.from({ length: 16 }, (_, hour) => 1901 + hour),
  ];
  for (const [index, hour] of hours.slice(0, 30).entries()) await vault.add(hour, hours.slice(0, index));
  expect(await vault.choose()).toMatchObject({ days: { length: 30 }, warnings: '' });
  await vault.add(hours[30], hours.slice(0, 30));
  const { days, warnings } = await vault.choose();
  expect(days).toBeUndefined();
  expect(warnings).toMatch(/31 are built on each other since 20261118T010000Z/);
});

test('a server with tablespaces is stored in full, which is said', async () => {
  const vault = await new Vault().add(19);
  const { days, warnings } = await vault.choose({ tablespaces: [{ oid: 5, location: '/a' }] });
  expect(days).toBeUndefined();
  expect(warnings).toMatch(/the server has tablespaces/);
});

test('a server that cannot is refused, with what to do', async () => {
  const vault = new Vault();
  const facts = { major: 16, version: '16.14' } as BaseBackupRun['server']['facts'];
  expect(await failureOf(vault.choose({ facts }))).toMatchObject({ code: 'version-unsupported' });
  const off = await failureOf(vault.choose({ summarizesWal: false }));
  expect(off).toMatchObject({ code: 'configuration-invalid' });
  expect(off.hint).toMatch(/summarize_wal = on/);
});

test.each<[string, Change, RegExp]>([
  ['links that it does not depend on', (one) => ({ ...one, dependsOn: [] }), /and depends on others/],
  ['dependence without links', (one) => ({ ...one, builtOn: undefined }), /built on none, and depends on others/],
  ['a version that makes none', (one) => ({ ...one, server: { ...one.server, major: 16 } }), /only full/],
  [
    'links out of order',
    (one) => ({
      ...{ ...one, dependsOn: [idOf(12), idOf(11)] },
      builtOn: [12, 11].map((day) => ({ point: idOf(day), class: 'daily' as const, archiveSha256: 'a'.repeat(64) })),
    }),
    /out of order/,
  ],
])('a manifest with %s is none', (_what, change, problem) => {
  const prefix = pointPrefix(addressOf(19));
  const read = (manifest: BaseBackupManifest) => () => readManifest(serialiseManifest(manifest), prefix);
  expect(read(manifestOf(19, [11], (one) => one))).not.toThrow();
  try {
    read(manifestOf(19, [11], change))();
  } catch (error) {
    expect((error as { detail?: string }).detail).toMatch(problem);
    return;
  }
  throw new Error('it was taken');
});
