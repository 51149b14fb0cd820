/** The WAL archive with a real server at both ends: nothing that was acknowledged is missing, and recovery never ends early. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { walKey, parseWalFile, segmentAt, DEFAULT_SEGMENT_BYTES, type WalFile } from '../../model';
import { SOURCE } from '../support/lab';
import { failureOf } from '../support/failure-of';
import { until } from '../support/processes';
import { ArchivingLab, END_SEGMENT } from '../runtime/wal/support/archiving-lab';

const ALWAYS = 1_000_000;

let primary: ArchivingLab;
/** The newest base backup. */
let base: string;

beforeAll(async () => {
  primary = await ArchivingLab.start();
  await primary.sql('CREATE TABLE ledger (id serial PRIMARY KEY, note text)');
  base = await primary.baseBackup();
});
afterAll(() => primary.stop());

/** Rows, each committed by itself, with much log around them; gives the position after the last. */
async function commit(count: number): Promise<bigint> {
  const script = `INSERT INTO ledger (note) VALUES (repeat(md5(random()::text), 500));`.repeat(count);
  await primary.sql(script);
  return primary.position();
}

const rows = (sql: (script: string) => Promise<string>) => sql('SELECT count(*), max(id) FROM ledger');
const keyOf = (name: string): string => walKey(SOURCE, primary.systemIdentifier, parseWalFile(name) as WalFile);

test('recovery to a position has what was committed before it, and nothing after', async () => {
  await commit(20);
  const target = await commit(20);
  await primary.archiveAll();
  await commit(20);
  await primary.archiveAll();
  const recovered = await primary.recover(base, target, '--spool ../spool --ahead 4');
  expect(await rows(recovered)).toBe('40|40');
});

/** The name of a segment that is archived, with log before and after it that is archived too. */
async function segmentInTheMiddle(): Promise<{ name: string; target: bigint }> {
  await newBase();
  await commit(5);
  await primary.archiveAll();
  const name = segmentAt(1, await primary.position(), DEFAULT_SEGMENT_BYTES);
  await commit(5);
  await primary.archiveAll();
  const target = await commit(5);
  await primary.archiveAll();
  return { name, target };
}

/** What the server said as it gave recovery up. */
async function refusal(target: bigint, options = ''): Promise<string> {
  const error = await failureOf(primary.recover(base, target, options));
  expect(error.detail).toMatch(/startup process .* (exited with exit code 1|was terminated)/);
  expect(error.detail).not.toMatch(/archive recovery complete|selected new timeline/);
  return error.detail ?? '';
}

describe('what is not as it was archived ends recovery before the server is a primary, whatever lies before it', () => {
  const target = { bucket: 'vault', key: '' };
  const damages: readonly [string, (key: string) => Promise<void>, RegExp][] = [
    ['a segment that is missing', (key) => primary.lab.s3.damage.lose({ ...target, key }), /is not in the WAL archive/],
    [
      'a flipped bit',
      async (key) => primary.lab.s3.damage.flipBit({ ...target, key }, (await primary.lab.bytes(key)).length >> 1),
      /is not what was archived/,
    ],
  ];
  test.each(damages)('%s', async (_what, damage, reason) => {
    const { name, target: end } = await segmentInTheMiddle();
    const key = keyOf(name);
    const { metadata } = (await primary.lab.store.head(key)) ?? {};
    const whole = await primary.lab.bytes(key);
    await damage(key);
    expect(await refusal(end, '--gap-patience 0 --spool ../spool')).toMatch(reason);
    await primary.lab.store.put(key, whole, { metadata });
  });
});

test('a store that cannot be read is not the end of the archive', async () => {
  const { target } = await segmentInTheMiddle();
  const rule = primary.lab.faults.add({
    operation: 'GetObject',
    times: ALWAYS,
    fault: { kind: 'error', code: 'AccessDenied' },
  });
  expect(await refusal(target)).toMatch(/could not read/);
  expect(rule.fired).toBeGreaterThan(0);
  primary.lab.faults.clear();
});

/** From here on recovery begins here. */
async function newBase(): Promise<void> {
  base = await primary.baseBackup();
}

test('after the last archived segment recovery ends, and says that the target was not reached', async () => {
  await newBase();
  await primary.archiveAll();
  const beyond = (await primary.position()) + 2n ** 30n;
  expect(await refusal(beyond)).toMatch(/recovery ended before configured recovery target was reached/);
});

/** Segments that are not archived, from the first that can be. */
async function missingTo(target: bigint): Promise<readonly string[]> {
  const needed = { timeline: 1, from: BigInt(DEFAULT_SEGMENT_BYTES), to: target };
  const signal = new AbortController().signal;
  return (await primary.archive.hasEverySegment(primary.systemIdentifier, needed, signal)).missing;
}

test('while the store is down PostgreSQL is told so each time; when it is back everything is archived, in one piece', async () => {
  const failed = async () => Number(await primary.sql('SELECT failed_count FROM pg_stat_archiver'));
  const before = await failed();
  primary.lab.faults.add({
    operation: 'PutObject',
    times: ALWAYS,
    fault: { kind: 'error', code: 'ServiceUnavailable' },
  });
  await commit(3);
  await primary.wakingUntil('PostgreSQL counts a failure', async () => (await failed()) > before);
  primary.lab.faults.clear();
  const target = await commit(3);
  await primary.archiveAll();
  expect(await missingTo(target)).toEqual([]);
});

test('a push that is killed counts as failed with PostgreSQL, which it would not by itself', async () => {
  const failed = async () => Number(await primary.sql('SELECT failed_count FROM pg_stat_archiver'));
  const before = await failed();
  await primary.archiveWith("sh -c 'kill -9 $$' || exit 1");
  await primary.wakingUntil('PostgreSQL counts a failure', async () => (await failed()) > before);
  await primary.archiveWith('$PROGRAM archive-push "$1" || exit 1');
  await primary.archiveAll();
});

test('a helper that is killed while it works loses nothing: the command pushes by itself, another helper goes on', async () => {
  const socket = path.join(primary.directory, 'archive.sock');
  const log = path.join(primary.directory, 'ways');
  // As the guide has it, and which way each file went.
  await primary.archiveWith(
    `curl -sf -m 60 -o /dev/null --unix-socket ${socket} "http://helper/archive/$2" && echo helper >>${log} && exit 0
    $PROGRAM archive-push "$1" && echo alone >>${log} || exit 1`,
  );
  await writeFile(log, '', { mode: 0o666 });
  await chmod(log, 0o666);
  const first = await primary.startHelper(socket);
  const working = Array.from({ length: 4 }, () => primary.sql(`${END_SEGMENT}; ${END_SEGMENT}`));
  await until('the helper archived something', async () => (await readFile(log, 'utf8')).includes('helper'));
  first.kill('SIGKILL');
  await Promise.all(working);
  await primary.archiveAll();
  const second = await primary.startHelper(socket);
  const byHelpers = async () => (await readFile(log, 'utf8')).split('helper').length;
  const before = await byHelpers();
  await primary.wakingUntil('the other helper archived something', async () => (await byHelpers()) > before);
  const target = await commit(10);
  await primary.archiveAll();
  second.kill('SIGTERM');
  await until('the helper has ended', () => second.exitCode !== null);
  expect(second.exitCode).toBe(0);
  expect(await readFile(log, 'utf8')).toMatch(/helper[^]*alone[^]*helper/);
  expect(await missingTo(target)).toEqual([]);
});
