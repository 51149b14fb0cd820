import { mkdir, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DumpManifest } from '../../model';
import { BackupError } from '../errors';
import { formatBytes } from '../observe/format';

/**
 * The directory of one drill: the server's files and the definitions. It goes with the drill, however that ends; what a drill
 * left that was killed together with its watchdog is swept by the next.
 */
export interface Scratch {
  readonly directory: string;
  remove(): Promise<void>;
}

const PREFIX = 'postgres-backup-drill-';
const OWNER_NAME = 'owner';

export async function makeScratch(parent: string = tmpdir()): Promise<Scratch> {
  await sweep(parent);
  const directory = await makeDirectory(parent);
  // The server may run as another user, and its own directory below is closed to all others.
  await chmod(directory, 0o711);
  await writeFile(path.join(directory, OWNER_NAME), `${process.pid} ${await startOf(process.pid)}\n`);
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Works in one, which goes whatever comes of it. */
export async function inScratch(parent: string | undefined, work: (directory: string) => Promise<void>): Promise<void> {
  const scratch = await makeScratch(parent);
  try {
    await work(scratch.directory);
  } finally {
    await scratch.remove();
  }
}

async function makeDirectory(parent: string): Promise<string> {
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(path.join(parent, PREFIX));
  } catch (cause) {
    throw new BackupError('configuration-invalid', `a drill cannot write to ${parent}`, {
      detail: (cause as Error).message,
      hint: 'It restores the whole database there: mount a writable volume, or set TMPDIR to one.',
      cause,
    });
  }
}

/** Removes the directories of drills whose process is gone, with a server that may still run in one. */
async function sweep(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const directory = path.join(parent, name);
    if (await isOwned(directory)) continue;
    await stopServers(directory);
    // What belongs to another user of the machine stays.
    await rm(directory, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }
}

/** A directory without an owner that is older than this was left so; a younger one is only just being made. */
const OWNER_WRITTEN_MS = 60_000;

/** By a process that lives. */
async function isOwned(directory: string): Promise<boolean> {
  const owner = await readFile(path.join(directory, OWNER_NAME), 'utf8').catch(() => undefined);
  if (owner === undefined) {
    const made = await stat(directory).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs < OWNER_WRITTEN_MS;
  }
  const [pid, start] = owner.trim().split(' ');
  return (await startOf(Number(pid))) === start && start !== '';
}

/** When a process was started, as the system counts; empty when there is none. A number alone may have been given to another. */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name, in parentheses, may hold anything; field 22 is the start.
  if (line !== undefined) return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return isAlive(pid) ? 'alive' : '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function stopServers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const data = path.join(directory, name, 'data');
    const lines = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    const [pid, where] = lines.split('\n');
    // Only what says itself that it works in this very directory.
    const command = await readFile(`/proc/${Number(pid)}/cmdline`, 'utf8').catch(() => '');
    if (where === data && command.includes(data)) process.kill(Number(pid), 'SIGQUIT');
  }
}

/** What a drill writes to its scratch directory at most, and what that is. */
export interface NeededRoom {
  readonly what: string;
  readonly sizeBytes: number;
}

/** Indexes are made anew and may be larger than they were; write-ahead log comes on top. */
const ROOM_FACTOR = 1.1;
const ROOM_BYTES = 256 * 1024 * 1024;

/** One database at a time. */
export function dumpRoom({ databases }: DumpManifest): NeededRoom {
  const largest = Math.max(0, ...databases.map(({ sizeBytes }) => sizeBytes ?? 0));
  const sizeBytes = largest * ROOM_FACTOR + ROOM_BYTES;
  const what = `The largest database takes ${formatBytes(largest)}; with indexes made anew and a log, about ${formatBytes(sizeBytes)}.`;
  return { what, sizeBytes };
}

/** Refuses to begin what cannot end: a disk that is full half-way says nothing of the backup. `disk-full`. */
export async function refuseTooLittleRoom(directory: string, { what, sizeBytes }: NeededRoom): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= sizeBytes) return;
  throw new BackupError('disk-full', `${directory} has ${formatBytes(bavail * bsize)} left, too little for a drill`, {
    detail: what,
    hint: 'Give the task more ephemeral storage, or set TMPDIR to a larger volume.',
  });
}
