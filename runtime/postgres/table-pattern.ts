import { BackupError } from '../errors';
import { quoteIdentifier, quoteLiteral } from './sql-quoting';
import { withSavepoint } from './savepoint';
import type { SqlSession } from './session';
import { SqlError } from './server-error';

/**
 * Names of tables with wildcards, exactly as `pg_dump --table` understands them (PostgreSQL documentation, psql, "Patterns"):
 * `*` and `?`, the dot between schema and name, double quotes around what is meant literally, lower case outside of
 * them, and regular expressions such as `log_(2024|2025)`. Without a schema, only what the role's search_path shows.
 */

/** A relation that a pattern matched. */
export interface MatchedRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relkind`: `r` a table, `p` a partitioned one, `v` a view, … */
  readonly kind: string;
}

/**
 * Every table, view, sequence or foreign table that the pattern matches, as `pg_dump --strict-names` would.
 *
 * @throws BackupError `configuration-invalid` when it matches nothing or is no pattern.
 */
export async function matchPattern(session: SqlSession, pattern: string): Promise<MatchedRelation[]> {
  const { schema, name } = patternToRegex(pattern);
  const conditions = [`c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p')`];
  if (name !== EVERYTHING) conditions.push(regexCondition('c.relname', name));
  if (schema === undefined) conditions.push('pg_catalog.pg_table_is_visible(c.oid)');
  else if (schema !== EVERYTHING) conditions.push(regexCondition('n.nspname', schema));
  const matched = await runMatch(
    session,
    pattern,
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind
       FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE ${conditions.join(' AND ')}`,
  );
  if (matched.length > 0) return matched;
  throw new BackupError('configuration-invalid', `no table matches the pattern ${JSON.stringify(pattern)}`, {
    hint: 'Patterns are those of "pg_dump --table": give the schema, and double quotes to what has capitals: billing."Invoice".',
  });
}

/** The pattern that matches exactly this table, whatever it is called. */
export function exactTablePattern(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The two regular expressions that pg_dump makes of a pattern (`patternToSQLRegex` in its source), for the server's `~`. */
export function patternToRegex(pattern: string): { schema: string | undefined; name: string } {
  const parts = [''];
  let quoted = false;
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index];
    const next = pattern[index + 1];
    if (char === '"') {
      if (quoted && next === '"') {
        parts[parts.length - 1] += '"';
        index++;
      } else quoted = !quoted;
    } else if (char === '.' && !quoted) parts.push('');
    else parts[parts.length - 1] += quoted ? literalPart(char) : patternPart(char, next);
  }
  if (parts.length > 2) {
    throw new BackupError('configuration-invalid', `the pattern ${JSON.stringify(pattern)} has too many dots`, {
      hint: "Write schema.table; put double quotes around a name that holds a dot, and around a regular expression's dot.",
    });
  }
  const name = anchored(parts[parts.length - 1]);
  return { schema: parts.length === 2 ? anchored(parts[0]) : undefined, name };
}

const EVERYTHING = '^(.*)$';

function anchored(part: string): string {
  return `^(${part})$`;
}

function literalPart(char: string): string {
  return '|*+?()[]{}.^$\\'.includes(char) ? `\\${char}` : char;
}

function patternPart(char: string, next: string | undefined): string {
  if (char >= 'A' && char <= 'Z') return char.toLowerCase();
  if (char === '*') return '.*';
  if (char === '?') return '.';
  if (char === '$') return '\\$';
  // More likely an array type's name than the beginning of a bracket expression.
  if (char === '[' && next === ']') return '\\[';
  return char;
}

function regexCondition(column: string, regex: string): string {
  return `${column} OPERATOR(pg_catalog.~) ${quoteLiteral(regex)} COLLATE pg_catalog."default"`;
}

/** Visibility is by the role's own search_path, as pg_dump sees it, not by the one our session works with. */
async function runMatch(session: SqlSession, pattern: string, sql: string): Promise<MatchedRelation[]> {
  try {
    return await withSavepoint(session, async () => {
      await session.execute('RESET search_path');
      return session.query<MatchedRelation>(sql);
    });
  } catch (error) {
    if (!(error instanceof SqlError) || error.sqlState !== INVALID_REGULAR_EXPRESSION) throw error;
    throw new BackupError('configuration-invalid', `the pattern ${JSON.stringify(pattern)} is no regular expression`, {
      detail: error.message,
      hint: 'Put double quotes around a name that holds special characters.',
    });
  } finally {
    await session.execute('SET search_path TO pg_catalog');
  }
}

const INVALID_REGULAR_EXPRESSION = '2201B';
