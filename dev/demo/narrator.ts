/** Tells the story: a line a step, with what it showed and how long it took; below it, fainter, what is worth seeing. */
import { BackupError } from '../../runtime/errors';
import { formatDuration } from '../../runtime/observe/format';
import type { Style } from '../../runtime/observe/style';
import type { TextOutput } from '../../runtime/observe/run-reporter';
import { NotAsClaimed } from './claim';

const COLUMNS = 79;
const NAME_COLUMNS = 12;
const INDENT = ' '.repeat(3 + 1 + NAME_COLUMNS);
const ROOM = COLUMNS - INDENT.length;
const TICK_MS = 250;
/** Of what was seen in place of what was claimed. */
const MOST_LINES_SEEN = 12;

/** What a step adds to its line while it works. */
export interface Telling {
  /** What it did. */
  result(text: string): void;
  /** What it proved. */
  proven(text: string): void;
  /** A line below. */
  detail(text: string): void;
  /** A command that was run, below. */
  command(text: string): void;
}

export class Narrator {
  private steps = 0;

  constructor(
    private readonly output: TextOutput,
    private readonly style: Style,
  ) {}

  say(text = ''): void {
    this.output.write(`${text}\n`);
  }

  headline(text: string): void {
    this.say(this.style.strong(text));
  }

  async step<T>(name: string, work: (telling: Telling) => Promise<T>): Promise<T> {
    const head = `${String(++this.steps).padStart(3)} ${this.style.strong(name.padEnd(NAME_COLUMNS))}`;
    const begun = performance.now();
    const details: string[] = [];
    let result = '';
    let colour = (text: string): string => text;
    const stopTicking = this.tick(head, begun);
    try {
      const value = await work({
        result: (text) => void (result = text),
        proven: (text) => {
          result = text;
          colour = this.style.good;
        },
        detail: (text) => void details.push(...wrap(text).map((line) => this.style.faint(line))),
        command: (text) => void details.push(...commandLines(text)),
      });
      stopTicking();
      this.say(`${head}${this.timed(result, performance.now() - begun, colour)}`);
      return value;
    } catch (error) {
      stopTicking();
      this.say(`${head}${this.timed('failed', performance.now() - begun, this.style.bad)}`);
      details.push(...failureLines(error));
      throw error;
    } finally {
      for (const detail of details) this.say(`${INDENT}${detail}`);
    }
  }

  /** The result, and the time at the right margin. */
  private timed(result: string, durationMs: number, colour = (text: string): string => text): string {
    const time = formatDuration(durationMs).padStart(7);
    const room = COLUMNS - INDENT.length - time.length - 1;
    return `${colour(result.padEnd(room))} ${this.style.faint(time)}`;
  }

  /** On a terminal, shows that something is going on; the line is written over by its own end. */
  private tick(head: string, begun: number): () => void {
    if (!this.output.isTTY) return () => undefined;
    const draw = (): void => {
      this.output.write(`\r${head}${this.timed('…', performance.now() - begun)}`);
    };
    draw();
    const timer = setInterval(draw, TICK_MS);
    return () => {
      clearInterval(timer);
      this.output.write('\r\x1b[K');
    };
  }
}

/** As it can be copied into a shell. */
function commandLines(text: string): string[] {
  const lines = wrap(`$ ${text}`, ROOM - ' \\'.length);
  return lines.map((line, index) => `${index > 0 ? '    ' : ''}${line}${index < lines.length - 1 ? ' \\' : ''}`);
}

/** Breaks at spaces what is wider than the room it has. */
function wrap(text: string, room = ROOM): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room && rest.lastIndexOf(' ', room) > 0) {
    const end = rest.lastIndexOf(' ', room);
    lines.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
  return [...lines, rest];
}

function failureLines(error: unknown): string[] {
  if (error instanceof Error && error.name === 'AbortError') return ['interrupted'];
  if (error instanceof BackupError) return [error.message, ...lines(error.detail), ...lines(error.hint)];
  if (!(error instanceof NotAsClaimed)) return [String(error instanceof Error ? error.message : error)];
  return [
    `claimed: ${error.claimed}`,
    ...lines(error.seen)
      .slice(0, MOST_LINES_SEEN)
      .map((line) => `seen: ${line}`),
  ];
}

function lines(text = ''): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
