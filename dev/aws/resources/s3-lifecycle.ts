/** A bucket's lifecycle as CloudFormation has it, in the form that S3 has it. */
import { writeXml, type XmlValue } from '../../s3/xml/write';
import { StandInError } from '../stand-in-error';
import type { Json } from '../template/template';

interface RuleProperties {
  readonly Id?: string;
  readonly Status: string;
  readonly Prefix?: string;
  readonly TagFilters?: readonly { readonly Key: string; readonly Value: string }[];
  readonly ExpirationInDays?: number;
  readonly ExpiredObjectDeleteMarker?: boolean;
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number; readonly NewerNoncurrentVersions?: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
  readonly Transitions?: readonly { readonly StorageClass: string; readonly TransitionInDays: number }[];
}

const KNOWN = [
  ...['Id', 'Status', 'Prefix', 'TagFilters', 'ExpirationInDays', 'ExpiredObjectDeleteMarker'],
  ...['NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload', 'Transitions'],
];

export function lifecycleDocument(rules: readonly Json[]): string {
  for (const rule of rules) {
    const unknown = Object.keys(rule).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined) throw new StandInError(`the stand-in does not know ${unknown} in a lifecycle rule`);
  }
  return writeXml('LifecycleConfiguration', {
    Rule: rules.map((rule) => ruleElement(rule as unknown as RuleProperties)),
  });
}

function ruleElement(rule: RuleProperties): XmlValue {
  const days = rule.ExpirationInDays;
  const marker = rule.ExpiredObjectDeleteMarker;
  const tags = (rule.TagFilters ?? []).map(({ Key, Value }) => ({ Key, Value }));
  return {
    ID: rule.Id,
    Filter: { And: { Prefix: rule.Prefix ?? '', Tag: tags } },
    Status: rule.Status,
    Expiration:
      days === undefined && marker === undefined ? undefined : { Days: days, ExpiredObjectDeleteMarker: marker },
    NoncurrentVersionExpiration: rule.NoncurrentVersionExpiration && { ...rule.NoncurrentVersionExpiration },
    AbortIncompleteMultipartUpload: rule.AbortIncompleteMultipartUpload && { ...rule.AbortIncompleteMultipartUpload },
    Transition: (rule.Transitions ?? []).map(({ TransitionInDays: Days, StorageClass }) => ({ Days, StorageClass })),
  };
}
