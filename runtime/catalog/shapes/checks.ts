/** What a JSON document must look like, said as data: each check gives the first problem, and where it is. */
export type Check = (value: unknown, at: string) => string | undefined;

function expecting(what: string, isRight: (value: unknown) => boolean): Check {
  return (value, at) => {
    if (isRight(value)) return undefined;
    if (value === undefined) return `${at} is missing`;
    return `${at} is ${JSON.stringify(value)?.slice(0, 100)}, not ${what}`;
  };
}

export const text = expecting('a text', (value) => typeof value === 'string');
export const moment = expecting('a time', (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)));
export const flag = expecting('true or false', (value) => typeof value === 'boolean');
export const count = expecting('a whole number', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const positive = expecting('a number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0);
export const sha256 = expecting('a SHA-256', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value));
export const crc32 = expecting('a CRC-32', (value) => typeof value === 'string' && /^[A-Za-z0-9+/]{6}==$/.test(value));

export function oneOf(values: readonly string[]): Check {
  return expecting(`one of ${values.join(', ')}`, (value) => typeof value === 'string' && values.includes(value));
}

export function orNull(check: Check): Check {
  return (value, at) => (value === null ? undefined : check(value, at));
}

/** What came into being later may be absent. */
export function orAbsent(check: Check): Check {
  return (value, at) => (value === undefined ? undefined : check(value, at));
}

export function listOf(check: Check): Check {
  return (value, at) =>
    Array.isArray(value)
      ? firstProblem(value.map((item, index) => () => check(item, `${at}.${index}`)))
      : expecting('a list', () => false)(value, at);
}

/** By any name. */
export function mapOf(check: Check): Check {
  return (value, at) =>
    record(Object.fromEntries(Object.keys((value as object | null | undefined) ?? {}).map((name) => [name, check])))(
      value,
      at,
    );
}

export function record(fields: Readonly<Record<string, Check>>): Check {
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

/** Mirrors or volumes that were left out. */
export const lacks = orAbsent(listOf(record({ name: text, point: text, at: moment })));

export const storedObject = record({
  key: text,
  versionId: orNull(text),
  sizeBytes: positive,
  sha256,
  crc32,
  parts: listOf(record({ sizeBytes: positive, sha256 })),
});
