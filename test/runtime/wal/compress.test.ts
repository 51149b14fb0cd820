/**
 * What is compressed for the archive, by whichever zstd: a program where Node has none, else its own. `npm run test:node24` runs this
 * with a Node that has one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { BackupError } from '../../../runtime/errors';
import { compress } from '../../../runtime/wal/zstd-process';
import { failureOf } from '../../support/failure-of';
import { Seeded } from '../../support/seeded';
import { decompress } from '../../support/zstd';

const run = promisify(execFile);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'postgres-backup-compress-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const never = new AbortController().signal;
const contents: Readonly<Record<string, Buffer>> = {
  'a byte': Buffer.from('1'),
  'a label': Buffer.from('START WAL LOCATION: 0/2000028\n'.repeat(9)),
  'what repeats itself': Buffer.alloc(5_000_000, 'a row of a table '),
  'what cannot be made smaller': new Seeded(24).bytes(3_000_000),
};

test.each(Object.keys(contents))(
  '%s is one frame with its size and a checksum, for the stock program',
  async (name) => {
    const compressed = await compress(contents[name], never);
    expect((await decompress(compressed)).equals(contents[name])).toBe(true);
    const file = path.join(directory, 'stored.zst');
    await writeFile(file, compressed);
    const { stdout } = await run('zstd', ['--list', '-v', file]);
    expect(stdout).toMatch(/^# Zstandard Frames: 1$/m);
    expect(stdout).toMatch(new RegExp(`^Decompressed Size: .*\\(${contents[name].length} B\\)$`, 'm'));
    expect(stdout).toMatch(/^Check: XXH64 [0-9a-f]{8}$/m);
  },
);

test('damage is seen by everybody who decompresses, even of what cannot be made smaller', async () => {
  const compressed = await compress(contents['what cannot be made smaller'], never);
  compressed[compressed.length >> 1] ^= 1;
  const file = path.join(directory, 'damaged.zst');
  await writeFile(file, compressed);
  await expect(run('zstd', ['--test', '--quiet', file])).rejects.toMatchObject({ code: 1 });
});

test('who is told to stop gets nothing', async () => {
  const given = new AbortController();
  const compressing = failureOf(compress(contents['what repeats itself'], given.signal));
  given.abort(new BackupError('terminated', 'told to stop'));
  expect(await compressing).toMatchObject({ code: 'terminated', message: 'told to stop' });
});
