// A terminal as far as the reporter uses one: what a person would see on it.
/** Characters that take two columns, as far as the tests write such. */
const WIDE = /[\u1100-\u115f\u2e80-\uffdc]/;

export class Screen {
  private readonly lines: string[] = [''];
  private row = 0;
  private column = 0;
  private wraps = true;
  writes = 0;
  /** Changes of colour. */
  colours = 0;
  readonly isTTY = true;

  constructor(
    readonly columns: number,
    readonly rows = 40,
  ) {}

  write(text: string): boolean {
    this.writes += 1;
    let rest = text;
    while (rest !== '') {
      const escape = rest.startsWith('\x1b') ? /^.\[(\??)(\d*)([A-Za-z])/.exec(rest) : null;
      if (escape) {
        this.obey(escape[1], escape[2], escape[3]);
        rest = rest.slice(escape[0].length);
      } else {
        const [char] = rest;
        this.put(char);
        rest = rest.slice(char.length);
      }
    }
    return true;
  }

  /** What is seen, without empty lines at the end. */
  get text(): string {
    return this.lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  private put(char: string): void {
    if (char === '\n') {
      this.row += 1;
      this.column = 0;
      this.lines[this.row] ??= '';
      return;
    }
    if (char === '\r') {
      this.column = 0;
      return;
    }
    if (this.column >= this.columns) {
      if (!this.wraps) return;
      this.put('\n');
    }
    const line = Array.from((this.lines[this.row] ?? '').padEnd(this.column));
    line[this.column] = char;
    this.lines[this.row] = line.join('');
    this.column += WIDE.test(char) ? 2 : 1;
  }

  private obey(question: string, argument: string, command: string): void {
    if (question === '?' && argument === '7') this.wraps = command === 'h';
    else if (command === 'A') this.row = Math.max(0, this.row - Number(argument || '1'));
    else if (command === 'J') {
      this.lines.length = this.row + 1;
      this.lines[this.row] = (this.lines[this.row] ?? '').slice(0, this.column);
    } else if (command === 'm') this.colours += 1;
    else throw new Error(`unknown escape sequence ${question}${argument}${command}`);
  }
}
