import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { startS3Server } from '../../../../dev/s3';

/** What `programs/many-keys.ts` tells of so many objects, in a process of its own. */
export async function mirrorMany(count: number): Promise<Record<string, number>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'mirror-many-'));
  const server = await startS3Server({ directory: path.join(directory, 's3') });
  try {
    await server.createBucket('many', { versioning: true });
    const outfile = path.join(directory, 'program.js');
    const entryPoints = [path.join(__dirname, 'programs', 'many-keys.ts')];
    const define = { __POSTGRES_BACKUP_VERSION__: '"0.0.0"' };
    await build({ entryPoints, bundle: true, platform: 'node', outfile, logLevel: 'error', define });
    const { accessKeyId, secretAccessKey } = server.credentials;
    // As a small task has it: on a large machine the collector lets a heap grow that it does not need.
    const args = [
      '--max-old-space-size=128',
      '--max-semi-space-size=8',
      outfile,
      server.endpoint,
      accessKeyId,
      secretAccessKey,
      String(count),
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Record<string, number>;
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}
