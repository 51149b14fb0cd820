import { isRetentionClass, RETENTION_CLASSES, type RetentionClass } from './component';

/**
 * How long recovery points are kept. Age is counted from when the store received a manifest, by the store's own clock: what
 * a writer puts into a name or a manifest cannot make another recovery point end.
 */
export interface RetentionPolicy {
  /** A class that is not among them is kept until a person says otherwise. */
  readonly classes: Readonly<Partial<Record<RetentionClass, ClassRetention>>>;
  /** So many of the newest verified recovery points of a component never end, whatever their age. At least 1. */
  readonly minimumVerified: number;
}

export interface ClassRetention {
  /** Kept so long, in seconds. */
  readonly keepSeconds: number;
  /**
   * Kept longer while fewer newer ones of its class than so many are verified: what nobody verified pushes nothing out.
   *
   * @default 0
   */
  readonly keepNewest?: number;
}

/** At least a day and a half of nightly runs that nobody verified, before the first that nobody can restore is all there is. */
export const DEFAULT_MINIMUM_VERIFIED = 3;

/**
 * Says what is wrong with a policy, such as one read from JSON, or nothing. Fields that are not known are refused: a promise
 * that is misspelt would be no promise.
 */
export function retentionPolicyProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return `it is ${quoted(value)}, not an object`;
  const unknown = unknownField(value, ['classes', 'minimumVerified']);
  if (unknown) return unknown;
  if (!isWholeFrom(value.minimumVerified, 1)) {
    return `minimumVerified is ${quoted(value.minimumVerified)}, but must be a whole number from 1`;
  }
  if (!isRecord(value.classes)) return `classes is ${quoted(value.classes)}, not an object`;
  for (const [name, promise] of Object.entries(value.classes)) {
    const problem = isRetentionClass(name)
      ? promiseProblem(name, promise)
      : `classes has ${quoted(name)}, but the classes are ${RETENTION_CLASSES.join(', ')}`;
    if (problem) return problem;
  }
  return undefined;
}

function promiseProblem(name: string, promise: unknown): string | undefined {
  if (!isRecord(promise)) return `classes.${name} is ${quoted(promise)}, not an object`;
  const unknown = unknownField(promise, ['keepSeconds', 'keepNewest']);
  if (unknown) return `in classes.${name}, ${unknown}`;
  if (!isWholeFrom(promise.keepSeconds, 1)) {
    return `classes.${name}.keepSeconds is ${quoted(promise.keepSeconds)}, but must be a whole number of seconds from 1`;
  }
  if (promise.keepNewest !== undefined && !isWholeFrom(promise.keepNewest, 0)) {
    return `classes.${name}.keepNewest is ${quoted(promise.keepNewest)}, but must be a whole number from 0`;
  }
  return undefined;
}

function unknownField(value: Record<string, unknown>, known: readonly string[]): string | undefined {
  const field = Object.keys(value).find((name) => !known.includes(name));
  return field === undefined ? undefined : `${quoted(field)} is not known; use ${known.join(' and ')}`;
}

function isWholeFrom(value: unknown, lowest: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= lowest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quoted(value: unknown): string {
  // JSON has no word for them.
  return typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);
}
