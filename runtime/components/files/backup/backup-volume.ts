/** Stores one volume: an archive of what is new or changed, and an index of all there is. */
import { FILES_ARCHIVE_NAME, FILES_INDEX_NAMES } from '../../../../model';
import { BackupError } from '../../../errors';
import { formatBytes, formatNumberOf } from '../../../observe/format';
import type { Step } from '../../../observe/reporter';
import { runBounded } from '../../../process/bounded';
import type { Stage, StageExit } from '../../../process/stage';
import type { ProducerExit } from '../../../store/verified-stream';
import { pathFromText } from '../entry';
import { formatIndexLine } from '../index/index-line';
import type { VolumeSource } from '../types';
import { lookAtRoot, walk, type WalkedEntry } from '../walk';
import { ArchivedChanges } from './archive-changes';
import type { Base } from './choose-base';
import { CompressedSink } from './compressed-sink';
import type { FilesRun, StoredVolume } from './files-run';
import { findChanges } from './find-changes';
import { Findings } from './findings';
import { acceptedExit, blamedOnTar, ReadErrors, startArchiving } from './tar-process';

export async function backupVolume(run: FilesRun, source: VolumeSource, base: Base | undefined): Promise<StoredVolume> {
  const { context, request } = run;
  const kind = base ? 'incremental' : 'full';
  const step = context.reporter.begin(`volume ${source.name}`, { detail: kind });
  const listedAt = context.now().toISOString();
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const sinks = openSinks(run, source, kind, signal, step);
  const findings = new Findings();
  try {
    const exit = await archiveChanges(run, source, base, { sinks, findings, stop, signal, step });
    if (findings.files < request.minimumFiles) throw tooFewFiles(source, findings.files, request.minimumFiles);
    const producers = [acceptedExit(exit, findings, run.warnings)];
    const storedIndex = await sinks.storedIndex.complete(producers);
    const keptIndex = (await sinks.keptIndex?.complete([OURSELVES])) ?? null;
    const archive = await sinks.archive.complete(producers);
    const counts = findings.counts();
    for (const warning of findings.warnings(source.name)) {
      run.warnings.push(warning);
      context.reporter.warn(warning);
    }
    step.done(`${formatNumberOf(counts.stored, 'entry')} stored, ${formatBytes(archive.sizeBytes)}`);
    const volume = { name: source.name, kind, listedAt, builtOn: base?.archives ?? [], counts } as const;
    return { volume, archive, storedIndex, keptIndex };
  } catch (error) {
    step.failed('failed');
    stop.abort(error);
    throw await giveUp(sinks, context.signal.aborted ? context.signal.reason : error);
  }
}

interface Sinks {
  readonly archive: CompressedSink;
  readonly storedIndex: CompressedSink;
  readonly keptIndex?: CompressedSink;
}

function openSinks(run: FilesRun, { name }: VolumeSource, kind: string, signal: AbortSignal, step: Step): Sinks {
  const { context, prefix, zstd, request } = run;
  const open = (key: string) =>
    new CompressedSink({
      ...{ store: context.store, key: `${prefix}${name}/${key}`, zstd, signal },
      compressionLevel: request.compressionLevel,
      onBytes: (sizeBytes) => step.advance(sizeBytes),
    });
  return {
    archive: open(FILES_ARCHIVE_NAME),
    storedIndex: open(FILES_INDEX_NAMES.stored),
    ...(kind === 'incremental' && { keptIndex: open(FILES_INDEX_NAMES.kept) }),
  };
}

interface Work {
  readonly sinks: Sinks;
  readonly findings: Findings;
  readonly stop: AbortController;
  readonly signal: AbortSignal;
  readonly step: Step;
}

/** Lists and compares, while tar archives and what it gives is read and sent. The first that fails ends the others. */
async function archiveChanges(
  run: FilesRun,
  source: VolumeSource,
  base: Base | undefined,
  work: Work,
): Promise<StageExit> {
  const root = pathFromText(source.directory);
  const { sinks, findings, stop, signal } = work;
  // Before tar, which would say it in other words.
  const top = await lookAtRoot(root, QUIETLY);
  const readErrors = new ReadErrors(findings);
  const tar = startArchiving(run, source, signal, readErrors);
  const archived = new ArchivedChanges(root, findings);
  const receive = async () => {
    if (!tar.stdout) throw new Error('tar was started without a stdout');
    await archived.receive(tar.stdout, sinks.archive, sinks.storedIndex);
  };
  const failures = { first: undefined as unknown };
  try {
    await runBounded(
      [() => listChanges(root, base, archived, tar, work), receive],
      2,
      (job) => job(),
      (error) => {
        failures.first = error;
        stop.abort(error);
        tar.stdout?.destroy();
      },
    );
    const exit = await tar.exited;
    readErrors.requireNone();
    requireSame(source, top, await lookAtRoot(root, QUIETLY));
    return exit;
  } catch (error) {
    throw await blamedOnTar(error, tar, failures.first === error);
  }
}

const QUIETLY = { special: () => undefined, vanished: () => undefined };

/** Where a mount goes away, all below it is gone, and what is gone meanwhile is no failure. */
function requireSame({ name, directory }: VolumeSource, before: WalkedEntry, after: WalkedEntry): void {
  if (before.device === after.device && before.inode === after.inode) return;
  throw new BackupError('files-missing', `volume ${name} became another directory while it was read`, {
    detail: `looked in ${directory}`,
    hint: 'Look whether it is mounted, and back it up again.',
  });
}

async function listChanges(
  root: string,
  base: Base | undefined,
  archived: ArchivedChanges,
  tar: Stage,
  { sinks, findings, signal, step }: Work,
): Promise<void> {
  const observer = {
    special: (path: string, kind: string) => findings.foundSpecial(path, kind),
    vanished: (path: string) => findings.foundVanished(path),
  };
  const before = base ? base.entries(signal) : nothing();
  for await (const change of findChanges(root, walk(root, observer, signal), before)) {
    signal.throwIfAborted();
    if (change.kind === 'store') {
      step.detail(change.walked.path);
      // That tar is gone is told by its exit; its last words are read to the end first.
      if (!tar.stdin || (await archived.ask(change.walked, tar.stdin)) === 'gone') return;
    } else if (change.kind === 'keep') {
      findings.foundUnchanged(change.entry);
      await sinks.keptIndex?.write(Buffer.from(formatIndexLine(change.entry)));
    } else {
      findings.foundDeleted();
      await sinks.keptIndex?.write(Buffer.from(formatIndexLine({ deleted: change.path })));
    }
  }
  tar.stdin?.end();
}

/** What we write ourselves ends well when nothing was thrown. */
const OURSELVES: ProducerExit = { name: 'postgres-backup', code: 0, signal: null };

function tooFewFiles({ name, directory }: VolumeSource, files: number, minimum: number): BackupError {
  return new BackupError(
    'files-missing',
    `volume ${name} holds ${formatNumberOf(files, 'file')}, fewer than ${minimum}`,
    {
      detail: `looked in ${directory}`,
      hint: 'Look whether it is mounted. Where so few is right, state --minimum-files.',
    },
  );
}

async function giveUp({ archive, storedIndex, keptIndex }: Sinks, failure: unknown): Promise<unknown> {
  let told = failure;
  for (const sink of [archive, storedIndex, keptIndex]) if (sink) told = await sink.giveUp(told);
  return told;
}

async function* nothing(): AsyncGenerator<never> {
  // A full backup is built on nothing.
}
