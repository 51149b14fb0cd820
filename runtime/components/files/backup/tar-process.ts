/** The tar that archives what it is told, and what its end means. */
import { BackupError } from '../../../errors';
import { describeExit, startStage, type Stage, type StageExit } from '../../../process/stage';
import type { ProducerExit } from '../../../store/verified-stream';
import type { VolumeSource } from '../types';
import type { FilesRun } from './files-run';
import type { Findings } from './findings';

export function startArchiving(
  { tar }: FilesRun,
  { directory }: VolumeSource,
  signal: AbortSignal,
  readErrors: ReadErrors,
): Stage {
  const stage = startStage({
    name: 'tar',
    file: tar.program,
    args: [
      '--create',
      '--format=posix',
      // Times of access and of change are not restored; without them the same file makes the same bytes.
      '--pax-option=delete=atime,delete=ctime',
      '--sparse',
      '--numeric-owner',
      ...tar.attributes,
      '--no-recursion',
      '--ignore-failed-read',
      `--directory=${directory}`,
      '--null',
      '--verbatim-files-from',
      '--files-from=-',
      '--file=-',
    ],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdin: 'pipe',
    stdout: 'pipe',
    signal,
    onWords: (line) => readErrors.hear(line),
  });
  stage.stdin?.on('error', () => undefined);
  return stage;
}

/**
 * What tar could not read of a file that it had begun. It fills up with zeros, and with `--ignore-failed-read`, which we need for
 * names that are gone, it ends well: what it says is all there is to know it by.
 */
export class ReadErrors {
  private first: string | undefined;

  constructor(private readonly findings: Findings) {}

  hear(line: string): void {
    const { name, reason } = READ_ERROR.exec(line)?.groups ?? {};
    if (name === undefined) return;
    // Over a network, what is deleted or replaced while it is read ends so. The next run sees that it is another.
    if (reason === STALE) this.findings.foundChanging(name);
    else this.first ??= line;
  }

  /** `file-unreadable`, in the words of tar. */
  requireNone(): void {
    if (this.first === undefined) return;
    throw new BackupError('file-unreadable', 'tar could not read a file to its end', {
      detail: this.first,
      hint: 'Look at the disk or the file server: a backup of it would hold zeros in its place.',
    });
  }
}

/** Of GNU tar, in the locale C: `tar: ./a: Warning: Read error at byte 512, while reading 4096 bytes: Input/output error`. */
const READ_ERROR = /: \.\/(?<name>.*?): (?:Warning: )?(?:Read error at byte|Cannot (?:read|seek))\b.*: (?<reason>.*)$/;
const STALE = 'Stale file handle';

/** 1 says that something changed while tar read it, which is a finding and no failure: every name it was asked for is accounted for. */
export function acceptedExit(exit: StageExit, findings: Findings, warnings: string[]): ProducerExit {
  if (exit.signal !== null || (exit.code !== 0 && exit.code !== 1)) throw tarFailure(exit);
  if (exit.lastWords.trim() !== '' && !findings.sawChange)
    warnings.push(`tar says: ${exit.lastWords.trim().slice(-500)}`);
  return { ...exit, code: 0 };
}

function tarFailure(exit: StageExit): BackupError {
  return new BackupError('tool-failed', `tar ${describeExit(exit)}`, { detail: exit.lastWords.trim() || undefined });
}

/** A tar that failed leaves a cut archive: it is to blame, not who read it. SIGTERM is what it gets from us. */
export async function blamedOnTar(error: unknown, tar: Stage, isFirst: boolean): Promise<unknown> {
  tar.stop();
  const exit = await tar.exited;
  const isCut = error instanceof BackupError && (error.code === 'archive-damaged' || error.code === 'tool-failed');
  const hasFailed = exit.signal !== null ? exit.signal !== 'SIGTERM' : exit.code !== 0 && exit.code !== 1;
  return isFirst && isCut && hasFailed ? tarFailure(exit) : error;
}
