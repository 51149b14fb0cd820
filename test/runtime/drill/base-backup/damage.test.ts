/** Damage that was in a server when it was backed up, or came into the backup since, is found; a clean one has none of it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MANIFEST_NAME, type StoredObject } from '../../../../model';
import { checkPages } from '../../../../runtime/drill/base-backup/page-checksums';
import { Findings } from '../../../../runtime/drill/findings';
import { DrillPhases } from '../../../../runtime/drill/phases';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { dataDirectory } from '../../../../runtime/postgres/initialise-cluster';
import { serverUser } from '../../../../runtime/postgres/operating-system-user';
import { findRecoveryTools } from '../../../../runtime/recovery/recovery-tools';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { makeBase } from '../../components/base-backup/support';
import { findings } from '../support/drill-lab';
import { comparison, ServerDrillLab } from './support';

let lab: ServerDrillLab;
/** Where pages have checksums, as by default from 18 on, a backup of a broken one is none. */
let hasChecksums: boolean;

beforeAll(async () => {
  lab = await ServerDrillLab.start();
  const { primary } = lab.moments;
  await primary.sql(`
    CREATE TABLE broken AS SELECT i AS id, repeat('x', 100) AS text FROM generate_series(1, 200) i;
    CREATE TABLE lied (id int);
    CREATE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
    CREATE INDEX lied_same ON lied (same(id));
    INSERT INTO lied SELECT generate_series(1, 100);
    CREATE OR REPLACE FUNCTION same(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -$1';
    VACUUM (FREEZE) broken;
    CREATE TABLE twice (id int PRIMARY KEY, name text);
    UPDATE pg_index SET indisunique = false, indisprimary = false WHERE indexrelid = 'twice_pkey'::regclass;
    INSERT INTO twice VALUES (7, 'once'), (7, 'again');
    UPDATE pg_index SET indisunique = true, indisprimary = true WHERE indexrelid = 'twice_pkey'::regclass;
    CREATE DATABASE elsewhere;
    CHECKPOINT;`);
  // As the index would be if it had been made by the rules of another operating system.
  await primary.lab.sql(
    'elsewhere',
    `CREATE TABLE words (word text);
     CREATE FUNCTION sorted(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1';
     CREATE INDEX words_sorted ON words (sorted(word));
     INSERT INTO words SELECT 'word ' || i FROM generate_series(1, 100) i;
     CREATE OR REPLACE FUNCTION sorted(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT reverse($1)';
     UPDATE pg_database SET datcollversion = 'another' WHERE datname = 'elsewhere'`,
  );
  const file = await primary.sql("SELECT pg_relation_filepath('broken')");
  hasChecksums = (await primary.sql('SHOW data_checksums')) === 'on';
  if (!hasChecksums) await breakRow(path.join(dataDirectory(primary.lab.server.directory), file));
  await makeBase(primary);
  await lab.moments.commit(100, 3);
  await primary.archiveAll();
}, 180_000);
afterAll(() => lab.stop());

