/** How much memory processes hold together, as a machine of their own would see it. */
import { readFile } from 'node:fs/promises';
import type { ListedProcess } from './processes';

/**
 * Pages of a file that several of them have mapped, such as a library's, are there once. Linux tells which those are; elsewhere they
 * are counted for each.
 */
export async function residentTogether(processes: readonly ListedProcess[]): Promise<number> {
  const files = new Map<string, number>();
  let ownBytes = 0;
  for (const { pid, residentBytes } of processes) {
    const mappings = await mappingsOf(pid);
    if (mappings === undefined) ownBytes += residentBytes;
    for (const { file, fileBytes, anonymousBytes } of mappings ?? []) {
      ownBytes += anonymousBytes;
      files.set(file, Math.max(files.get(file) ?? 0, fileBytes));
    }
  }
  return [...files.values()].reduce((sum, bytes) => sum + bytes, ownBytes);
}

interface Mapping {
  /** Which bytes of which file. */
  readonly file: string;
  readonly fileBytes: number;
  /** What is of no file, or was written to since. */
  readonly anonymousBytes: number;
}

/** `7f12…-7f34… r--p 00001000 fe:00 1234  /usr/lib/x.so`, and what is resident of it below. */
const MAPPING =
  /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) (\S+ \d+) .*\n(?:.*\n)*?Rss: +(\d+) kB\n(?:.*\n)*?Anonymous: +(\d+) kB$/gm;

/** Nothing where the system does not tell, or the process has ended. */
async function mappingsOf(pid: number): Promise<Mapping[] | undefined> {
  const smaps = await readFile(`/proc/${pid}/smaps`, 'utf8').catch(() => '');
  const mappings = [...smaps.matchAll(MAPPING)].map(([, offset, file, resident, anonymous]) => ({
    file: `${file} ${offset}`,
    fileBytes: (Number(resident) - Number(anonymous)) * 1024,
    anonymousBytes: Number(anonymous) * 1024,
  }));
  return mappings.length === 0 ? undefined : mappings;
}
