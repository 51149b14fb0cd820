/** A directory to back up, a vault in memory, and runs of the component between them. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { MANIFEST_NAME, type StoredObject } from '../../../../model';
import { findPoint } from '../../../../runtime/catalog/catalog';
import { backupFiles } from '../../../../runtime/components/files/backup';
import { restoreFiles } from '../../../../runtime/components/files/restore';
import type {
  FilesPoint,
  FilesRequest,
  FilesResult,
  RestoreFilesReport,
  RestoreFilesRequest,
} from '../../../../runtime/components/files/types';
import { crc32, crc32Base64 } from '../../../../runtime/store/crc32';
import { silentReporter } from '../../../../runtime/observe/reporter';
import type { ObjectStore } from '../../../../runtime/store/store';
import { MemoryStore } from '../../../support/memory-store';

export const run = promisify(execFile);
const BEGIN = Date.parse('2026-11-20T02:00:00Z');

export class FilesLab {
  readonly store = new MemoryStore();
  private minutes = 0;

  private constructor(private readonly directory: string) {}

  static async start(): Promise<FilesLab> {
    const lab = new FilesLab(await mkdtemp(path.join(tmpdir(), 'files-test-')));
    await mkdir(lab.source);
    return lab;
  }

  async stop(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  get source(): string {
    return path.join(this.directory, 'source');
  }

  /** A place to restore to, not there yet. */
  target(name = 'target'): string {
    return path.join(this.directory, name);
  }

  async write(name: string, content: string | Buffer = name): Promise<void> {
    const file = path.join(this.source, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  /** A shell in the directory that is backed up, as it is on any machine: a time of day is in UTC. */
  async shell(script: string): Promise<void> {
    await run('bash', ['-euc', script], {
      cwd: this.source,
      env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    });
  }

  /** Each is a minute after the one before. */
  async backup(request: Partial<FilesRequest> = {}, store: ObjectStore = this.store): Promise<FilesResult> {
    this.minutes += 1;
    const time = new Date(BEGIN + this.minutes * 60_000);
    return backupFiles(
      {
        source: 'orders',
        class: 'daily',
        volumes: [{ name: 'media', directory: this.source }],
        fullEverySeconds: 7 * 86_400,
        compressionLevel: 1,
        minimumFiles: 1,
        ...request,
      },
      { store, reporter: silentReporter, signal: new AbortController().signal, now: () => time },
    );
  }

  /** A backup that must succeed, as a restore finds it. */
  async point(request: Partial<FilesRequest> = {}, store: ObjectStore = this.store): Promise<FilesPoint> {
    const result = await this.backup(request, store);
    if (result.outcome !== 'made') throw new Error(`the backup was ${result.outcome}`);
    return this.read(result.manifest.point, store);
  }

  async read(point: string, store: ObjectStore = this.store): Promise<FilesPoint> {
    return findPoint(store, 'orders', 'files', point);
  }

  async restore(
    point: FilesPoint,
    request: Partial<RestoreFilesRequest> = {},
    store: ObjectStore = this.store,
  ): Promise<RestoreFilesReport> {
    return restoreFiles(
      { point, directory: this.target(), volumes: [], paths: [], existing: 'refuse', ...request },
      { store, reporter: silentReporter, signal: new AbortController().signal, now: () => new Date() },
    );
  }

  /**
   * A copy of the vault in which somebody who may write there put another archive or index in place of a point's, with a manifest
   * that agrees with it.
   */
  async plant({ prefix, manifest }: FilesPoint, planted: Planted): Promise<{ store: MemoryStore; point: FilesPoint }> {
    const store = this.store.copy();
    const [archive, index, ...rest] = manifest.objects;
    const objects = [
      replace(store, archive, planted.archive ?? ((tar) => tar)),
      replace(store, index, (text) => linesChanged(text, planted.index ?? ((lines) => lines))),
      ...rest,
    ];
    const storedBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const changed = { ...manifest, objects, totals: { ...manifest.totals, storedBytes } };
    store.damage(`${prefix}${MANIFEST_NAME}`, () => Buffer.from(JSON.stringify(changed)));
    return { store, point: await this.read(manifest.point, store) };
  }

  async keys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const entry of this.store.list('')) if (entry.kind === 'object') keys.push(entry.key);
    return keys;
  }
}

export type IndexDocument = Record<string, unknown>;

export interface Planted {
  /** The tar archive, not compressed. */
  readonly archive?: (tar: Buffer) => Buffer;
  readonly index?: (lines: IndexDocument[]) => IndexDocument[];
}

function replace(store: MemoryStore, object: StoredObject, change: (content: Buffer) => Buffer): StoredObject {
  const compressed = store.bytesOf(object.key);
  if (!compressed) throw new Error(`nothing at ${object.key}`);
  const content = execFileSync('zstd', ['-dc'], { input: compressed, maxBuffer: 2 ** 28 });
  const bytes = execFileSync('zstd', ['-c'], { input: change(content), maxBuffer: 2 ** 28 });
  store.damage(object.key, () => bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sizeBytes = bytes.length;
  return { ...object, sizeBytes, sha256, crc32: crc32Base64(crc32(bytes)), parts: [{ sizeBytes, sha256 }] };
}

function linesChanged(text: Buffer, change: (lines: IndexDocument[]) => IndexDocument[]): Buffer {
  const lines = text
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as IndexDocument);
  return Buffer.from(
    change(lines)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
}

/** Everything below a directory, by another way than that of the component: what a person would compare. */
export async function contentOf(directory: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  const inodes = new Map<string, string>();
  const look = async (place: Buffer, name: string): Promise<void> => {
    const stats = await lstat(place, { bigint: true });
    const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : stats.isFile() ? 'f' : '?';
    const first = inodes.get(String(stats.ino)) ?? name;
    inodes.set(String(stats.ino), first);
    const what =
      kind === 'f'
        ? `${(await readFile(place)).toString('base64').slice(0, 200)} ${stats.size} same as ${first}`
        : kind === 'l'
          ? (await readlink(place, { encoding: 'buffer' })).toString('latin1')
          : '';
    content[name] = `${kind} ${(stats.mode & 0o7777n).toString(8)} ${stats.uid}:${stats.gid} ${stats.mtimeNs} ${what}`;
    if (kind !== 'd') return;
    for (const child of (await readdir(place, { encoding: 'buffer' })).sort((a, b) => a.compare(b))) {
      await look(Buffer.concat([place, Buffer.from('/'), child]), `${name}/${child.toString('latin1')}`);
    }
  };
  await look(Buffer.from(directory), '');
  return content;
}
