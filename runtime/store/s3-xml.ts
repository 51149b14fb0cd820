/** Reads the few documents of S3 that come by the million: elements without attributes, never nested in one of the same name. */

/** The text of the first element of this name. */
export function elementText(document: string, name: string): string | undefined {
  const start = document.indexOf(`<${name}>`);
  if (start === -1) return undefined;
  const from = start + name.length + 2;
  const end = document.indexOf(`</${name}>`, from);
  return end === -1 ? undefined : unescaped(document.slice(from, end));
}

/** What is inside each element of this name, as it stands. */
export function* elements(document: string, name: string): Generator<string> {
  const open = `<${name}>`;
  const close = `</${name}>`;
  for (let at = document.indexOf(open); at !== -1;) {
    const end = document.indexOf(close, at);
    if (end === -1) return;
    yield document.slice(at + open.length, end);
    at = document.indexOf(open, end);
  }
}

function unescaped(text: string): string {
  return text.includes('&') ? text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, character) : text;
}

function character(
  whole: string,
  hex: string | undefined,
  decimal: string | undefined,
  name: string | undefined,
): string {
  if (name !== undefined) return NAMED.get(name) ?? whole;
  return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
