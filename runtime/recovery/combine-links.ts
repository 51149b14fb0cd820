/** Puts a full base backup and the changes since together, with stock `pg_combinebackup`. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BaseBackupManifest } from '../../model';
import { BACKUP_MANIFEST_NAME } from '../components/base-backup/backup-manifest';
import type { ArchiveOrigin } from '../components/dump/verified-archive';
import { BackupError } from '../errors';
import type { Step } from '../observe/reporter';
import { installHint } from '../postgres/tools';
import { compareFiles, extract, handOver, writeApart } from './extract-archive';
import type { RecoveryTools } from './recovery-tools';
import { runTool } from './run-tool';

/** @throws BackupError `tool-missing`: an older server's programs, or a part of them, cannot do it. */
export function requireCombine({ pgCombinebackup }: RecoveryTools, { server, point }: BaseBackupManifest): string {
  if (pgCombinebackup !== undefined) return pgCombinebackup;
  throw new BackupError('tool-missing', `no pg_combinebackup of PostgreSQL ${server.major} found`, {
    detail: `${point} holds what changed since another base backup: it is needed to put them together.`,
    hint: installHint('server', server.major),
  });
}

export interface Combination {
  /** The full one first. */
  readonly chain: readonly BaseBackupManifest[];
  /** Empty. */
  readonly dataDirectory: string;
  readonly combine: string;
  readonly origin: ArchiveOrigin;
  readonly tools: RecoveryTools;
  readonly step: Pick<Step, 'advance' | 'detail'>;
}

/** Each is proven by itself before anything is made of it. Beside the data directory, on its disk, they lie meanwhile. */
export async function combineLinks({ chain, dataDirectory, combine, origin, tools, step }: Combination): Promise<void> {
  const { user } = tools;
  const { signal } = origin;
  const parts = await mkdtemp(`${dataDirectory}.parts-`);
  try {
    const directories: string[] = [];
    for (const [index, link] of chain.entries()) {
      step.detail(`${index + 1} of ${chain.length}`);
      const directory = path.join(parts, String(index));
      await mkdir(directory, { mode: 0o700 });
      await writeLink(origin, link, directory, tools, (sizeBytes) => step.advance(sizeBytes));
      directories.push(directory);
    }
    await handOver([parts, dataDirectory], tools, signal);
    for (const directory of directories) await compareFiles(directory, tools, signal);
    step.detail(`putting ${chain.length} together`);
    // What it writes is compared, and written to disk with all the rest.
    const args = ['--manifest-checksums=SHA256', '--no-sync', `--output=${dataDirectory}`, ...directories];
    await runTool({ file: combine, args, user, signal, failure: (said) => notCombined(chain, said) });
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

async function writeLink(
  origin: ArchiveOrigin,
  { objects, archive, backupManifest }: BaseBackupManifest,
  directory: string,
  tools: RecoveryTools,
  onBytes: (sizeBytes: number) => void,
): Promise<void> {
  await extract(origin, objects[archive], directory, tools, onBytes);
  if (backupManifest === null) return;
  await writeApart(origin, objects[backupManifest], path.join(directory, BACKUP_MANIFEST_NAME));
}

function notCombined(chain: readonly BaseBackupManifest[], said: string): BackupError {
  return new BackupError('restore-failed', 'the base backups could not be put together', {
    detail: `${chain.map(({ point }) => point).join(', ')}: ${said.slice(0, 4000)}`,
    hint: 'Restore from an older base backup: --base names it, and the log leads from there.',
  });
}
