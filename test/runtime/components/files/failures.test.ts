import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FAILURE_NAME, MANIFEST_NAME } from '../../../../model';
import { failureOf } from '../../../support/failure-of';
import { FaultyStore, type StoreFault } from '../../../support/faulty-store';
import { brokenZstd } from '../../../support/tool-directory';
import { FilesLab } from './support';

let lab: FilesLab;
const PATH = process.env.PATH;
const TAR = execFileSync('which', ['tar']).toString().trim();
const ZSTD = execFileSync('which', ['zstd']).toString().trim();

beforeEach(async () => {
  lab = await FilesLab.start();
  await lab.shell('printf 1 > a && printf 2 > b && mkdir d && printf 3 > d/c && head -c 300000 /dev/urandom > random');
});
afterEach(async () => {
  process.env.PATH = PATH;
  await lab.stop();
});

/** tar as the script says; `real` runs the true one. It has read all names it is to archive before it begins. */
async function brokenTar(script: string): Promise<void> {
  const directory = lab.target('tools');
  await mkdir(directory);
  const file = path.join(directory, 'tar');
  const names = path.join(directory, 'names');
  await writeFile(
    file,
    `#!/bin/bash\ncase "$1" in --version|--help) exec ${TAR} "$@";; esac\n` +
      `case "$1" in --create) cat > ${names};; esac\nreal() { ${TAR} "$@" < ${names}; }\ncd ${lab.source}\n${script}\n`,
  );
  await chmod(file, 0o755);
  process.env.PATH = `${directory}:${PATH}`;
}

async function leavesNoPoint(): Promise<void> {
  const names = (await lab.keys()).map((key) => path.basename(key)).sort();
  expect(names).toEqual([FAILURE_NAME, 'started.json']);
  expect(lab.store.openUploads.size).toBe(0);
}

test.each([
  ['ends with an error after everything', 'real "$@"; exit 2', /tar ended with exit code 2/],
  ['is killed after everything', 'real "$@"; kill -9 $$', /tar was ended by SIGKILL/],
  ['is killed half-way', 'real "$@" | head -c 4000; kill -9 $$', /tar was ended by SIGKILL/],
  ['ends half-way with an error', 'real "$@" | head -c 100000; exit 2', /tar ended with exit code 2/],
  ['ends half-way, and says that all is well', 'real "$@" | head -c 100000; exit 0', /not as it was written/],
  ['cannot be started', 'exit 127', /tar ended with exit code 127/],
  [
    'archives what nobody asked for',
    ': > zz; printf "./zz\\0" >> ../tools/names; real "$@"',
    /tar archived zz, which nobody asked for/,
  ],
])('a tar that %s leaves no recovery point, and a record', async (_, script, message) => {
  await brokenTar(script);
  expect((await failureOf(lab.backup())).message).toMatch(message);
  await leavesNoPoint();
});

test.each([
  ['is killed', 'head -c 1000; kill -9 $$'],
  ['ends with an error', 'real "$@"; exit 1'],
])('a zstd that %s leaves no recovery point', async (_, script) => {
  const directory = await brokenZstd(ZSTD, lab.target('tools'), script);
  process.env.PATH = `${directory}:${PATH}`;
  await failureOf(lab.backup());
  await leavesNoPoint();
});

test.each<StoreFault>([
  { on: 'put', key: /archive/, effect: 'fail' },
  { on: 'put', key: /stored/, effect: 'fail' },
  { on: 'put', key: new RegExp(MANIFEST_NAME), effect: 'fail' },
])('a store that fails at %j leaves no recovery point', async (fault) => {
  const store = new FaultyStore(lab.store, [fault]);
  await failureOf(lab.backup({}, store));
  expect((await lab.keys()).filter((key) => key.endsWith(MANIFEST_NAME))).toEqual([]);
  expect(store.fired.length).toBeGreaterThan(0);
});

test('a file that tar leaves out is a failure, not a smaller backup', async () => {
  await brokenTar(`grep -zv random ${path.join(lab.target('tools'), 'names')} > only; ${TAR} "$@" < only`);
  expect((await failureOf(lab.backup())).message).toBe('tar left random out, which is there and can be read');
  await leavesNoPoint();
});

describe('a file of which tar could not read all, so that zeros stand in the archive in place of the rest,', () => {
  const says = (name: string, reason: string) =>
    `echo "tar: ./${name}: Warning: Read error at byte 0, while reading 512 bytes: ${reason}" >&2`;

  test('is a failure, though tar ends well; also when tar says much more after it', async () => {
    await brokenTar(`real "$@"; ${says('d/c', 'Input/output error')}; head -c 40000 /dev/zero | tr '\\0' '\\n' >&2`);
    const failure = await failureOf(lab.backup());
    expect(failure).toMatchObject({ code: 'file-unreadable' });
    expect(failure.detail).toContain('./d/c: Warning: Read error at byte 0');
    await leavesNoPoint();
  });

  test('is one that changed, where it was replaced on a file server meanwhile', async () => {
    await brokenTar(`real "$@"; ${says('d/c', 'Stale file handle')}`);
    const { manifest } = await lab.point();
    expect(manifest.warnings).toEqual(['volume media: 1 file changed while read, stored again by the next run: d/c']);
  });
});

test('a file that changes while it is read is counted, named, and stored again by the next run', async () => {
  await brokenTar('printf changed > a; real "$@"');
  const first = await lab.point();
  expect(first.manifest.volumes[0].counts).toMatchObject({ changedWhileRead: 1, vanished: 0 });
  expect(first.manifest.warnings).toEqual(['volume media: 1 file changed while read, stored again by the next run: a']);
  process.env.PATH = PATH;
  const second = await lab.point();
  expect(second.manifest.volumes[0].counts.stored).toBeGreaterThan(0);
  expect(await lab.restore(second)).toMatchObject({ outcome: 'passed' });
});

