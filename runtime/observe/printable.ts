/**
 * Text that others chose (names in a database, a server's words) made safe to show. A terminal obeys escape sequences and a
 * log is split at line ends, so whatever steers either is shown as an escape instead: `\n`, `\x1b`, `\u202e`.
 */

// C0, DEL and C1 controls; zero-width and direction marks, which hide or reorder text; line and paragraph separators;
// lone surrogates, which are no characters at all.
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One line of text without anything that steers a terminal or a log. */
export function printable(text: string): string {
  return text.replace(STEERING, (char) => SHORT[char] ?? escaped(char));
}

/** The same for text of several lines: its line ends stay, each line is made safe. */
export function printableLines(text: string): string[] {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\n+$/, '')
    .split('\n')
    .map((line) => printable(line.replace(/\t/g, '    ')));
}

/**
 * Takes passwords out of URLs and connection strings: one may have come in as the wrong option, which the error then quotes.
 * A last net; nobody puts a secret into an error on purpose.
 */
export function withoutPasswords(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:@]*):\S*@/gi, '$1:***@')
    .replace(/\b((?:ssl)?password)(\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'"]+)/gi, '$1$2***');
}

/** JSON that is one line of plain text whatever its strings hold; it still parses to the same value. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(STEERING, (char) => (char === '\n' ? char : escapedForJson(char)));
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

function escapedForJson(char: string): string {
  return Array.from(
    { length: char.length },
    (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}
