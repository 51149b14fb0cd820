/**
 * EventBridge's event patterns. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * An operator that is not here is refused.
 */
import { StandInError } from '../stand-in-error';
import { isJson, type Json } from '../template/template';

/** Whether an event has everything that a pattern asks for. */
export function matchesPattern(pattern: Json, event: unknown): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as Json[]).some((one) => matchesPattern(one, event));
    const value = isJson(event) ? event[name] : undefined;
    if (isJson(wanted)) return matchesNested(wanted, value);
    if (!Array.isArray(wanted)) {
      throw new StandInError(`the pattern's "${name}" is ${JSON.stringify(wanted)}: it is a list or an object`);
    }
    return wanted.some((one) => matchesField(one, value));
  });
}

/** A list of objects matches when one of them does. */
function matchesNested(pattern: Json, value: unknown): boolean {
  return Array.isArray(value)
    ? value.some((one) => matchesPattern(pattern, one))
    : matchesPattern(pattern, value ?? {});
}

/** A field that is a list matches when one of its values does; a field that is not there only `exists: false`. */
function matchesField(matcher: unknown, value: unknown): boolean {
  if (isJson(matcher) && 'exists' in matcher) return matcher.exists === isLeaf(value);
  const values = Array.isArray(value) ? value : [value];
  return values.some((one) => one !== undefined && matchesValue(matcher, one));
}

function isLeaf(value: unknown): boolean {
  return value !== undefined && !isJson(value);
}

function matchesValue(matcher: unknown, value: unknown): boolean {
  if (!isJson(matcher)) return matcher === value;
  const entries = Object.entries(matcher);
  if (entries.length !== 1)
    throw new StandInError(`${JSON.stringify(matcher)} is not one operator of an event pattern`);
  const [[operator, argument]] = entries;
  const matches = OPERATORS[operator];
  if (matches === undefined) throw new StandInError(`the stand-in does not know the pattern operator "${operator}"`);
  return matches(argument, value);
}

const OPERATORS: Readonly<Record<string, (argument: unknown, value: unknown) => boolean>> = {
  prefix: (argument, value) => textual(argument, value, (text, part) => text.startsWith(part)),
  suffix: (argument, value) => textual(argument, value, (text, part) => text.endsWith(part)),
  wildcard: (pattern, value) => typeof value === 'string' && wildcard(String(pattern)).test(value),
  'equals-ignore-case': (text, value) =>
    typeof value === 'string' && value.toLowerCase() === String(text).toLowerCase(),
  'anything-but': (refused, value) =>
    !(Array.isArray(refused) ? refused : [refused]).some((one) => matchesAnyOf(one, value)),
  numeric: (comparisons, value) => typeof value === 'number' && numeric(comparisons as unknown[], value),
};

/** `{ "anything-but": { "prefix": [ … ] } }` has lists where the operator alone has a text. */
function matchesAnyOf(matcher: unknown, value: unknown): boolean {
  if (!isJson(matcher)) return matcher === value;
  return Object.entries(matcher).some(([operator, argument]) =>
    [argument].flat().some((one) => matchesValue({ [operator]: one }, value)),
  );
}

function textual(argument: unknown, value: unknown, test: (text: string, part: string) => boolean): boolean {
  if (typeof value !== 'string') return false;
  if (!isJson(argument)) return test(value, String(argument));
  return test(value.toLowerCase(), String(argument['equals-ignore-case']).toLowerCase());
}

/** `*` is any run of characters, `\*` an asterisk, and `\\` a backslash. */
function wildcard(pattern: string): RegExp {
  const source = pattern.replace(/\\[*\\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '[^]*';
    return (piece.length === 2 ? piece[1] : piece).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** `[">", 0, "<=", 5]`. */
function numeric(comparisons: readonly unknown[], value: number): boolean {
  for (let at = 0; at < comparisons.length; at += 2) {
    const compare = COMPARISONS[String(comparisons[at])];
    const bound = comparisons[at + 1];
    if (compare === undefined || typeof bound !== 'number') {
      throw new StandInError(`${JSON.stringify(comparisons)} is no numeric comparison of an event pattern`);
    }
    if (!compare(value, bound)) return false;
  }
  return true;
}
