/** Run as a process of its own: makes a recovery point of a list of S3 Inventory, and tells how much memory that took. */
import { readFileSync } from 'node:fs';
import { backupObjects } from '../../../../../runtime/components/objects/backup';
import { DEFAULT_MIRROR_SETTINGS } from '../../../../../runtime/components/objects/types';
import { silentReporter } from '../../../../../runtime/observe/reporter';
import { openS3Bucket } from '../../../../../runtime/store/s3-bucket';
import { openS3Store } from '../../../../../runtime/store/s3-store';

async function main([endpoint, accessKeyId, secretAccessKey, vault, replica, lists, config]: string[]): Promise<void> {
  const connection = { endpoint, credentials: { accessKeyId, secretAccessKey } };
  const bucket = (name: string, prefix: string) => openS3Bucket({ bucket: name, prefix }, connection);
  const result = await backupObjects(
    {
      source: 'orders',
      class: 'daily',
      mirrors: [
        {
          name: 'many',
          from: bucket(replica, ''),
          listings: bucket(lists, `${replica}/${config}/`),
          endpoint: null,
          way: 'by the store',
          include: [],
          exclude: [],
          tags: 'keep',
        },
      ],
      vault: bucket(vault, ''),
      settings: DEFAULT_MIRROR_SETTINGS,
    },
    {
      store: openS3Store(`s3://${vault}`, connection),
      reporter: silentReporter,
      signal: new AbortController().signal,
      now: () => new Date(Date.UTC(2026, 10, 20, 2)),
    },
  );
  if (result.outcome !== 'made') throw new Error('skipped');
  const { objects, inventory } = result.manifest.mirrors[0];
  const highWater = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const peakMiB = Math.round(Number(highWater?.[1]) / 1024);
  process.stdout.write(JSON.stringify({ objects, pieces: inventory.length, peakMiB }));
}

void main(process.argv.slice(2));
