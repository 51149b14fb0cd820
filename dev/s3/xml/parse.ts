/** Reads the small XML documents that clients send. No document types, no entities but the predefined and numeric ones. */
import { s3Error } from '../errors';

export interface XmlElement {
  /** The name without a namespace prefix. */
  name: string;
  children: XmlElement[];
  text: string;
}

/** Parses a document whose root must be `root`; anything else is `MalformedXML`. */
export function parseXml(source: string, root: string): XmlElement {
  const document = parseElements(source);
  if (document.name !== root) throw malformed(`The root element is "${document.name}"; "${root}" was expected.`);
  return document;
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

/** The element at a path of names, or nothing. */
export function find(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => at?.children.find((child) => child.name === name), element);
}

/** The text at a path of names, or nothing. */
export function textOf(element: XmlElement | undefined, ...path: string[]): string | undefined {
  return find(element, ...path)?.text;
}

const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s<>/!?]+)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/y;
const MAX_DEPTH = 32;

function parseElements(source: string): XmlElement {
  const top: XmlElement = { name: '', children: [], text: '' };
  const open: XmlElement[] = [top];
  const at = new RegExp(TOKEN);
  while (at.lastIndex < source.length) {
    const position = at.lastIndex;
    const token = at.exec(source);
    if (token === null) throw malformed(`Unexpected text at character ${position}.`);
    const [, cdata, closing, tag, , selfClosing, text] = token;
    const current = open[open.length - 1];
    if (cdata !== undefined) current.text += cdata;
    else if (text !== undefined) current.text += decodeEntities(text);
    else if (tag === undefined) continue;
    else if (closing === '/') closeElement(open, localName(tag));
    else {
      const element: XmlElement = { name: localName(tag), children: [], text: '' };
      current.children.push(element);
      if (selfClosing !== '/') open.push(element);
      if (open.length > MAX_DEPTH) throw malformed(`Elements are nested deeper than ${MAX_DEPTH}.`);
    }
  }
  if (open.length !== 1) throw malformed(`Element "${open[open.length - 1].name}" is not closed.`);
  if (top.children.length !== 1 || top.text.trim() !== '') throw malformed('A document has exactly one root element.');
  return top.children[0];
}

function closeElement(open: XmlElement[], name: string): void {
  const element = open.pop();
  if (open.length === 0 || element?.name !== name) throw malformed(`Unexpected end of element "${name}".`);
}

function localName(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(\w+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) {
        if (!(name in NAMED)) throw malformed(`Unknown entity "${whole}".`);
        return NAMED[name];
      }
      const point = hex !== undefined ? parseInt(hex, 16) : parseInt(decimal ?? '', 10);
      if (point > 0x10ffff) throw malformed(`"${whole}" is no character.`);
      return String.fromCodePoint(point);
    },
  );
}

function malformed(reason: string): Error {
  return s3Error('MalformedXML', undefined, { Reason: reason });
}
