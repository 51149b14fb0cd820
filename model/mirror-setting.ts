import { mirrorNameProblem } from './objects-manifest';

/** One mirror as a task is told of it: the constructs write it, the command line reads it. */
export interface MirrorSetting {
  readonly name: string;
  /** `s3://bucket[/prefix]`. */
  readonly from: string;
  /** Of a store other than AWS. */
  readonly endpoint?: string;
  /** ARN or name of the secret with the credentials of that store. */
  readonly secret?: string;
  /** Prefixes; absent: everything. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** `false`: tags are left out. */
  readonly tags?: boolean;
  /** `true`: every byte passes through the task, even where the store could copy by itself. */
  readonly throughHere?: boolean;
  /** `true`: a function copies between the runs what events of the source tell of. */
  readonly continuous?: boolean;
  /**
   * `s3://bucket/folder` with the lists that S3 Inventory makes of `from`, which is then a copy by S3's own replication:
   * nothing is copied, and the newest list becomes the inventory.
   */
  readonly listings?: string;
}

/** Says what is wrong with a list of mirrors, or nothing. */
export function mirrorSettingsProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return 'it is no list of mirrors';
  const names = new Set<unknown>();
  for (const mirror of value as unknown[]) {
    const problem = settingProblem(mirror);
    if (problem !== undefined) return problem;
    const { name } = mirror as MirrorSetting;
    if (names.has(name)) return `mirror "${name}" is in it twice`;
    names.add(name);
  }
  return undefined;
}

function settingProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `${JSON.stringify(value)} is no mirror`;
  const unknown = Object.keys(value).find((name) => !(name in KINDS));
  if (unknown !== undefined) return `a mirror has no "${unknown}"`;
  const mirror = value as Record<string, unknown>;
  for (const [name, isRight] of Object.entries(KINDS)) {
    const required = name === 'name' || name === 'from';
    if ((required || mirror[name] !== undefined) && !isRight(mirror[name])) {
      return `the ${name} of a mirror is ${JSON.stringify(mirror[name])}`;
    }
  }
  const problem = mirrorNameProblem(mirror.name as string);
  return problem && `mirror "${mirror.name as string}": ${problem}`;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: isText,
  from: isText,
  endpoint: isText,
  secret: isText,
  include: isTexts,
  exclude: isTexts,
  tags: isFlag,
  throughHere: isFlag,
  continuous: isFlag,
  listings: isText,
};
