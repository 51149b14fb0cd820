/** Where a run's words go: the answer to stdout, the story and errors to stderr, each in the form of the place it runs in. */
import { EXIT } from '../../model';
import { toBackupError, type BackupError } from '../errors';
import { lineReporter } from '../observe/line-reporter';
import { logLine } from '../observe/log-line';
import { logReporter } from '../observe/log-reporter';
import { metricLine, type Measurement } from '../observe/metrics';
import { outputMode, type OutputMode } from '../observe/output-mode';
import { printableJson } from '../observe/printable';
import type { RunReporter } from '../observe/run-reporter';
import { styleFor } from '../observe/style';
import { terminalReporter } from '../observe/terminal-reporter';
import { exitCodeOf, type Answer } from './answer';
import type { Host } from './dependencies';
import { errorDocument, errorLines } from './error-answer';

/** The console that this command line asks for, on this host. */
export function openConsole(argv: readonly string[], host: Host): Console {
  // Looked for before the line is parsed, because an error in parsing it must be answered in the asked form too.
  return new Console(host, modeOrLines(host), argv.includes('--json') ? 'as json' : 'for people');
}

export class Console {
  readonly reporter: RunReporter;

  constructor(
    private readonly host: Host,
    private readonly mode: OutputMode,
    private readonly answers: 'for people' | 'as json',
  ) {
    this.reporter = reporterFor(host, mode);
  }

  answer(answer: Answer): void {
    this.reporter.close();
    if (this.answers === 'as json') {
      this.document(answer.document);
    } else if (this.mode === 'log') {
      this.log('stdout', exitCodeOf(answer.outcome) === EXIT.ok ? 'info' : 'error', answer.outcome, answer.summary);
    } else {
      const style = styleFor(this.host.stdout, this.host.env);
      this.host.stdout.write(`${answer.lines(style).join('\n')}\n`);
    }
  }

  error(error: BackupError): void {
    this.reporter.close();
    if (this.answers === 'as json') this.document(errorDocument(error));
    if (this.mode === 'log') {
      const { code, message, detail, hint } = errorDocument(error).error;
      this.host.stderr.write(logLine(this.host.now(), { level: 'error', event: 'error', code, message, detail, hint }));
    } else if (this.answers === 'for people') {
      const style = styleFor(this.host.stderr, this.host.env);
      this.host.stderr.write(`${errorLines(error, style).join('\n')}\n`);
    }
  }

  /** Only a task's log is read for metrics. */
  measure(measurement: Measurement): void {
    if (this.mode === 'log') this.host.stdout.write(metricLine(this.host.now(), measurement));
  }

  private log(output: 'stdout', level: 'info' | 'error', outcome: string, message: string): void {
    this.host[output].write(logLine(this.host.now(), { level, event: 'answer', outcome, message }));
  }

  /** In a log, one line; otherwise as a person can read it too. */
  private document(document: object): void {
    this.host.stdout.write(`${printableJson(document, this.mode === 'log' ? undefined : 2)}\n`);
  }
}

function reporterFor(host: Host, mode: OutputMode): RunReporter {
  switch (mode) {
    case 'terminal':
      return terminalReporter(host.stderr, host.clock, styleFor(host.stderr, host.env));
    case 'lines':
      return lineReporter(host.stderr, host.clock);
    case 'log':
      return logReporter(host.stderr, host.clock, host.now);
  }
}

function modeOrLines(host: Host): OutputMode {
  try {
    return outputMode(host.env, host.stderr);
  } catch (thrown) {
    if (toBackupError(thrown).code === 'usage') return 'lines';
    throw thrown;
  }
}
