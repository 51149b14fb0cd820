/** Files are restored for practice into a directory that goes afterwards: each is what it was, and no damage passes. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Drill } from '../../../model';
import { findTar } from '../../../runtime/components/files/tar/find-tar';
import { runDrill } from '../../../runtime/drill/drill';
import type { DrillContext, DrillRequest } from '../../../runtime/drill/types';
import { BackupError } from '../../../runtime/errors';
import { silentReporter } from '../../../runtime/observe/reporter';
import type { ObjectStore } from '../../../runtime/store/store';
import { FilesLab } from '../components/files/support';
import { comparison } from './base-backup/support';
import { findings } from './support/drill-lab';

let lab: FilesLab;
let scratch: string;
const { PATH } = process.env;

beforeEach(async () => {
  lab = await FilesLab.start();
  scratch = await mkdtemp(path.join(tmpdir(), 'pgb-drills-'));
  for (let i = 0; i < 30; i++) await lab.write(`folder ${i % 4}/file ${i}`, `content of ${i}`);
  await lab.shell(`
    chmod 0600 'folder 0/file 0'; ln -s 'folder 0/file 0' link; ln 'folder 1/file 1' again; mkdir empty; chmod 1777 empty
    truncate -s 3M sparse; printf x | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none
    printf odd > "$(printf 'odd\\377name')"; touch -d 2001-02-03T04:05:06.789 'folder 2/file 2'`);
});

afterEach(async () => {
  process.env.PATH = PATH;
  await lab.stop();
  await rm(scratch, { recursive: true, force: true });
});

/** Files, links and the like: a directory comes along with what is in it. */
const ITEMS = 34;
const ENTRIES = ITEMS + 6;

async function drill(
  request: Partial<DrillRequest> = {},
  store: ObjectStore = lab.store,
  context: Partial<DrillContext> = {},
): Promise<Drill> {
  const whole: DrillRequest = {
    source: 'orders',
    component: 'files',
    point: 'latest',
    checks: [],
    jobs: 1,
    allowedExtensions: [],
    extent: 'full',
    seed: 1,
    scratchParent: scratch,
    where: { host: 'lab', user: 'tester', task: null },
    ...request,
  };
  const { signal } = new AbortController();
  const { drill: made } = await runDrill(whole, {
    store,
    signal,
    reporter: silentReporter,
    now: () => new Date('2026-11-20T05:40:00Z'),
    ...context,
  });
  expect(await readdir(scratch)).toEqual([]);
  return made;
}

test('everything, from a full backup and what changed since', async () => {
  await lab.point();
  await lab.write('folder 3/file 3', 'changed');
  await lab.shell(`rm 'folder 2/file 6'; printf new > 'folder 2/new'`);
  await lab.point();
  const made = await drill();
  expect(findings(made)).toBe('');
  expect(made).toMatchObject({ outcome: 'passed', extent: 'full', component: 'files' });
  expect(made.parts).toEqual([expect.objectContaining({ name: 'media', tried: ENTRIES, of: ENTRIES })]);
  expect(comparison(made, 'names').compared).toBe(ENTRIES);
  expect(made.restoreMs).toBeGreaterThan(0);
});

test('a sample: so many by lot with the directories on the way; what it takes is no restore time', async () => {
  await lab.point();
  const made = await drill({ extent: 'sample', sampleItems: 9 });
  expect(findings(made)).toBe('');
  expect(made).toMatchObject({ outcome: 'passed', extent: 'sample', seed: 1, restoreMs: null });
  expect(made.parts).toEqual([expect.objectContaining({ tried: 9, of: ITEMS })]);
  expect(comparison(made, 'names').compared).toBeGreaterThanOrEqual(9);
  expect(comparison(made, 'names').compared).toBeLessThan(ENTRIES);
  expect(comparison(made, 'index').compared).toBe(ENTRIES);
});

test.each([
  [
    'an index that is cut',
    { index: (lines: object[]) => lines.slice(0, -1) },
    /index failed: it lists 39 of 40 entries/,
  ],
  [
    'a mode that is another in the index',
    { index: (lines: object[]) => lines.map((line) => ({ ...line, ...('sha256' in line && { mode: '0777' }) })) },
    /is another in the archive than in the index/,
  ],
  ['an archive that lacks a file', { archive: withoutFirstFile }, /is in the index and not in the archive/],
  [
    'a content that changed',
    { archive: (tar: Buffer) => Buffer.from(tar.toString('latin1').replace('content of 7', 'content 0f 7'), 'latin1') },
    /the content of .* is another/,
  ],
])('%s, although all digests agree', async (_what, planted, finding) => {
  const { store } = await lab.plant(await lab.point(), planted as never);
  const made = await drill({}, store);
  expect(made.outcome).toBe('failed');
  expect(findings(made)).toMatch(finding);
});

/** A header with times, that header's content, the header of the file, and its content: a block each. */
function withoutFirstFile(tar: Buffer): Buffer {
  const at = tar.indexOf('./folder 0/PaxHeaders/file 12');
  if (at % 512 !== 0) throw new Error(`no header at ${at}`);
  return Buffer.concat([tar.subarray(0, at), tar.subarray(at + 2048)]);
}

test.each([
  ['gives another mode', 'chmod 0777 "$d/folder 0/file 4"', /file 4 has the mode 777/],
  ['leaves a file out', 'rm "$d/folder 0/file 4"', /file 4 is missing/],
  [
    'writes another content',
    'touch -r "$d/folder 0/file 4" "$d.t"; printf CONTENT >"$d/folder 0/file 4"; truncate -s 12 "$d/folder 0/file 4"; touch -r "$d.t" "$d/folder 0/file 4"; rm "$d.t"',
    /file 4 has another content/,
  ],
  ['gives another time', 'touch -d 2020-01-01 "$d/folder 0/file 4"', /file 4 was changed at/],
  ['makes a link lead elsewhere', 'ln -snf elsewhere "$d/link"', /link (leads to elsewhere|was changed)/],
])('a restore that %s', async (_what, harm, finding) => {
  await lab.point();
  const { program } = await findTar();
  const programs = path.join(lab.target('programs'));
  await mkdir(programs);
  const script = `#!/bin/sh
${program} "$@" || exit
case "$*" in *--extract*--keep-old-files*) ;; *) exit 0 ;; esac
for a in "$@"; do case "$a" in --directory=*) d="\${a#--directory=}" ;; esac; done
${harm}
`;
  await writeFile(path.join(programs, 'gtar'), script, { mode: 0o755 });
  process.env.PATH = `${programs}:${PATH}`;
  const made = await drill();
  expect(findings(made)).toMatch(finding);
  expect(made.outcome).toBe('failed');
});

test('a file that was lost in the vault has failed; out of time, nothing is known; in both nothing is left', async () => {
  const { manifest } = await lab.point();
  const stop = new AbortController();
  const reporter = {
    ...silentReporter,
    begin: (step: string) => {
      if (step === 'volume media') stop.abort(new BackupError('deadline-exceeded', 'not finished after 1 s'));
      return silentReporter.begin(step);
    },
  };
  const late = await drill({}, lab.store, { signal: stop.signal, reporter });
  expect([late.outcome, late.failure?.code]).toEqual(['could not verify', 'deadline-exceeded']);
  const store = lab.store.copy();
  store.delete(manifest.objects[0].key);
  const lost = await drill({}, store);
  expect(lost.outcome).toBe('failed');
  expect(['object-missing', 'archive-damaged']).toContain(lost.failure?.code);
});
