import { existsSync } from 'node:fs';
import { lstat, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { verifyFiles } from '../../../../runtime/components/files/verify';
import { silentReporter } from '../../../../runtime/observe/reporter';
import { failureOf } from '../../../support/failure-of';
import { contentOf, FilesLab, run } from './support';

let lab: FilesLab;
beforeEach(async () => void (lab = await FilesLab.start()));
afterEach(() => lab.stop());

const isRoot = process.getuid?.() === 0;

/** Names that have hurt somebody. */
const HOSTILE_NAMES = String.raw`
  printf x > ./-rf
  printf x > ./--checkpoint-action=exec=sh
  printf x > $'new\nline'
  printf x > $'tab\tand\\backslash\\n'
  printf x > $'not utf-8 \xff\xfe'
  printf x > 'quote"quote'
  printf x > "$(printf 'a%.0s' $(seq 255))"
  printf x > ' leading space'
  printf x > 'ünïcödé'
  printf x > '*'
  printf x > '@list'
  mkdir $'dir \xff' -- -d && printf x > $'dir \xff/in it' && printf x > ./-d/x
`;

test('names of any bytes, content, modes, times, links and holes come back as they were', async () => {
  await lab.shell(`
    ${HOSTILE_NAMES}
    mkdir sub sub/empty && chmod 2750 sub && chmod 0555 sub/empty
    printf content > sub/file && chmod 4711 sub/file && touch -d '1999-12-31 23:59:59.123456789Z' sub/file
    ln sub/file hard-link && ln sub/file sub/zz-hard-link
    ln -s /etc absolute && ln -s ../../outside leads-out && ln -s $'not utf-8 \\xff\\xfe' to-bytes && ln -s nowhere dangling
    truncate -s 30M holes && printf middle | dd of=holes bs=1 seek=9000000 conv=notrunc status=none
    truncate -s 5M only-hole && : > empty
    head -c 3000000 /dev/urandom > random
    ${isRoot ? 'chown 12345:54321 random && chown -h 7:8 dangling' : ''}
    touch -d '2001-02-03 04:05:06.7Z' sub sub/empty .
  `);
  const before = await contentOf(lab.source);
  const point = await lab.point();
  const report = await lab.restore(point);
  expect(report).toMatchObject({
    outcome: 'passed',
    warnings: isRoot ? [] : [expect.stringContaining('not run as root')],
  });
  expect(await contentOf(lab.target())).toEqual(before);
  expect(report.volumes[0].entries).toBe(Object.keys(before).length);
  expect(point.manifest.totals.items).toBe(Object.keys(before).length);
  expect(point.manifest.warnings).toEqual([]);
});

test('a hole is still a hole: a restored file takes no more room than it had', async () => {
  await lab.shell('truncate -s 60M holes && printf end >> holes');
  await lab.restore(await lab.point());
  const { size, blocks } = await stat(path.join(lab.target(), 'holes'));
  expect(size).toBe(60 * 1024 * 1024 + 3);
  expect(blocks * 512).toBeLessThan(1 * 1024 * 1024);
});

test('extended attributes come back, where the file system has them', async () => {
  await lab.write('file');
  const set = `import os; os.setxattr('file', 'user.colour', b'blue')`;
  await run('python3', ['-c', set], { cwd: lab.source });
  await lab.restore(await lab.point());
  const get = `import os; print(os.getxattr('file', 'user.colour').decode())`;
  const { stdout } = await run('python3', ['-c', get], { cwd: lab.target() });
  expect(stdout.trim()).toBe('blue');
});

test('what is neither file, directory nor link is named, and counted, and not backed up', async () => {
  await lab.write('file');
  await lab.shell('mkfifo pipe');
  const point = await lab.point();
  expect(point.manifest.volumes[0].counts.special).toBe(1);
  expect(point.manifest.warnings).toEqual(['volume media: 1 socket, pipe or device not backed up: pipe (pipe)']);
  expect(Object.keys(await contentOf(lab.target()).catch(() => ({})))).toEqual([]);
  await lab.restore(point);
  expect(Object.keys(await contentOf(lab.target()))).toEqual(['', '/file']);
});

test('by hand: the archive opens with zstd and tar, and sha256sum agrees with the index', async () => {
  await lab.write('a/b', 'content of b');
  const point = await lab.point();
  const [archive, index] = point.manifest.objects;
  const bytes = async (key: string) => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await lab.store.get(key)).body as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const { writeFile, mkdir } = await import('node:fs/promises');
  await mkdir(lab.target());
  await writeFile(path.join(lab.target(), 'archive.tar.zst'), await bytes(archive.key));
  await writeFile(path.join(lab.target(), 'index.zst'), await bytes(index.key));
  const { stdout } = await run(
    'bash',
    ['-euc', 'zstd -dc archive.tar.zst | tar -x; zstd -dc index.zst; sha256sum a/b; cat a/b'],
    { cwd: lab.target() },
  );
  const lines = stdout.split('\n');
  const entry = JSON.parse(lines[2]) as { path: string; sha256: string };
  expect(entry.path).toBe('a/b');
  expect(lines[3]).toBe(`${entry.sha256}  a/b`);
  expect(lines[4]).toBe('content of b');
});

