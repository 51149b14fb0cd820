/** Names and values as SQL text. Whatever they hold, they stay one name or one value. */

/** `"odd ""name"""`: an identifier that no case folding or keyword changes. */
export function quoteIdentifier(name: string): string {
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** `'it''s'`, or `E'…'` where a backslash is in it: the same for every `standard_conforming_strings`. */
export function quoteLiteral(value: string): string {
  const quoted = withoutNul(value).replaceAll("'", "''");
  return quoted.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** `"schema"."name"`. */
export function qualifiedName(relation: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
}

/** PostgreSQL's text knows no NUL; cut off at one, a name would be another name. */
function withoutNul(text: string): string {
  if (text.includes('\0')) throw new RangeError('a NUL character cannot be part of SQL text');
  return text;
}
