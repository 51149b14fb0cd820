import { Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { EXPIRY_TAG } from '../model';

/** Storage that hands an object out after hours: recovery cannot wait for each segment. */
const DEEP = ['GLACIER', 'DEEP_ARCHIVE'];

/** A rule as CloudFormation has it, as far as it matters. */
interface Rule {
  readonly id?: string;
  readonly status?: string;
  readonly prefix?: string;
  readonly tagFilters?: readonly { readonly key: string; readonly value: string }[];
  readonly expirationInDays?: number;
  readonly expirationDate?: unknown;
  readonly transitions?: readonly { readonly storageClass?: string }[];
}

/**
 * What a bucket's lifecycle rules do to the log below a prefix by its age: a base backup that is kept needs all of the log after
 * it, however old. Of a bucket that is not made in this app nothing is known.
 */
export function ageRuleProblems(bucket: s3.IBucket, walPrefix: string): string[] {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof s3.CfnBucket)) return [];
  const resolved = Stack.of(resource).resolve(resource.lifecycleConfiguration) as { rules?: Rule[] } | undefined;
  return (resolved?.rules ?? [])
    .filter((rule) => concerns(rule, walPrefix))
    .flatMap((rule) => problems(rule, walPrefix));
}

function concerns({ status, prefix = '', tagFilters = [] }: Rule, walPrefix: string): boolean {
  const marked = tagFilters.some(({ key, value }) => key === EXPIRY_TAG.key && value === EXPIRY_TAG.value);
  const overlaps = walPrefix.startsWith(prefix) || prefix.startsWith(walPrefix);
  return status !== 'Disabled' && !marked && overlaps;
}

function problems({ id, expirationInDays, expirationDate, transitions = [] }: Rule, walPrefix: string): string[] {
  const rule = `lifecycle rule '${id ?? 'without an id'}'`;
  const deep = transitions.find(({ storageClass }) => storageClass !== undefined && DEEP.includes(storageClass));
  return [
    ...(expirationInDays !== undefined || expirationDate !== undefined
      ? [
          `${rule} deletes the log below '${walPrefix}' by its age, though kept base backups need it. ` +
            'Limit the rule to another prefix: the log ends by a mark, when no base backup needs it any more.',
        ]
      : []),
    ...(deep
      ? [`${rule} moves the log below '${walPrefix}' to ${deep.storageClass}, out of which no recovery can read it.`]
      : []),
  ];
}
