/** Run as a process of its own: mirrors a source of so many made-up objects, twice, and tells how much memory that took. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { backupObjects } from '../../../../../runtime/components/objects/backup';
import { DEFAULT_MIRROR_SETTINGS } from '../../../../../runtime/components/objects/types';
import { silentReporter } from '../../../../../runtime/observe/reporter';
import type { Bucket, ListedObject } from '../../../../../runtime/store/bucket';
import { openS3Store } from '../../../../../runtime/store/s3-store';

const PAGE = 1000;

async function main([endpoint, accessKeyId, secretAccessKey, count]: string[]): Promise<void> {
  const store = openS3Store('s3://many', { endpoint, credentials: { accessKeyId, secretAccessKey } });
  const made: Record<string, number> = {};
  let minute = 0;
  for (const run of ['first', 'second']) {
    const now = new Date(Date.UTC(2026, 10, 20, 2, (minute += 1)));
    const result = await backupObjects(
      {
        source: 'orders',
        class: 'daily',
        mirrors: [
          {
            name: 'many',
            from: source(Number(count)),
            endpoint: null,
            way: 'by the store',
            include: [],
            exclude: [],
            tags: 'leave out',
          },
        ],
        vault: copying(),
        settings: { ...DEFAULT_MIRROR_SETTINGS, segmentCopies: DEFAULT_MIRROR_SETTINGS.segmentEntries },
      },
      { store, reporter: silentReporter, signal: new AbortController().signal, now: () => now },
    );
    if (result.outcome !== 'made') throw new Error('skipped');
    made[`${run}Copied`] = result.manifest.mirrors[0].changes.copied;
    made[`${run}Items`] = result.manifest.totals.items;
    made[`${run}PeakMiB`] = peakMiB();
  }
  process.stdout.write(JSON.stringify(made));
}

/** Of this program alone: what the system tells of a process's resources begins with the memory of the one that started it. */
function peakMiB(): number {
  const highWater = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(highWater?.[1]) / 1024);
}

/** Lists so many objects and has none of them in memory. */
function source(count: number): Bucket {
  const pages = async function* (): AsyncGenerator<readonly ListedObject[]> {
    for (let start = 0; start < count; start += PAGE) {
      yield Array.from({ length: Math.min(PAGE, count - start) }, (_, index) => listed(start + index));
    }
  };
  const copySource = (key: string, { etag }: { etag: string }) => ({ header: key, etag });
  return { uri: 's3://source', prefix: '', sent: { writing: 0, reading: 0 }, pages, copySource } as unknown as Bucket;
}

function listed(number: number): ListedObject {
  const name = String(number).padStart(10, '0');
  return {
    key: `customers/${name.slice(0, 6)}/documents/${name}.pdf`,
    sizeBytes: number,
    etag: `"${createHash('md5').update(name).digest('hex')}"`,
    modified: '2026-11-20T01:00:00.000Z',
  };
}

function copying(): Bucket {
  const copy = async (key: string) => ({
    versionId: createHash('md5').update(key).digest('hex'),
    etag: `"${createHash('md5').update(key).digest('hex')}"`,
    sha256: createHash('sha256').update(key).digest('hex'),
  });
  return { uri: 's3://many', prefix: '', sent: { writing: 0, reading: 0 }, copy } as unknown as Bucket;
}

void main(process.argv.slice(2));
