/** Writes the XML that S3 answers with. A plain object is an element's children, an array repeats the element, undefined leaves it out. */

export type XmlValue = string | number | boolean | undefined | { [name: string]: XmlValue | XmlValue[] };

/** A document with one root element. `attributes` stands in the root's tag as it is. */
export function writeXml(root: string, children: { [name: string]: XmlValue | XmlValue[] }): string {
  const namespace = root === 'Error' ? '' : ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${writeChildren(children)}</${root}>`;
}

function writeChildren(children: { [name: string]: XmlValue | XmlValue[] }): string {
  let text = '';
  for (const [name, value] of Object.entries(children)) {
    for (const one of Array.isArray(value) ? value : [value]) text += writeElement(name, one);
  }
  return text;
}

function writeElement(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  const content = typeof value === 'object' ? writeChildren(value) : escapeText(String(value));
  return `<${name}>${content}</${name}>`;
}

/** Control characters become references, as S3 does, although XML 1.0 has no place for most: that is what encoding-type=url is for. */
function escapeText(text: string): string {
  // The characters that XML reserves, and control characters.
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => {
    switch (character) {
      case '&':
        return '&amp;';
      case '<':
        return '&lt;';
      case '>':
        return '&gt;';
      case '"':
        return '&quot;';
      case '\n':
        return '\n';
      default:
        return `&#x${character.charCodeAt(0).toString(16)};`;
    }
  });
}
