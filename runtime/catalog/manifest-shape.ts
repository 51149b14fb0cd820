/** What a manifest looks like, field by field. Whether it adds up is looked at elsewhere; here only whether it is all there. */
import { COMPONENTS, DUMP_CONTENTS, MANIFEST_FORMAT, RETENTION_CLASSES, TABLE_CLASSES } from '../../model';

/** Says what is missing or of the wrong kind, and where: `databases.0.owner is 7, not a text`; nothing when all is well. */
export function manifestProblem(value: unknown): string | undefined {
  return manifest(value, '');
}

type Check = (value: unknown, at: string) => string | undefined;

function expecting(what: string, isRight: (value: unknown) => boolean): Check {
  return (value, at) => {
    if (isRight(value)) return undefined;
    if (value === undefined) return `${at} is missing`;
    return `${at} is ${JSON.stringify(value)?.slice(0, 100)}, not ${what}`;
  };
}

const text = expecting('a text', (value) => typeof value === 'string');
const moment = expecting('a time', (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
const flag = expecting('true or false', (value) => typeof value === 'boolean');
const count = expecting('a whole number', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const positive = expecting('a number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0);
const sha256 = expecting('a SHA-256', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value));
const crc32 = expecting('a CRC-32', (value) => typeof value === 'string' && /^[A-Za-z0-9+/]{6}==$/.test(value));

function oneOf(values: readonly string[]): Check {
  return expecting(`one of ${values.join(', ')}`, (value) => typeof value === 'string' && values.includes(value));
}

function orNull(check: Check): Check {
  return (value, at) => (value === null ? undefined : check(value, at));
}

function listOf(check: Check): Check {
  return (value, at) =>
    Array.isArray(value)
      ? firstProblem(value.map((item, index) => () => check(item, `${at}.${index}`)))
      : expecting('a list', () => false)(value, at);
}

function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, at) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? firstProblem(
          Object.entries(fields).map(
            ([name, check]) =>
              () =>
                check((value as Record<string, unknown>)[name], at === '' ? name : `${at}.${name}`),
          ),
        )
      : expecting('an object', () => false)(value, at === '' ? 'it' : at);
}

function firstProblem(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const storedObject = record({
  key: text,
  versionId: orNull(text),
  sizeBytes: positive,
  sha256,
  crc32,
  parts: listOf(record({ sizeBytes: positive, sha256 })),
});

const database = record({
  name: text,
  owner: text,
  encoding: text,
  collate: text,
  ctype: text,
  localeProvider: text,
  icuLocale: orNull(text),
  sizeBytes: orNull(count),
  snapshotAt: moment,
  lsn: orNull(text),
  content: oneOf(DUMP_CONTENTS),
  schema: orNull(storedObject),
  data: listOf(
    record({ object: storedObject, class: oneOf(['critical', 'important']), tables: listOf(count), rest: flag }),
  ),
  tables: listOf(record({ schema: text, name: text, class: oneOf(TABLE_CLASSES), rows: orNull(count) })),
  extensions: listOf(record({ name: text, version: text })),
  largeObjects: count,
});

const manifest = record({
  format: oneOf([MANIFEST_FORMAT]),
  point: text,
  source: text,
  component: oneOf(COMPONENTS),
  class: oneOf(RETENTION_CLASSES),
  scheduledAt: orNull(moment),
  startedAt: moment,
  finishedAt: moment,
  tool: record({ name: oneOf(['postgres-backup']), version: text }),
  server: record({ version: text, major: positive, standby: flag }),
  client: record({ postgres: text, zstd: text }),
  globals: orNull(storedObject),
  databases: listOf(database),
  totals: record({ storedBytes: count, objects: count, tables: count, rows: count }),
  warnings: listOf(text),
});
