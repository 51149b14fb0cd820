/**
 * Ends the process with the run's exit code and no other. Left alone, Node ends with 0 when it has nothing left to wait for,
 * though the run was not finished: a promise that nobody keeps would look like success.
 */
import { EXIT, type ExitCode } from '../../model';
import { BackupError, toBackupError } from '../errors';
import type { EndingCode } from './ending-code';

export interface Ending {
  /** The run has ended: writes out what is buffered and ends the process, whatever else is still open. */
  readonly end: (exitCode: ExitCode) => void;
  /** The run ended in a way that nobody foresaw. */
  readonly fail: (thrown: unknown) => void;
  /** Ends the process this instant. */
  readonly exit: (exitCode: ExitCode) => void;
}

/** Output that nobody takes any more is not waited for. */
const FLUSH_MS = 5_000;

/**
 * Call first of all: from then on the process ends with 1 unless `end` says otherwise. `tell` writes an error out; `endingCode`
 * says what the process ends with in a code's place, for whoever reads it otherwise.
 */
export function guardEnding(
  process: NodeJS.Process,
  tell: (error: BackupError) => void,
  endingCode: EndingCode = (exitCode) => exitCode,
): Ending {
  let ended = false;
  let unforeseen = false;

  const exit = (exitCode: ExitCode) => {
    ended = true;
    process.exit(endingCode(exitCode));
  };
  const end = (exitCode: ExitCode) => {
    ended = true;
    const exitNow = () => exit(unforeseen ? EXIT.failed : exitCode);
    setTimeout(exitNow, FLUSH_MS);
    // A write that failed is told by an event, which comes after the callbacks.
    process.stdout.write('', () => process.stderr.write('', () => setImmediate(exitNow)));
  };
  const fail = (thrown: unknown) => {
    if (unforeseen) return;
    unforeseen = true;
    tell(toBackupError(thrown));
    end(EXIT.failed);
  };

  process.exitCode = endingCode(EXIT.failed);
  // A rejected promise that nobody looked at comes here too.
  process.on('uncaughtException', fail);
  process.on('exit', () => {
    if (!ended) tell(unfinished());
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isClosedReader(error)) fail(error);
  });
  // Progress that cannot be written must not end a backup; and there is nowhere left to say so.
  process.stderr.on('error', () => undefined);
  return { end, fail, exit };
}

/** `| head` closes the pipe when it has seen enough; that changes nothing about the run. */
function isClosedReader(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE';
}

function unfinished(): BackupError {
  return new BackupError('internal', 'the run ended before it was finished', {
    hint: 'This is a defect of postgres-backup; please report it.',
  });
}
