/** Makes a data directory of a base backup, and proves that each file of it is as the server sent it. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BaseBackupManifest } from '../../model';
import type { ArchiveOrigin } from '../components/dump/verified-archive';
import { BACKUP_MANIFEST_NAME } from '../components/base-backup/backup-manifest';
import { readLinks } from '../components/base-backup/links';
import { BackupError } from '../errors';
import { formatNumberOf } from '../observe/format';
import { combineLinks, requireCombine } from './combine-links';
import { compareFiles, extract, handOver, writeApart } from './extract-archive';
import type { RecoveryTools } from './recovery-tools';
import { requireSpace } from './require-space';
import type { MomentContext, MomentRequest } from './types';

/** Log that is fetched ahead and replayed. */
const LOG_SEGMENTS = 32;

/** @throws BackupError `target-not-empty`, `disk-full`, or what is wrong with the base backup. */
export async function buildDirectory(
  request: MomentRequest,
  manifest: BaseBackupManifest,
  tools: RecoveryTools,
  context: MomentContext,
): Promise<void> {
  const { dataDirectory } = request;
  const places = manifest.tablespaces.map(({ oid, location, archive }) => ({
    oid,
    archive,
    directory: path.resolve(request.tablespaces.get(location) ?? location),
  }));
  refuseUnknownMapping(request, manifest);
  const chain = [...(await readLinks(context.store, manifest)).map((link) => link.manifest), manifest];
  const combine = chain.length > 1 ? requireCombine(tools, manifest) : undefined;
  const directories = [dataDirectory, ...places.map((place) => place.directory)];
  for (const directory of directories) await requireEmpty(directory);
  await requireSpace(directories, neededBytes(chain));
  const step = context.reporter.begin('base backup', {
    totalBytes: chain.reduce((sum, { totals }) => sum + totals.storedBytes, 0),
  });
  const onBytes = (sizeBytes: number) => step.advance(sizeBytes);
  const origin: ArchiveOrigin = { store: context.store, zstd: tools.zstd, signal: context.signal };
  if (combine) await combineLinks({ chain, dataDirectory, combine, origin, tools, step });
  else await extract(origin, manifest.objects[manifest.archive], dataDirectory, tools, onBytes);
  for (const { oid, directory, archive } of places) {
    await extract(origin, manifest.objects[archive], directory, tools, onBytes);
    await symlink(directory, path.join(dataDirectory, 'pg_tblspc', String(oid)));
  }
  if (!combine && manifest.backupManifest !== null) {
    await writeApart(origin, manifest.objects[manifest.backupManifest], path.join(dataDirectory, BACKUP_MANIFEST_NAME));
  }
  await handOver(directories, tools, context.signal);
  step.detail('comparing each file with its digest');
  await compareFiles(dataDirectory, tools, context.signal);
  if (places.length > 0) await rewriteTablespaceMap(dataDirectory, places);
  // The server would take it for a standby, and wait for ever.
  await rm(path.join(dataDirectory, 'standby.signal'), { force: true });
  const from = combine ? `, put together of ${chain.length} base backups` : '';
  step.done(`${formatNumberOf(manifest.totals.items, 'file')}, each as the server sent it${from}`);
}

function refuseUnknownMapping({ tablespaces }: MomentRequest, manifest: BaseBackupManifest): void {
  const known = manifest.tablespaces.map(({ location }) => location);
  const stranger = [...tablespaces.keys()].find((location) => !known.includes(location));
  if (stranger === undefined) return;
  throw new BackupError('usage', `the base backup has no tablespace in ${JSON.stringify(stranger)}`, {
    detail: `It has ${known.length > 0 ? known.join(', ') : 'none'}.`,
  });
}

async function requireEmpty(directory: string): Promise<void> {
  // Its parents are for others too.
  await mkdir(path.dirname(directory), { recursive: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [first] = await readdir(directory);
  if (first === undefined) return;
  throw new BackupError('target-not-empty', `${directory} is not empty`, {
    detail: `It holds ${JSON.stringify(first)}.`,
    hint: 'Nothing is written over here: name another directory, or empty this one yourself.',
  });
}

/** What is put together is there twice for a while. */
function neededBytes(chain: readonly BaseBackupManifest[]): number {
  const contentBytes = chain.reduce((sum, one) => sum + one.contentBytes, 0);
  return contentBytes * (chain.length > 1 ? 2 : 1) + LOG_SEGMENTS * chain[0].wal.segmentBytes;
}

/** At its start the server makes its links by it. */
async function rewriteTablespaceMap(
  dataDirectory: string,
  places: readonly { readonly oid: number; readonly directory: string }[],
): Promise<void> {
  const file = path.join(dataDirectory, 'tablespace_map');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const oids = lines.map((line) => Number(line.split(' ')[0]));
  const known = oids.every((oid) => places.some((place) => place.oid === oid));
  if (!known || oids.length !== places.length || places.some(({ directory }) => /[\n\r\\]/.test(directory))) {
    throw new BackupError('restore-failed', 'the tablespaces of the base backup cannot be put in their places', {
      detail: `tablespace_map holds ${lines.join(', ')}`,
    });
  }
  await writeFile(file, places.map(({ oid, directory }) => `${oid} ${directory}\n`).join(''));
}
