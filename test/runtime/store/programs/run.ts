import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { nodeOptionsOfImage } from '../../../support/image-node';

/** Runs a program of this folder to its end, bundled as the shipped one is, with Node's flags as in the image, and gives what it printed. */
export async function runProgram(name: string, args: readonly string[]): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'store-program-'));
  const outfile = join(folder, 'program.js');
  try {
    await build({ entryPoints: [join(__dirname, name)], bundle: true, platform: 'node', outfile, logLevel: 'error' });
    const env = { ...process.env, ...nodeOptionsOfImage() };
    const { stdout } = await promisify(execFile)(process.execPath, [outfile, ...args], { env, timeout: 280_000 });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
