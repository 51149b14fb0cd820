/**
 * Pushes what PostgreSQL will ask for next before it asks: the server calls `archive_command` for one file at a time, but says
 * in `archive_status` which others are ready. What was pushed is remembered as long as it is on that list; the file is what it was
 * then, or it is pushed again.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseWalFile } from '../../model';
import { BackupError } from '../errors';
import { pushWalFile, type PushedFile } from './push';
import type { PushContext } from './push-subject';

export interface AheadOptions {
  readonly dataDirectory: string;
  readonly source: string;
  readonly systemIdentifier: string;
  /** Files on their way at once, at most. */
  readonly parallel: number;
}

/** Of the files on their way; one of any size is always let through. Each is in memory whole, and once more compressed. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Remembered until asked for: far more than are ever ahead. */
const MOST_REMEMBERED = 1_000;

interface Push {
  readonly identity: string;
  readonly sizeBytes: number;
  readonly ended: Promise<PushedFile>;
  state: 'on its way' | 'archived';
}

export class PushAhead {
  private readonly pushes = new Map<string, Push>();
  private looking = false;

  constructor(
    private readonly options: AheadOptions,
    private readonly context: PushContext,
  ) {}

  /** Resolves when this file is archived: at once when it was pushed ahead. */
  async archive(name: string): Promise<PushedFile> {
    const file = this.pathOf(name);
    const known = this.pushes.get(name);
    const push = known && known.identity === (await identityOf(file)).identity ? known : await this.start(name);
    // Remembered on, until PostgreSQL has taken it off the list of what is ready: it would be pushed once more.
    return push.ended;
  }

  /** Begins to push what is ready, oldest first, as far as there is room. What fails is told when PostgreSQL asks for it. */
  async lookAhead(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const ready = await this.ready();
      this.forgetAllBut(ready);
      for (const name of ready) {
        if (this.context.signal.aborted || this.isFull()) return;
        if (!this.pushes.has(name)) (await this.start(name)).ended.then(this.goOn, ignoreUntilAsked);
      }
    } finally {
      this.looking = false;
    }
  }

  /** Resolves when nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.pushes.values()].map(({ ended }) => ended));
  }

  private readonly goOn = (): Promise<void> => this.lookAhead().catch(ignoreUntilAsked);

  private async start(name: string): Promise<Push> {
    const file = this.pathOf(name);
    const { identity, sizeBytes } = await identityOf(file);
    const { source, systemIdentifier } = this.options;
    const ended = pushWalFile({ path: file, source, systemIdentifier }, this.context);
    const push: Push = { identity, sizeBytes, ended, state: 'on its way' };
    this.pushes.set(name, push);
    ended.then(
      () => (push.state = 'archived'),
      () => {
        if (this.pushes.get(name) === push) this.pushes.delete(name);
      },
    );
    return push;
  }

  private isFull(): boolean {
    const underway = [...this.pushes.values()].filter(({ state }) => state === 'on its way');
    const bytes = underway.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const tooMuch = underway.length > 0 && bytes >= MOST_BYTES;
    return tooMuch || underway.length >= this.options.parallel || this.pushes.size >= MOST_REMEMBERED;
  }

  /** Files that PostgreSQL has marked as ready: histories first, as it archives them, then in order of the log. */
  private async ready(): Promise<string[]> {
    const entries = await readdir(path.join(this.options.dataDirectory, 'pg_wal', 'archive_status'));
    const names = entries.flatMap((entry) => (entry.endsWith('.ready') ? [entry.slice(0, -'.ready'.length)] : []));
    const rank = (name: string): string => `${name.endsWith('.history') ? 0 : 1}${name.slice(8)}${name}`;
    return names.filter((name) => parseWalFile(name)).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }

  private forgetAllBut(ready: readonly string[]): void {
    const names = new Set(ready);
    for (const [name, { state }] of this.pushes) {
      if (state === 'archived' && !names.has(name)) this.pushes.delete(name);
    }
  }

  private pathOf(name: string): string {
    if (parseWalFile(name)) return path.join(this.options.dataDirectory, 'pg_wal', name);
    throw new BackupError('usage', `${JSON.stringify(name)} is no name of a file that PostgreSQL archives`);
  }
}

function ignoreUntilAsked(): void {
  // PostgreSQL asks for the file when its turn comes; a failure is answered then.
}

/** A file of the same name that is another one, or was written since, is pushed again. */
async function identityOf(file: string): Promise<{ identity: string; sizeBytes: number }> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(file);
    return { identity: `${dev}:${ino}:${size}:${mtimeMs}`, sizeBytes: size };
  } catch (cause) {
    throw new BackupError('wal-missing', `${JSON.stringify(file)} cannot be read`, {
      detail: (cause as Error).message,
      hint: 'The helper must see the data directory of the server: --data-directory.',
      cause,
    });
  }
}
