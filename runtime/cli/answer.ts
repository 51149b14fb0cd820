import { EXIT, type ExitCode, type Outcome } from '../../model';
import type { Style } from '../observe/style';

/** What a command found, in the forms in which it may be asked for. */
export interface Answer {
  readonly outcome: Outcome | 'skipped' | 'objective missed' | 'not archived';
  /** The one line to remember; a task's log keeps it. */
  readonly summary: string;
  /** For people: lines with nothing in them that steers a terminal. */
  readonly lines: (style: Style) => readonly string[];
  /** For programs: `--json`. Its `format` names the kind and the version. */
  readonly document: { readonly format: string };
}

/** The exit code that an outcome ends with. A run that another one made needless is no failure. */
export function exitCodeOf(outcome: Answer['outcome']): ExitCode {
  switch (outcome) {
    case 'passed':
    case 'skipped':
      return EXIT.ok;
    case 'failed':
      return EXIT.failed;
    case 'could not verify':
      return EXIT.unverified;
    case 'objective missed':
      return EXIT.objectiveMissed;
    case 'not archived':
      return EXIT.notArchived;
  }
}
