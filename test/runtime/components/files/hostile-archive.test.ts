/** Somebody who may write to the vault puts an archive or an index of their own there, with a manifest that agrees. */
import { link, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { verifyFiles } from '../../../../runtime/components/files/verify';
import type { FilesPoint } from '../../../../runtime/components/files/types';
import { silentReporter } from '../../../../runtime/observe/reporter';
import type { ObjectStore } from '../../../../runtime/store/store';
import { contentOf, FilesLab, type IndexDocument, type Planted } from './support';

let lab: FilesLab;
let point: FilesPoint;
let outside: string;

beforeEach(async () => {
  lab = await FilesLab.start();
  outside = lab.target('outside');
  await mkdir(outside);
  await writeFile(path.join(outside, 'secret'), 'secret');
  await lab.shell(`mkdir d && printf inside > d/file && printf x > zz && ln -s ${outside} way && ln zz zzz`);
  point = await lab.point();
});
afterEach(() => lab.stop());

async function verified(planted: FilesPoint, store: ObjectStore) {
  const { signal } = new AbortController();
  return verifyFiles(planted, 'read', { store, reporter: silentReporter, signal, now: () => new Date() });
}

/** Gives an entry another name, in a header that is right. */
function renamed(tar: Buffer, from: string, to: string): Buffer {
  const changed = Buffer.from(tar);
  for (let at = 0; at + 512 <= changed.length; at += 512) {
    const block = changed.subarray(at, at + 512);
    if (
      block.toString('latin1', 257, 262) !== 'ustar' ||
      block.toString('latin1', 0, from.length + 1) !== `${from}\0`
    ) {
      continue;
    }
    block.fill(0, 0, 100).write(to, 0, 'latin1');
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return changed;
  }
  throw new Error(`${from} is not in the archive`);
}

function renameLine(from: string, to: string): Planted['index'] {
  return (lines) => lines.map((line) => (line.path === from ? { ...line, path: to } : line));
}

const way = (): Planted['index'] => (lines) => {
  const file = lines.find((line) => line.path === 'd/file') as IndexDocument;
  const at = lines.findIndex((line) => line.path === 'way');
  return [...lines.slice(0, at + 1), { ...file, path: 'way/file' }, ...lines.slice(at + 1)];
};

test.each<[string, () => Planted]>([
  ['a path that climbs out, in the index', () => ({ index: renameLine('zz', '../outside/zz') })],
  ['a path that climbs out further down', () => ({ index: renameLine('d/file', 'd/../../outside/file') })],
  [
    'directories outside, in the index',
    () => ({
      index: ([root, ...rest]) => [root, { ...root, path: '..' }, { ...root, path: '../evil' }, ...rest],
    }),
  ],
  ['an absolute path in the index', () => ({ index: renameLine('zz', '/tmp/zz') })],
  ['a path that climbs out, in the archive', () => ({ archive: (tar) => renamed(tar, './zz', './../outside/zz') })],
  ['an absolute path in the archive', () => ({ archive: (tar) => renamed(tar, './zz', '/tmp/zz') })],
  ['a file below a link that leads out', () => ({ index: way() })],
  [
    'a file below a link that leads out, in both',
    () => ({ index: renameLine('zz', 'way/zz'), archive: (tar) => renamed(tar, './zz', './way/zz') }),
  ],
  [
    'a hard link to a file that is reached by a link that leads out',
    () => ({
      index: (lines) => lines.map((line) => (line.path === 'zzz' ? { ...line, linkTarget: 'way/secret' } : line)),
    }),
  ],
  ['an entry twice', () => ({ archive: (tar) => renamed(tar, './zz', './way') })],
  ['an entry under another name', () => ({ archive: (tar) => renamed(tar, './zz', './zy') })],
  ['an entry that the archive has not', () => ({ index: (lines) => [...lines, { ...lines[2], path: 'zzzz' }] })],
  [
    'content that is not that of the index',
    () => ({ index: (lines) => lines.map((line) => (line.sha256 ? { ...line, sha256: 'ab'.repeat(32) } : line)) }),
  ],
  ['more rights than in the archive', () => ({ index: (lines) => lines.map((line) => ({ ...line, mode: '4777' })) })],
  ['an archive that is cut', () => ({ archive: (tar) => tar.subarray(0, 4096) })],
  ['something behind the end', () => ({ archive: (tar) => Buffer.concat([tar, tar]) })],
  ['an index that is cut', () => ({ index: (lines) => lines.slice(0, 3) })],
  ['an index without its first line', () => ({ index: (lines) => lines.slice(1) })],
])(
  '%s: refused by the restore or by its comparison, found by the verification, and nothing outside is touched',
  async (_, plant) => {
    const before = await contentOf(outside);
    const planted = await lab.plant(point, plant());
    const ended = await lab.restore(planted.point, {}, planted.store).then(
      ({ outcome }) => outcome,
      (error: { code?: string }) => error.code,
    );
    // An index that says less than the archive holds restores what it says.
    const isLess = _ === 'an index that is cut';
    expect(ended).toBe(isLess ? 'passed' : 'archive-damaged');
    expect(await contentOf(outside)).toEqual(before);
    const around = await readdir(path.dirname(lab.source));
    expect(around.filter((name) => !['outside', 'source', 'target'].includes(name))).toEqual([]);
    if (_ === 'a hard link to a file that is reached by a link that leads out') return;
    expect(await verified(planted.point, planted.store)).toMatchObject({ outcome: 'failed' });
  },
);

test('an entry that no index knows never reaches the disk', async () => {
  const planted = await lab.plant(point, {
    index: (lines) => lines.filter((line) => line.path !== 'zzz' && line.path !== 'zz'),
  });
  await lab.restore(planted.point, {}, planted.store);
  expect(Object.keys(await contentOf(lab.target()))).toEqual(['', '/d', '/d/file', '/way']);
});

describe('a target that holds something', () => {
  beforeEach(async () => {
    await mkdir(lab.target());
    await writeFile(path.join(lab.target(), 'mine'), 'mine');
  });

  test('is refused, and left as it is', async () => {
    const before = await contentOf(lab.target());
    await expect(lab.restore(point)).rejects.toMatchObject({ code: 'target-not-empty', detail: 'it holds mine' });
    expect(await contentOf(lab.target())).toEqual(before);
  });

  test('--overwrite: what is not in the backup stays, what is in it is as it was', async () => {
    await lab.restore(point, { existing: 'overwrite' });
    await writeFile(path.join(lab.target(), 'd/file'), 'another');
    expect(await lab.restore(point, { existing: 'overwrite' })).toMatchObject({ outcome: 'passed' });
    const { '/mine': mine, ...rest } = await contentOf(lab.target());
    expect(mine).toBeDefined();
    expect(rest).toEqual(await contentOf(lab.source));
  });

  test('--overwrite never writes through a link that lies where a directory belongs', async () => {
    await symlink(outside, path.join(lab.target(), 'd'));
    const before = await contentOf(outside);
    await expect(lab.restore(point, { existing: 'overwrite' })).rejects.toMatchObject({ code: 'target-not-empty' });
    expect(await contentOf(outside)).toEqual(before);
  });

  test('--overwrite replaces a file; another name of the old one keeps the old content', async () => {
    await writeFile(path.join(lab.target(), 'zz'), 'old');
    await link(path.join(lab.target(), 'zz'), path.join(outside, 'linked'));
    await lab.restore(point, { existing: 'overwrite' });
    expect((await contentOf(outside))['/linked']).toContain(Buffer.from('old').toString('base64'));
  });

  test('--clean leaves nothing of it, and follows no link', async () => {
    await symlink(outside, path.join(lab.target(), 'to-outside'));
    expect(await lab.restore(point, { existing: 'clean' })).toMatchObject({ outcome: 'passed' });
    expect(await contentOf(lab.target())).toEqual(await contentOf(lab.source));
    expect(Object.keys(await contentOf(outside))).toEqual(['', '/secret']);
  });
});
