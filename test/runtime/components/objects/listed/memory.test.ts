import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { MirrorLab } from '../support';
import { CONFIG, ReplicaWorld } from './replica-world';

test('a list of 100,000 objects in no order becomes an inventory in order, in memory that does not hold them', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'listed-many-'));
  const lab = await MirrorLab.start();
  try {
    const { world, replica, lists, list } = await ReplicaWorld.make(lab, 'many');
    await list({ count: 100_000 });
    const outfile = path.join(directory, 'program.js');
    const entryPoints = [path.join(__dirname, '..', 'programs', 'many-listed.ts')];
    const define = { __POSTGRES_BACKUP_VERSION__: '"0.0.0"' };
    await build({ entryPoints, bundle: true, platform: 'node', outfile, logLevel: 'error', define });
    const { accessKeyId, secretAccessKey } = lab.server.credentials;
    const to = [lab.server.endpoint, accessKeyId, secretAccessKey, world.vaultBucket, replica, lists, CONFIG];
    const limits = ['--max-old-space-size=64', '--max-semi-space-size=8'];
    const { stdout } = await promisify(execFile)(process.execPath, [...limits, outfile, ...to]);
    const told = JSON.parse(stdout) as Record<string, number>;
    expect(told).toMatchObject({ objects: 100_000, pieces: 1 });
    // Generous, for other machines' collectors.
    expect(told.peakMiB).toBeLessThan(260);
  } finally {
    await lab.close();
    await rm(directory, { recursive: true, force: true });
  }
}, 120_000);
