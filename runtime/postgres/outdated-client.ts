import { parseToolVersion } from './tool-version';

/**
 * The oldest minor version of each major without a known hole that lets a hostile server run code in `pg_dump` or `psql`,
 * or a hostile archive in `pg_restore`. From the PostgreSQL security page, as of November 2026.
 */
export const OLDEST_SOUND_MINORS: Readonly<Record<number, number>> = { 14: 25, 15: 20, 16: 16, 17: 12, 18: 7 };

/** A sentence when this client version has known holes; nothing when it has none. */
export function outdatedClient(version: string): string | undefined {
  const parsed = parseToolVersion(`client (PostgreSQL) ${version}`);
  const oldestSound = parsed && OLDEST_SOUND_MINORS[parsed.major];
  if (!parsed || oldestSound === undefined) {
    return `PostgreSQL client ${version} is of no version this tool knows to be maintained; use one of 14 to 18`;
  }
  // A beta has no minor version and counts as older than the first release.
  const minor = Number(/^\d+\.(\d+)$/.exec(parsed.version)?.[1] ?? -1);
  return minor >= oldestSound
    ? undefined
    : `PostgreSQL client ${version} has known security holes; install ${parsed.major}.${oldestSound} or later`;
}
