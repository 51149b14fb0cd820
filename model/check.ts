/**
 * What a user expects of a restored database: one SQL statement and what it must give. Stated in the construct, handed to the
 * drill as JSON, carried out by an ordinary role in a read-only transaction.
 */
export interface SqlCheck {
  /** For people: what holds when it passes. Unique among a drill's checks. */
  readonly name: string;
  /** One SELECT (or VALUES, or WITH … SELECT). */
  readonly sql: string;
  /** The database it is asked in; `null`: the recovery point's only one. */
  readonly database: string | null;
  readonly expect: CheckExpectation;
}

export type CheckExpectation =
  | { readonly kind: 'at least' | 'at most' | 'equals'; readonly number: number }
  | { readonly kind: 'equals text'; readonly text: string }
  /** A time that is not older than so many seconds when the drill begins. */
  | { readonly kind: 'newer than'; readonly seconds: number }
  | { readonly kind: 'returns rows' | 'returns no rows' };

/** `at least 1`, `newer than 108,000 s`, as a person reads it. */
export function describeExpectation(expect: CheckExpectation): string {
  if ('number' in expect) return `${expect.kind} ${expect.number}`;
  if ('text' in expect) return `equals ${JSON.stringify(expect.text)}`;
  return 'seconds' in expect ? `newer than ${expect.seconds} s` : expect.kind;
}

/** Says what is wrong with a list of checks, such as one read from JSON, or nothing. */
export function checksProblem(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `it is ${JSON.stringify(value)}, not a list`;
  const names = new Set<string>();
  for (const [index, check] of value.entries()) {
    const problem = checkProblem(check);
    if (problem) return `check ${index + 1} of ${value.length}: ${problem}`;
    const { name } = check as SqlCheck;
    if (names.has(name)) return `two checks are called ${JSON.stringify(name)}`;
    names.add(name);
  }
  return undefined;
}

function checkProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `it is ${JSON.stringify(value)}, not an object`;
  const { name, sql, database, expect } = value;
  if (typeof name !== 'string' || name.trim() === '') return `its name is ${JSON.stringify(name)}, not a text`;
  if (typeof sql !== 'string' || sql.trim() === '') return `${JSON.stringify(name)} has no SQL`;
  if (database !== null && (typeof database !== 'string' || database === '')) {
    return `the database of ${JSON.stringify(name)} is ${JSON.stringify(database)}, not a name`;
  }
  const problem = expectationProblem(expect);
  return problem && `what ${JSON.stringify(name)} expects ${problem}`;
}

function expectationProblem(expect: unknown): string | undefined {
  if (!isRecord(expect)) return `is ${JSON.stringify(expect)}, not an object`;
  switch (expect.kind) {
    case 'at least':
    case 'at most':
    case 'equals':
      return Number.isFinite(expect.number) ? undefined : `is ${JSON.stringify(expect.number)}, not a number`;
    case 'equals text':
      return typeof expect.text === 'string' ? undefined : `is ${JSON.stringify(expect.text)}, not a text`;
    case 'newer than':
      return Number.isFinite(expect.seconds) && (expect.seconds as number) > 0
        ? undefined
        : `is ${JSON.stringify(expect.seconds)}, not a number of seconds above 0`;
    case 'returns rows':
    case 'returns no rows':
      return undefined;
    default:
      return `is of the kind ${JSON.stringify(expect.kind)}, which is not known`;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
