import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireSpace } from '../../../runtime/recovery/require-space';
import { failureOf } from '../../support/failure-of';

const free = async (directory: string) => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

let here: string;
let beside: string;
/** A file system of its own, in memory. */
const elsewhere = '/dev/shm';
beforeAll(async () => {
  [here, beside] = [await mkdtemp(path.join(tmpdir(), 'space-')), await mkdtemp(path.join(tmpdir(), 'space-'))];
});
afterAll(() => Promise.all([here, beside].map((directory) => rm(directory, { recursive: true }))));

test('what does not fit is refused, however many directories lie on the one disk', async () => {
  await requireSpace([here], (await free(here)) / 2);
  for (const directories of [[here], [here, beside]]) {
    const error = await failureOf(requireSpace(directories, (await free(here)) * 1.5));
    expect(error).toMatchObject({ code: 'disk-full' });
    expect(error.message).toContain(here);
    expect(error.detail).toMatch(/It needs about .*B, .*B are free/);
  }
});

test('a tablespace on a disk of its own need not fit where the rest goes', async () => {
  await requireSpace([here, elsewhere], (await free(here)) + (await free(elsewhere)) / 2);
});