test('a file that is gone before it is read is counted, named, and not in the backup', async () => {
  await brokenTar('rm b; real "$@"');
  const point = await lab.point();
  expect(point.manifest.volumes[0].counts).toMatchObject({ vanished: 1, files: 3 });
  expect(point.manifest.warnings).toEqual(['volume media: 1 name gone before it could be read: b']);
});

test('a file that becomes another, or a pipe, meanwhile is told', async () => {
  await brokenTar('rm a b; printf new > n; mv n a; mkfifo b; real "$@"');
  const point = await lab.point();
  expect(point.manifest.volumes[0].counts).toMatchObject({ changedWhileRead: 1, special: 1 });
  process.env.PATH = PATH;
  expect((await lab.restore(point)).volumes[0].entries).toBe(5);
});

test('what tar says of nothing that was seen is handed on', async () => {
  await brokenTar('real "$@"; echo "tar: strange" >&2; exit 1');
  expect((await lab.point()).manifest.warnings).toEqual(['tar says: tar: strange']);
});

describe('an empty or missing volume is no backup', () => {
  test('a directory that is not there', async () => {
    const failure = await failureOf(lab.backup({ volumes: [{ name: 'media', directory: lab.target('nowhere') }] }));
    expect(failure).toMatchObject({ code: 'files-missing', detail: 'there is nothing of this name' });
  });

  test('a file in its place', async () => {
    const failure = await failureOf(
      lab.backup({ volumes: [{ name: 'media', directory: path.join(lab.source, 'a') }] }),
    );
    expect(failure).toMatchObject({ code: 'files-missing', detail: 'it is a file' });
  });

  test('one that is another directory at the end than at the begin, as when a mount goes away', async () => {
    await lab.point();
    await lab.shell('printf new > new');
    await brokenTar('mv ../source ../gone; mkdir ../source; real "$@"');
    expect(await failureOf(lab.backup())).toMatchObject({
      code: 'files-missing',
      message: 'volume media became another directory while it was read',
    });
  });

  test('fewer files than there must be, such as none where nothing is mounted', async () => {
    await lab.point();
    await lab.shell('rm -r *');
    expect(await failureOf(lab.backup())).toMatchObject({ code: 'files-missing' });
    expect(await lab.backup({ minimumFiles: 0 })).toMatchObject({ outcome: 'made' });
  });
});

test('two runs for one time make one recovery point', async () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'made' });
  expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
});

describe('a run that failed', () => {
  const scheduledAt = new Date('2026-11-20T02:00:00Z');
  beforeEach(async () => void (await failureOf(lab.backup({ scheduledAt, minimumFiles: 99 }))));

  test('is repeated for its scheduled time, in a folder of its own, restores, and is built on', async () => {
    const made = await lab.point({ scheduledAt });
    const folder = `${made.prefix}attempt.2/`;
    expect(made.manifest.objects.map(({ key }) => key.startsWith(folder))).toEqual([true, true]);
    await lab.restore(made);
    await expect(readFile(path.join(lab.target(), 'd/c'), 'utf8')).resolves.toBe('3');
    expect((await lab.point()).manifest.dependsOn).toEqual([made.manifest.point]);
    expect(await lab.backup({ scheduledAt })).toMatchObject({ outcome: 'skipped' });
  });

  test('is skipped, and leaves no word of failing, where another attempt was faster', async () => {
    const overtaken = new FaultyStore(lab.store, []);
    overtaken.put = async (key, body, options) => {
      if (key.endsWith(MANIFEST_NAME)) await lab.store.put(key, Buffer.from('of the other'));
      return lab.store.put(key, body, options);
    };
    expect(await lab.backup({ scheduledAt }, overtaken)).toMatchObject({ outcome: 'skipped' });
    expect((await lab.keys()).filter((key) => key.includes('failure'))).toHaveLength(1);
  });
});

test('a run that comes late is never built on a point that is younger than itself', async () => {
  await lab.point();
  const late = await lab.point({ scheduledAt: new Date('2026-11-19T00:00:00Z') });
  expect(late.manifest.dependsOn).toEqual([]);
});

describe('a restore whose tar', () => {
  test.each([
    ['fails', 'cat > /dev/null; echo "tar: d: Cannot open" >&2; exit 2', 'restore-failed'],
    ['is killed', 'head -c 100 > /dev/null; kill -9 $$', 'restore-failed'],
    ['finds no room', 'head -c 100 > /dev/null; echo "No space left on device" >&2; exit 2', 'disk-full'],
  ])('%s has failed', async (_, script, code) => {
    const point = await lab.point();
    await brokenTar(script);
    expect(await failureOf(lab.restore(point))).toMatchObject({ code });
  });

  test('says that all is well and restores nothing has failed, by comparison', async () => {
    const point = await lab.point();
    await brokenTar('cat > /dev/null');
    const report = await lab.restore(point);
    expect(report.outcome).toBe('failed');
    expect(report.volumes[0].differences).toEqual(
      expect.arrayContaining(['a is missing', 'd/c is missing']) as string[],
    );
  });

  test('damages one byte has failed, by comparison', async () => {
    const point = await lab.point();
    await brokenTar(
      `${TAR} "$@" && cd ${lab.target()} && [ ! -f a ] || { touch -r a t; printf X > a; touch -r t a; rm t; }`,
    );
    const report = await lab.restore(point);
    expect(report).toMatchObject({ outcome: 'failed' });
    expect(report.volumes[0].differences).toContain('a has another content');
  });
});
