import type { DumpedDatabase, DumpManifest } from '../../../../model';
import { BackupError } from '../../../errors';
import type { ArchiveEntry } from '../../../postgres/archive/archive-head';
import { quoteIdentifier, quoteLiteral } from '../../../postgres/sql-quoting';
import { readServerFacts } from '../../../postgres/server-facts';
import type { SqlSession } from '../../../postgres/session';
import type { RestoreRequest } from '../types';

/**
 * Makes the target anew as the dumped database was: encoding, locale, and its owner unless it is to be the connecting user.
 * `maintenance` is connected to another database.
 */
export async function createDatabase(
  maintenance: SqlSession,
  name: string,
  dumped: DumpedDatabase,
  ownership: RestoreRequest['ownership'],
): Promise<void> {
  const owner = ownership === 'as dumped' ? `OWNER ${quoteIdentifier(dumped.owner)} ` : '';
  const { major } = await readServerFacts(maintenance);
  await maintenance.execute(
    `CREATE DATABASE ${quoteIdentifier(name)} ${owner}TEMPLATE template0 ${localeClauses(dumped, major)}`,
  );
}

/** Drops the target with everything in it; connections to it are ended. */
export async function dropDatabase(maintenance: SqlSession, name: string): Promise<void> {
  await maintenance.execute(`DROP DATABASE ${quoteIdentifier(name)} WITH (FORCE)`);
}

export async function databaseExists(maintenance: SqlSession, name: string): Promise<boolean> {
  const rows = await maintenance.query(`SELECT 1 AS one FROM pg_database WHERE datname = ${quoteLiteral(name)}`);
  return rows.length > 0;
}

/** An older server cannot read what a newer one wrote. */
export function refuseOlderServer(major: number, manifest: DumpManifest): void {
  if (major >= manifest.server.major) return;
  throw new BackupError(
    'version-mismatch',
    `the backup is of PostgreSQL ${manifest.server.version}, the target is ${major}`,
    {
      hint: `Restore into PostgreSQL ${manifest.server.major} or later.`,
    },
  );
}

/** Text of one encoding may have no form in another; the rows would fail half-way, or change. */
export async function refuseOtherEncoding(session: SqlSession, dumped: DumpedDatabase): Promise<void> {
  const [{ encoding }] = await session.query<{ encoding: string }>(
    'SELECT pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()',
  );
  if (encoding === dumped.encoding) return;
  throw new BackupError(
    'encoding-mismatch',
    `the target's encoding is ${encoding}, the backup's is ${dumped.encoding}`,
    {
      hint: `Create the target with ENCODING '${dumped.encoding}' TEMPLATE template0, or let --create do it.`,
    },
  );
}

/** Owners that the target lacks: found before the first object is made, not at the first that fails. */
export async function refuseMissingRoles(session: SqlSession, entries: readonly ArchiveEntry[]): Promise<void> {
  const owners = new Set(entries.map((entry) => entry.owner).filter((owner) => owner !== ''));
  const known = await session.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const missing = [...owners].filter((owner) => !known.some(({ name }) => name === owner)).sort();
  if (missing.length === 0) return;
  throw new BackupError(
    'restore-failed',
    `the target lacks the ${missing.length === 1 ? 'role' : 'roles'} ${missing.join(', ')}`,
    {
      hint: 'Pass --roles to restore roles first, or --no-owner to give everything to the connecting user.',
    },
  );
}

/**
 * What belongs to the database itself and not to anything in it. The archive's statements name the database that was dumped,
 * so they hold for a target of the same name only.
 */
export async function executeDefinitions(maintenance: SqlSession, entries: readonly ArchiveEntry[]): Promise<void> {
  for (const entry of entries) await maintenance.execute(entry.definition);
}

/** Grants on the database, its comment: from the beginning, so that it is never open to more than it was. */
export function isDatabaseRight(entry: ArchiveEntry): boolean {
  return ['ACL', 'COMMENT', 'SECURITY LABEL'].includes(entry.kind) && entry.name.startsWith('DATABASE ');
}

/** `ALTER DATABASE … SET`, its connection limit: at the end, since some would hinder the restore (read only, one connection). */
export function isDatabaseSetting(entry: ArchiveEntry): boolean {
  return entry.kind === 'DATABASE PROPERTIES' && entry.definition.trim() !== '';
}

function localeClauses(dumped: DumpedDatabase, major: number): string {
  const clauses = [
    `ENCODING ${quoteLiteral(dumped.encoding)}`,
    `LC_COLLATE ${quoteLiteral(dumped.collate)}`,
    `LC_CTYPE ${quoteLiteral(dumped.ctype)}`,
  ];
  // Unless it is named, it is the target cluster's own, and texts are ordered by that. Before 15 there is no other.
  if (dumped.localeProvider === 'c' && major >= 15) clauses.push('LOCALE_PROVIDER libc');
  if (dumped.localeProvider === 'i' && dumped.icuLocale !== null) {
    clauses.push(`LOCALE_PROVIDER icu ICU_LOCALE ${quoteLiteral(dumped.icuLocale)}`);
  }
  if (dumped.localeProvider === 'b' && dumped.icuLocale !== null) {
    clauses.push(`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${quoteLiteral(dumped.icuLocale)}`);
  }
  return clauses.join(' ');
}