/** Of the first row of a table's first page: where its columns begin, which then lies beyond it. A row that is read by its id still reads well. */
async function breakRow(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const pointer = Buffer.alloc(4);
    await handle.read(pointer, 0, 4, 24);
    const at = pointer.readUInt32LE(0) & 0x7fff;
    const HEADER_SIZE_OFFSET = 22;
    await handle.write(Buffer.from([200]), 0, 1, at + HEADER_SIZE_OFFSET);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

test('a broken row and an index that lacks its rows, both in a backup whose every file is as it was sent', async () => {
  const made = await lab.drill({ moment: 'latest' });
  expect(comparison(made, 'files').outcome).toBe('passed');
  expect(comparison(made, 'moment').outcome).toBe('passed');
  const broken = /^tables of postgres failed: table public\.broken, block 0, row 1: /m;
  expect(broken.test(findings(made))).toBe(!hasChecksums);
  expect(findings(made)).toMatch(
    /^indexes of postgres failed: index public\.lied_same: heap tuple .* lacks matching index tuple/m,
  );
  expect(made.outcome).toBe('failed');
  // PostgreSQL's own check looks for it from 17 on.
  const twice = /^indexes of postgres failed: index public\.twice_pkey: index uniqueness is violated/m;
  expect(twice.test(findings(made))).toBe(lab.moments.primary.lab.server.major >= 17);
  // What may be a difference between two machines is not said of the backup.
  expect(findings(made)).toMatch(
    /^indexes of elsewhere could not verify: index public\.words_sorted: .*; but this machine sorts its text by another version/m,
  );
});

test('a file that is another than the server sent, although all digests of ours agree', async () => {
  const { primary } = lab.moments;
  const { manifest, prefix } = await makeBase(primary);
  await primary.archiveAll();
  const [archive, ...rest] = manifest.objects;
  const forged = await replaced(archive, (tar) => {
    const at = tar.indexOf(Buffer.from('PG_VERSION\0'));
    tar.writeUInt8(tar.readUInt8(at + 512) ^ 1, at + 512);
    return tar;
  });
  const storedBytes = [forged, ...rest].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const changed = { ...manifest, objects: [forged, ...rest], totals: { ...manifest.totals, storedBytes } };
  await lab.store.put(`${prefix}${MANIFEST_NAME}`, Buffer.from(JSON.stringify(changed)));
  const made = await lab.drill({ point: manifest.point, moment: 'latest' });
  expect([made.outcome, made.failure?.code]).toEqual(['failed', 'comparison-failed']);
  expect(findings(made)).toMatch(/the restored files are not those that the server sent/);
});

async function replaced(object: StoredObject, change: (content: Buffer) => Buffer): Promise<StoredObject> {
  const compressed = await lab.moments.primary.lab.bytes(object.key);
  const content = execFileSync('zstd', ['-dc'], { input: compressed, maxBuffer: 2 ** 29 });
  const bytes = execFileSync('zstd', ['-c'], { input: change(content), maxBuffer: 2 ** 29 });
  await lab.store.put(object.key, bytes);
  const { versionId = null } = (await lab.store.head(object.key)) ?? {};
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sizeBytes = bytes.length;
  return { ...object, versionId, sizeBytes, sha256, crc32: crc32Base64(crc32(bytes)), parts: [{ sizeBytes, sha256 }] };
}

describe('page checksums', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'pgb-pages-'));
    await chmod(directory, 0o755);
    const user = await serverUser();
    await mkdir(path.join(directory, 'data'), { mode: 0o700 });
    if (user) await chown(path.join(directory, 'data'), user.uid, user.gid);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function check(options: readonly string[], damage?: (data: string) => Promise<void>) {
    const tools = await findRecoveryTools(lab.moments.primary.lab.server.major);
    const data = path.join(directory, 'data');
    const args = [`--pgdata=${data}`, '--no-sync', '--no-instructions', '--auth=trust', ...options];
    execFileSync(tools.initdb, args, {
      ...tools.user,
      cwd: '/',
      stdio: 'ignore',
      env: { LC_ALL: 'C', PATH: process.env.PATH },
    });
    await damage?.(data);
    const { signal, now } = lab.moments.primary.lab.context({});
    const findingsOf = new Findings(lab.request(), now());
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const context = { store: lab.store, signal, now, reporter };
    const work = { request: lab.request(), context, findings: findingsOf, phases: new DrillPhases(reporter) };
    return { found: await checkPages(work, directory, tools), warnings };
  }

  test('each page is read; one that was changed is named by its file', async () => {
    const clean = await check(['--data-checksums']);
    expect(clean.found).toMatchObject({ outcome: 'passed', findings: [] });
    expect(clean.found?.compared).toBeGreaterThan(500);
    for (const name of await readdir(path.join(directory, 'data'))) {
      await rm(path.join(directory, 'data', name), { recursive: true });
    }
    const damaged = await check(['--data-checksums'], async (data) => {
      const handle = await open(path.join(data, 'base/1/1259'), 'r+');
      await handle.write(Buffer.from('damage'), 0, 6, 8192 + 4000);
      await handle.close();
    });
    expect(damaged.found?.outcome).toBe('failed');
    expect(damaged.found?.findings.join()).toContain('the page in "base/1/1259", block 1');
  });

  test('a cluster without them is told of, and counts as neither', async () => {
    const { found, warnings } = await check(lab.moments.primary.lab.server.major >= 18 ? ['--no-data-checksums'] : []);
    expect(found).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/no page checksums/)]);
  });
});
