/** The program itself, as it is bundled, from backup to drill and from base backup to a moment: with each major. */
import { readdir } from 'node:fs/promises';
import { FIRST_INCREMENTAL_MAJOR } from '../../model';
import { runCli } from '../support/cli';
import { nextSecond } from '../support/next-second';
import { BALANCED, MomentLab } from '../runtime/recovery/support';

let lab: MomentLab;
beforeAll(async () => {
  const settings = { full_page_writes: 'on' };
  lab = await MomentLab.start(isNew() ? { ...settings, summarize_wal: 'on' } : settings);
  await lab.primary.lab.database('shop', 'CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 500) AS i');
}, 60_000);
afterAll(() => lab.stop(), 60_000);

/** Before there is a server to ask. */
function isNew(): boolean {
  return (process.env.PATH ?? '').startsWith(process.env.TEST_BINDIR_18 ?? 'nowhere');
}

/** What it said as JSON; it must have ended well. */
async function said(args: readonly string[], database = 'shop'): Promise<Record<string, unknown>> {
  const ended = await runCli(lab.primary.lab, [...args, '--json'], { database }, { AWS_MAX_ATTEMPTS: '2' });
  if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

test('a database: backed up, verified, restored under another name, drilled', async () => {
  const { major } = lab.primary.lab.server;
  const made = await said(['backup', 'dump']);
  expect(await said(['verify', 'latest'])).toMatchObject({ point: made.point, outcome: 'passed' });
  expect(await said(['info', String(made.point)])).toMatchObject({ manifest: { server: { major } } });
  expect(await said(['restore', 'latest', '--create'], 'shop_2')).toMatchObject({ outcome: 'passed' });
  expect(await lab.primary.lab.sql('shop_2', 'SELECT count(*) FROM t')).toBe('500');
  expect(await said(['drill', 'latest'])).toMatchObject({ outcome: 'passed' });
}, 120_000);

test('a server: its files, what changed, its log, and a moment after that', async () => {
  await lab.primary.archiveAll();
  await lab.withPgbench(async () => {
    await lab.commit(1, 5);
    await said(['backup', 'base-backup'], 'postgres');
    await said(['verify', 'latest', '--component', 'base-backup', '--depth', 'stored', '--record']);
    await lab.commit(6, 5);
    if (isNew()) {
      await nextSecond();
      const made = await said(['backup', 'base-backup', '--incremental'], 'postgres');
      expect(made.dependsOn).toHaveLength(1);
      expect(await said(['verify', 'latest', '--component', 'base-backup'])).toMatchObject({ outcome: 'passed' });
      await lab.commit(11, 5);
    }
  });
  await lab.primary.archiveAll();
  expect(await said(['wal-check'])).toMatchObject({ outcome: 'passed' });
  const dataDirectory = await lab.directory();
  const restored = await said(['restore', '--to-latest', '--data-directory', dataDirectory]);
  expect(restored).toMatchObject({ outcome: 'passed', end: 'promoted' });
  const sql = await lab.open(dataDirectory);
  expect(await sql('SELECT count(*), max(id) FROM ledger')).toBe(isNew() ? '15|15' : '10|10');
  expect(await sql(BALANCED)).toBe('t');
  expect(await readdir(dataDirectory)).not.toContain('recovery.signal');
  expect(lab.primary.lab.server.major >= FIRST_INCREMENTAL_MAJOR).toBe(isNew());
}, 180_000);
