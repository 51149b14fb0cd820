/** The rules of a bucket's lifecycle, read from its document. https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html */
import type { Bucket } from '../storage/bucket';
import type { ObjectVersion } from '../storage/records';
import { childrenOf, find, parseXml, textOf, type XmlElement } from '../xml/parse';

export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly expirationDays?: number;
  readonly expiredDeleteMarker: boolean;
  readonly noncurrentDays?: number;
  readonly abortUploadDays?: number;
  readonly transitions: readonly { readonly days: number; readonly storageClass: string }[];
}

/** What this server does not live: a rule that has it would be lived as a wider one. */
const UNKNOWN = ['ObjectSizeGreaterThan', 'ObjectSizeLessThan', 'NewerNoncurrentVersions', 'Date'];

/** Those that are enabled. */
export function lifecycleRules({ record }: Bucket): LifecycleRule[] {
  const document = record.documents.lifecycle as string | undefined;
  if (document === undefined) return [];
  const unknown = UNKNOWN.find((name) => document.includes(`<${name}>`));
  if (unknown !== undefined) throw new Error(`The development server does not know ${unknown} in a lifecycle rule.`);
  return childrenOf(parseXml(document, 'LifecycleConfiguration'), 'Rule')
    .filter((rule) => textOf(rule, 'Status') === 'Enabled')
    .map(readRule);
}

export function appliesTo(rule: LifecycleRule, key: string, { tags }: Pick<ObjectVersion, 'tags'>): boolean {
  return key.startsWith(rule.prefix) && Object.entries(rule.tags).every(([name, value]) => tags[name] === value);
}

function readRule(rule: XmlElement): LifecycleRule {
  const filter = find(rule, 'Filter', 'And') ?? find(rule, 'Filter');
  const tags = (filter === undefined ? [] : childrenOf(filter, 'Tag')).map((tag) => [
    textOf(tag, 'Key') ?? '',
    textOf(tag, 'Value') ?? '',
  ]);
  return {
    id: textOf(rule, 'ID') ?? '',
    prefix: textOf(filter, 'Prefix') ?? textOf(rule, 'Prefix') ?? '',
    tags: Object.fromEntries(tags) as Record<string, string>,
    expirationDays: days(rule, 'Expiration', 'Days'),
    expiredDeleteMarker: textOf(rule, 'Expiration', 'ExpiredObjectDeleteMarker') === 'true',
    noncurrentDays: days(rule, 'NoncurrentVersionExpiration', 'NoncurrentDays'),
    abortUploadDays: days(rule, 'AbortIncompleteMultipartUpload', 'DaysAfterInitiation'),
    transitions: childrenOf(rule, 'Transition').map((one) => ({
      days: Number(textOf(one, 'Days')),
      storageClass: textOf(one, 'StorageClass') ?? '',
    })),
  };
}

function days(rule: XmlElement, ...path: string[]): number | undefined {
  const text = textOf(rule, ...path);
  return text === undefined ? undefined : Number(text);
}
