import { COMPONENTS, isRetentionClass, type Component, type RetentionClass } from './component';

/**
 * Where things lie in the vault. Readable by a person, sortable by time:
 *
 *     <source>/<component>/<class>/<YYYY>/<MM>/<DD>/<YYYYMMDD>T<HHMMSS>Z-<run>/manifest.json
 *
 * The last folder's name is the recovery point's id; it stays unique when the folder is copied elsewhere.
 */
export const MANIFEST_NAME = 'manifest.json';
/** Written first, conditionally: the one who wrote it owns the recovery point's prefix. */
export const STARTED_NAME = 'started.json';
/** Written when a run failed after it owned the prefix. */
export const FAILURE_NAME = 'failure.json';
/** Written by a verification. */
export const VERIFICATION_NAME = 'verification.json';

/**
 * Runs that may try to make one recovery point, each after the one before it failed: more would hide that something is wrong.
 */
export const MOST_ATTEMPTS = 5;

/** The records of an attempt: `started.json` of the first, `started-2.json` of the second. */
export function attemptName(name: string, attempt: number): string {
  return attempt === 1 ? name : name.replace(/\.json$/, `-${attempt}.json`);
}

/**
 * Folder of what an attempt stores, below the recovery point's: none for the first, `attempt.2/` for the second. No two attempts
 * write one key; only the manifest has one place, so that one of them makes the point. No name of a database holds a dot there.
 */
export function attemptFolder(attempt: number): string {
  return attempt === 1 ? '' : `attempt.${attempt}/`;
}

/** The records of every attempt, for a policy: `started*.json`. */
export function everyAttempt(name: string): string {
  return name.replace(/\.json$/, '*.json');
}

/** Which attempt a record is of; nothing for what is no such record. */
export function attemptOf(name: string, recordName: string): number | undefined {
  if (name === recordName) return 1;
  const stem = recordName.replace(/\.json$/, '');
  const number = name.startsWith(`${stem}-`) ? /^([2-9])\.json$/.exec(name.slice(stem.length + 1)) : null;
  return number ? Number(number[1]) : undefined;
}

export interface PointAddress {
  readonly source: string;
  readonly component: Component;
  readonly class: RetentionClass;
  /** The moment that names the point: scheduled time, or the start of a run by hand. Whole seconds, UTC. */
  readonly time: Date;
  /** Six characters that tell runs of the same second apart. */
  readonly run: string;
}

/** `20261120T021003Z-4k2m9x`. */
export function pointId(address: Pick<PointAddress, 'time' | 'run'>): string {
  const compact = address.time
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z')
    .replace(/[-:]/g, '');
  return `${compact}-${address.run}`;
}

/** The prefix of all of a recovery point's objects, with a slash at its end. */
export function pointPrefix(address: PointAddress): string {
  return prefixOf(address, pointId(address));
}

/** The day is that of the id. */
function prefixOf({ source, component, class: name }: Omit<PointAddress, 'time' | 'run'>, id: string): string {
  return `${componentPrefix(source, component)}${name}/${id.slice(0, 4)}/${id.slice(4, 6)}/${id.slice(6, 8)}/${id}/`;
}

export function sourcePrefix(source: string): string {
  return `${source}/`;
}

export function componentPrefix(source: string, component: Component): string {
  return `${sourcePrefix(source)}${component}/`;
}

const POINT_ID = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-([a-z0-9]{6})$/;

/** Reads an id; nothing when it is not one. */
export function parsePointId(id: string): Pick<PointAddress, 'time' | 'run'> | undefined {
  const match = POINT_ID.exec(id);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A date that does not exist (the 30th of February) rolls over; such an id was not written by us.
  return pointId({ time, run: match[7] }) === id ? { time, run: match[7] } : undefined;
}

/** Reads a prefix (or any key below it) back; nothing when it is not laid out as {@link pointPrefix} does. */
export function parsePointPrefix(key: string): PointAddress | undefined {
  const [source, component, retention, , , , id] = key.split('/');
  if (id === undefined || !(COMPONENTS as readonly string[]).includes(component) || !isRetentionClass(retention)) {
    return undefined;
  }
  const parsed = parsePointId(id);
  if (!parsed) return undefined;
  const address = { source, component: component as Component, class: retention, ...parsed };
  return key.startsWith(prefixOf(address, id)) ? address : undefined;
}

/**
 * A name that a database chose, as one harmless part of a key: letters, digits, `_` and `-` stay, every other byte
 * becomes `=XX`. One name, one part: nothing else encodes to the same.
 */
export function encodeKeyPart(name: string): string {
  return Array.from(new TextEncoder().encode(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