test('several volumes are one recovery point, each restored into a directory of its name, or one alone', async () => {
  await lab.write('one/a');
  await lab.write('two/b');
  const volumes = [
    { name: 'first', directory: path.join(lab.source, 'one') },
    { name: 'second', directory: path.join(lab.source, 'two') },
  ];
  const point = await lab.point({ volumes });
  expect((await lab.restore(point)).outcome).toBe('passed');
  expect(Object.keys(await contentOf(lab.target()))).toEqual(['', '/first', '/first/a', '/second', '/second/b']);
  const report = await lab.restore(point, { volumes: ['second'], directory: lab.target('other') });
  expect(report.volumes.map(({ name }) => name)).toEqual(['second']);
  expect(await readFile(path.join(lab.target('other'), 'second/b'), 'utf8')).toBe('two/b');
});

test('a path that one of several volumes lacks is told before anything of any is restored', async () => {
  await lab.write('one/a');
  await lab.write('two/b');
  const volumes = ['one', 'two'].map((name) => ({ name, directory: path.join(lab.source, name) }));
  const point = await lab.point({ volumes });
  const failure = await failureOf(lab.restore(point, { paths: ['a'] }));
  expect(failure.message).toBe(`there is no a in volume two of ${point.manifest.point}`);
  expect(existsSync(lab.target())).toBe(false);
});

describe('by path', () => {
  test('a file, or a directory with all in it, and the directories on the way as they were', async () => {
    await lab.shell(
      'mkdir -p a/b/c x && printf 1 > a/b/c/1 && printf 2 > a/2 && printf 3 > a/b.txt && chmod 0711 a && touch -d 2001-01-01 a',
    );
    const report = await lab.restore(await lab.point(), { paths: ['a/b', './x/'] });
    expect(report.outcome).toBe('passed');
    expect(Object.keys(await contentOf(lab.target()))).toEqual(['', '/a', '/a/b', '/a/b/c', '/a/b/c/1', '/x']);
    expect(await lstat(path.join(lab.target(), 'a'))).toMatchObject({ mtime: new Date('2001-01-01T00:00:00Z') });
  });

  test('a hard link brings the name that holds its content', async () => {
    await lab.shell('mkdir a b && printf 1 > a/1 && ln a/1 b/2 && printf 3 > a/3');
    await lab.restore(await lab.point(), { paths: ['b'] });
    expect(Object.keys(await contentOf(lab.target()))).toEqual(['', '/a', '/a/1', '/b', '/b/2']);
  });

  test('nothing there is an error, before anything is touched', async () => {
    await lab.write('a/b');
    const restored = lab.restore(await lab.point(), { paths: ['a', 'c'] });
    await expect(restored).rejects.toMatchObject({
      code: 'restore-failed',
      message: expect.stringContaining('no c in') as string,
    });
    await expect(lstat(lab.target())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each(['../x', '/etc', 'a//b'])('%s is no path below a volume', async (wanted) => {
    await lab.write('a/b');
    await expect(lab.restore(await lab.point(), { paths: [wanted] })).rejects.toMatchObject({ code: 'usage' });
  });
});

test.each(['stored', 'read'] as const)('a verification of depth "%s" passes', async (depth) => {
  await lab.shell(HOSTILE_NAMES);
  await lab.point();
  await lab.write('more');
  const point = await lab.point();
  const report = await verifyFiles(point, depth, {
    store: lab.store,
    reporter: silentReporter,
    signal: new AbortController().signal,
    now: () => new Date(),
  });
  expect(report.objects.map(({ finding, outcome }) => [outcome, finding])).toMatchObject([
    ['passed', depth === 'read' ? 'every byte read; 2 entries as in the index' : 'size and CRC-32 as in the manifest'],
    ['passed', depth === 'read' ? 'every byte read; 17 entries' : 'size and CRC-32 as in the manifest'],
    ['passed', depth === 'read' ? 'every byte read' : 'size and CRC-32 as in the manifest'],
  ]);
});
