/** Text and elements of a page. Whatever a database, a check or a record says becomes text, never markup. */

/** Markup that was made here. */
export class Html {
  constructor(readonly markup: string) {}
}

export type Content = Html | string | number | readonly Content[];

/** `html\`<td>${anything}</td>\``: what is put in is escaped, unless it is markup that was made the same way. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((all, text, index) => all + markupOf(contents[index - 1]) + text));
}

function markupOf(content: Content): string {
  if (content instanceof Html) return content.markup;
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return content.map(markupOf).join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
