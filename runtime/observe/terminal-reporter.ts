/**
 * The story on a terminal: finished steps stay above, steps under way are drawn over below, each with its bar, rate and
 * time left as far as the width allows.
 */
import { printable } from './printable';
import { RateMeter } from './rate-meter';
import type { Step } from './reporter';
import type { MonotonicClock, RunReporter, TextOutput } from './run-reporter';
import type { Style } from './style';
import { doneLine, failedLine, runningLine, type RunningStep } from './terminal-line';

const REDRAW_EVERY_MS = 100;
const TICK_MS = 500;
const DEFAULT_COLUMNS = 80;
/** Steps drawn at once; of more than these, only the number is told. */
const MOST_LIVE_LINES = 12;

// Lines must not wrap, or going up would miss the first: the terminal cuts what is too wide (DECAWM off), whatever
// width it gives a character.
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
const CLEAR_BELOW = '\x1b[J';

export function terminalReporter(output: TextOutput, clock: MonotonicClock, style: Style): RunReporter {
  return new TerminalReporter(output, clock, style);
}

class TerminalReporter implements RunReporter {
  private readonly running: RunningStep[] = [];
  private drawnLines = 0;
  private drawnMs = -Infinity;
  private ticker: NodeJS.Timeout | undefined;

  constructor(
    private readonly output: TextOutput,
    private readonly clock: MonotonicClock,
    private readonly style: Style,
  ) {}

  headline(text: string): void {
    this.keep(this.style.strong(printable(text)));
  }

  warn(message: string): void {
    this.keep(`${this.style.unsure('warning:')} ${printable(message)}`);
  }

  begin(name: string, options?: { totalBytes?: number; detail?: string }): Step {
    const step: RunningStep = {
      name: printable(name),
      detail: printable(options?.detail ?? ''),
      beganMs: this.clock(),
      totalBytes: options?.totalBytes,
      doneBytes: 0,
      rate: new RateMeter(),
    };
    this.running.push(step);
    // Draws the passing of time while no byte comes; never keeps the process alive.
    this.ticker ??= setInterval(() => this.draw(), TICK_MS).unref();
    this.drawSoon();
    return {
      advance: (bytes) => {
        step.doneBytes += bytes;
        step.rate.record(this.clock(), step.doneBytes);
        this.drawSoon();
      },
      detail: (text) => {
        step.detail = printable(text);
        this.drawSoon();
      },
      done: (summary) => this.finish(step, doneLine(step, printable(summary ?? ''), this.clock(), this.style)),
      failed: (reason) => this.finish(step, failedLine(step, printable(reason), this.style)),
    };
  }

  /** A person who looks on needs no record. */
  note(): void {}

  close(): void {
    clearInterval(this.ticker);
    this.ticker = undefined;
    // A step that nobody ended was cut off by a failure elsewhere: its last state stays to be read.
    this.running.splice(0).forEach((step) => this.keep(this.line(step)));
  }

  private finish(step: RunningStep, line: string): void {
    const index = this.running.indexOf(step);
    if (index < 0) return;
    this.running.splice(index, 1);
    this.keep(line);
  }

  /** Writes a line that stays, above what is drawn over. */
  private keep(line: string): void {
    this.output.write(`${this.toTop()}${line}\n`);
    this.drawnLines = 0;
    this.draw();
  }

  private drawSoon(): void {
    if (this.clock() - this.drawnMs >= REDRAW_EVERY_MS) this.draw();
  }

  private draw(): void {
    this.drawnMs = this.clock();
    if (this.running.length === 0 && this.drawnLines === 0) return;
    const room = Math.max(1, Math.min(MOST_LIVE_LINES, (this.output.rows ?? MOST_LIVE_LINES) - 2));
    const lines = this.running.slice(0, room).map((step) => this.line(step));
    if (this.running.length > room) lines.push(this.style.faint(`  and ${this.running.length - room} more`));
    const text = lines.map((line) => `${line}\n`).join('');
    this.output.write(`${this.toTop()}${NO_WRAP}${text}${WRAP}`);
    this.drawnLines = lines.length;
  }

  private line(step: RunningStep): string {
    return runningLine(step, this.clock(), this.output.columns ?? DEFAULT_COLUMNS, this.style);
  }

  /** To the first line that is drawn over, which is cleared with all below. */
  private toTop(): string {
    return this.drawnLines > 0 ? `\x1b[${this.drawnLines}A\r${CLEAR_BELOW}` : '';
  }
}
