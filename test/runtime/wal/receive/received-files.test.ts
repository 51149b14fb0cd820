/** What `pg_receivewal` writes is looked at while it writes, and while it is archived. */
import { mkdtemp, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseWalFile, type WalFile } from '../../../../model';
import { pushLeftovers } from '../../../../runtime/wal/receive/push-leftovers';
import { ReceivedFiles } from '../../../../runtime/wal/receive/received-files';
import { ReceiveDirectory } from '../../../../runtime/wal/receive/receive-directory';
import { failureOf } from '../../../support/failure-of';
import { MemoryStore } from '../../../support/memory-store';
import { nameOf, SEGMENT_BYTES, segmentBytesOf } from '../support/segments';

let directory: string;
let files: ReceivedFiles;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-received-'));
  files = new ReceivedFiles(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (name: string, content: Buffer | string = '') => writeFile(path.join(directory, name), content);
const partial = (number: number) => parseWalFile(`${nameOf(number)}.partial`) as WalFile;

test('full segments come in order of the log, each timeline’s history before them', async () => {
  for (const name of [
    nameOf(6, 2),
    nameOf(3),
    '00000002.history',
    nameOf(5, 2),
    nameOf(4),
    `${nameOf(7, 2)}.partial`,
  ]) {
    await write(name);
  }
  const names = (await files.finished()).map(({ name }) => name);
  expect(names).toEqual([nameOf(3), nameOf(4), '00000002.history', nameOf(5, 2), nameOf(6, 2)]);
  expect((await files.unfinished()).map(({ name }) => name)).toEqual([`${nameOf(7, 2)}.partial`]);
});

test('of a segment that is not full, the log is what lies before the zeros', async () => {
  const log = segmentBytesOf(3).subarray(0, 3000);
  log[2999] = 7;
  await write(`${nameOf(3)}.partial`, Buffer.concat([log, Buffer.alloc(SEGMENT_BYTES - log.length)]));
  expect((await files.readLog(partial(3)))?.equals(log)).toBe(true);
  expect(await files.receivedTo(SEGMENT_BYTES)).toBe(BigInt(3 * SEGMENT_BYTES + 3000));
  await write(`${nameOf(4)}.partial`, Buffer.alloc(SEGMENT_BYTES));
  expect(await files.readLog(partial(4))).toBeUndefined();
  expect(await files.readLog(partial(5))).toBeUndefined();
});

test('what is gone between the list and the look is no failure', async () => {
  await write(nameOf(3), 'x');
  // It is listed, and cannot be found.
  await symlink('archived', path.join(directory, nameOf(4)));
  await symlink('finished', path.join(directory, `${nameOf(5)}.partial`));
  expect(await files.sizeBytes()).toBe(1);
  expect(await files.readLog(partial(5))).toBeUndefined();
  const context = { store: new MemoryStore(), signal: new AbortController().signal, now: () => new Date(0) };
  await rm(path.join(directory, nameOf(3)));
  await pushLeftovers(files, 'orders', context);
});

describe('the directory', () => {
  test('a stream begins in a folder of its own, at the beginning of its segment', async () => {
    const parent = await ReceiveDirectory.open(path.join(directory, 'receive'));
    const start = { timeline: 2, lsn: BigInt(5 * SEGMENT_BYTES) };
    const [first, second] = [await parent.begin(start, SEGMENT_BYTES), await parent.begin(start, SEGMENT_BYTES)];
    expect(await readdir(first.directory)).toEqual([`${nameOf(5, 2)}.partial`]);
    expect(await parent.streams()).toHaveLength(2);
    await parent.drop(first);
    expect(await parent.streams()).toEqual([second]);
  });

  test('one that holds something else, or that others may write into, is refused', async () => {
    await write('notes.txt');
    expect(await failureOf(ReceiveDirectory.open(directory))).toMatchObject({ code: 'configuration-invalid' });
    await rm(path.join(directory, 'notes.txt'));
    const handle = await open(directory, 'r');
    await handle.chmod(0o777);
    await handle.close();
    expect(await failureOf(ReceiveDirectory.open(directory))).toMatchObject({ code: 'configuration-invalid' });
  });
});
