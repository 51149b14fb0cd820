/** Tags, as they come in a header or in XML, and their limits. */
import { s3Error } from '../errors';
import { childrenOf, find, textOf, type XmlElement } from '../xml/parse';
import type { XmlValue } from '../xml/write';

export const MAX_OBJECT_TAGS = 10;
export const MAX_BUCKET_TAGS = 50;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;
const ALLOWED = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** From `x-amz-tagging: a=1&b=2`. */
export function tagsFromHeader(header: string | undefined): Record<string, string> {
  return assertTags([...new URLSearchParams(header ?? '')], MAX_OBJECT_TAGS);
}

/** From a `Tagging` document. */
export function tagsFromXml(document: XmlElement, limit: number): Record<string, string> {
  const set = find(document, 'TagSet');
  if (set === undefined) throw s3Error('MalformedXML');
  const pairs = childrenOf(set, 'Tag').map((tag): [string, string] => [
    textOf(tag, 'Key') ?? '',
    textOf(tag, 'Value') ?? '',
  ]);
  return assertTags(pairs, limit);
}

export function tagsToXml(tags: Record<string, string>): { [name: string]: XmlValue | XmlValue[] } {
  return { TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } };
}

function assertTags(pairs: [string, string][], limit: number): Record<string, string> {
  if (pairs.length > limit) throw s3Error('InvalidTag', `Object tags cannot be greater than ${limit}`);
  const tags = new Map<string, string>();
  for (const [key, value] of pairs) {
    if (key === '' || key.length > MAX_KEY_CHARACTERS || !ALLOWED.test(key)) {
      throw s3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if (value.length > MAX_VALUE_CHARACTERS || !ALLOWED.test(value)) {
      throw s3Error('InvalidTag', 'The TagValue you have provided is invalid', { TagKey: key, TagValue: value });
    }
    if (tags.has(key)) throw s3Error('InvalidTag', 'Cannot provide multiple Tags with the same key', { TagKey: key });
    tags.set(key, value);
  }
  return Object.fromEntries(tags);
}
