/** A disk that is full in the middle of a restore says nothing of the backup: it could not be verified, and nothing is left. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Drill } from '../../../model';
import { runDrill } from '../../../runtime/drill/drill';
import { silentReporter, type Reporter } from '../../../runtime/observe/reporter';
import { Lab } from '../../support/lab';
import { FilesLab } from '../components/files/support';
import { ServerDrillLab } from './base-backup/support';
import { backUp, drill, findings } from './support/drill-lab';

/**
 * A disk of its own that shrinks to what is on it, and a page more. Where this machine lets nobody mount one, its files may grow
 * no more from then on: the other way in which the kernel refuses a byte.
 */
class ShrinkingDisk {
  private constructor(
    readonly directory: string,
    private readonly isMounted: boolean,
  ) {}

  static async make(): Promise<ShrinkingDisk> {
    const directory = await mkdtemp(path.join(tmpdir(), 'pgb-'));
    const isMounted = succeeds('mount', ['-t', 'tmpfs', '-o', 'size=4g', 'tmpfs', directory]);
    await chmod(directory, 0o711);
    return new ShrinkingDisk(directory, isMounted);
  }

  /** At once: a step begins while this is done. */
  shrink(): void {
    if (!this.isMounted) return this.limitFiles();
    const used = Number(execFileSync('df', ['--output=used', '-k', this.directory]).toString().split('\n')[1]);
    execFileSync('mount', ['-o', `remount,size=${used + 4}k`, this.directory]);
  }

  /** Of this process, of what it starts, and of the server that it has started there. */
  private limitFiles(): void {
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && this.worksHere(name));
    for (const id of [String(process.pid), ...ids]) {
      // As the user that it runs as: even root may not do so to others in every container.
      const { uid, gid } = statSync(`/proc/${id}`);
      succeeds('prlimit', ['--pid', id, '--fsize=65536:unlimited'], { uid, gid });
    }
  }

  private worksHere(pid: string): boolean {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.directory);
    } catch {
      return false; // It has ended.
    }
  }

  async remove(): Promise<void> {
    if (this.isMounted) execFileSync('umount', [this.directory]);
    else execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:unlimited']);
    await rm(this.directory, { recursive: true, force: true });
  }
}

function succeeds(file: string, args: readonly string[], as: { uid?: number; gid?: number } = {}): boolean {
  try {
    execFileSync(file, args, { stdio: 'ignore', cwd: '/', ...as });
    return true;
  } catch {
    return false; // It is refused here.
  }
}

let disk: ShrinkingDisk;

beforeEach(async () => {
  disk = await ShrinkingDisk.make();
});
afterEach(() => disk.remove());

function shrinkingOn(name: string): Reporter {
  let isDone = false;
  return {
    ...silentReporter,
    begin: (step, options) => {
      if (step === name && !isDone) {
        isDone = true;
        disk.shrink();
      }
      return silentReporter.begin(step, options);
    },
  };
}

async function expectUnknown(made: Drill): Promise<void> {
  expect(findings(made)).toMatch(/No space left on device|File too large|disk-full|ran out of disk/);
  expect([made.outcome, made.failure?.code, made.restoreMs]).toEqual(['could not verify', 'disk-full', null]);
  expect(await readdir(disk.directory)).toEqual([]);
}

test('of a dump, while rows are restored', async () => {
  const lab = await Lab.start();
  try {
    await lab.database(
      'large',
      'CREATE TABLE t AS SELECT i, repeat(md5(i::text), 20) AS text FROM generate_series(1, 20000) i',
    );
    const point = await backUp(lab, 'large');
    await expectUnknown(await drill(lab, point, { scratchParent: disk.directory }, { reporter: shrinkingOn('data') }));
  } finally {
    await lab.stop();
  }
});

test('of a base backup, while the log is replayed', async () => {
  const lab = await ServerDrillLab.start();
  try {
    const { store, signal, now } = lab.moments.primary.lab.context({});
    const request = lab.request({ scratchParent: disk.directory, moment: 'latest' });
    const { drill: made } = await runDrill(request, { store, signal, now, reporter: shrinkingOn('recovery') });
    await expectUnknown(made);
  } finally {
    await lab.stop();
  }
});

test('of files, while they are written', async () => {
  const lab = await FilesLab.start();
  try {
    for (let i = 0; i < 20; i++) await lab.write(`file ${i}`, Buffer.alloc(256 * 1024, i));
    await lab.point();
    const { drill: made } = await runDrill(
      {
        source: 'orders',
        component: 'files',
        point: 'latest',
        checks: [],
        jobs: 1,
        allowedExtensions: [],
        extent: 'full',
        scratchParent: disk.directory,
        where: { host: 'lab', user: 'tester', task: null },
      },
      {
        store: lab.store,
        signal: new AbortController().signal,
        now: () => new Date(),
        reporter: shrinkingOn('volume media'),
      },
    );
    await expectUnknown(made);
  } finally {
    await lab.stop();
  }
});
