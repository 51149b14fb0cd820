import type { FailureCode } from '../../model';
import { BackupError } from '../errors';

/** A statement that the server refused, with its own words. */
export class SqlError extends BackupError {
  readonly sqlState: string;

  constructor(code: FailureCode, message: string, sqlState: string, rest: { detail?: string; hint?: string }) {
    super(code, message, rest);
    this.name = 'SqlError';
    this.sqlState = sqlState;
  }
}

/** Makes the error of a statement from what `psql` (VERBOSITY verbose) printed. `where`: `user@host:port/database`. */
export function statementError(printed: string, where: string): BackupError {
  const said = parseServerMessage(printed);
  if (!said) {
    return new BackupError('tool-failed', `psql could not run a statement on ${where}`, { detail: printed.trim() });
  }
  const detail = [`SQLSTATE ${said.sqlState} from ${where}`, ...said.more].join('\n');
  return new SqlError(codeOf(said.sqlState, said.message), said.message, said.sqlState, { detail, hint: said.hint });
}

/** Makes the error of a connection that was never made from `psql`'s last words. */
export function connectionError(printed: string, exit: string, where: string): BackupError {
  const detail = printed.trim().replace(/^psql: error: /, '') || `psql ${exit}`;
  const reasons = detail.split(ATTEMPT).slice(1);
  const refusal = REFUSALS.find(({ pattern }) => reasons.some((reason) => pattern.test(reason)));
  return new BackupError(
    refusal?.code ?? 'server-unreachable',
    `${refusal?.message ?? 'cannot connect to PostgreSQL'} (${where})`,
    { detail, hint: refusal?.hint ?? 'Check host, port, security groups, and that the server accepts connections.' },
  );
}

interface ServerMessage {
  readonly sqlState: string;
  readonly message: string;
  readonly hint?: string;
  readonly more: string[];
}

/** Reads the first message. Severities may be in the server's language; the headings are psql's, in English. */
function parseServerMessage(printed: string): ServerMessage | undefined {
  const start = /^\S[^\n:]*: {2}([0-9A-Z]{5}): /m.exec(printed);
  if (!start) return undefined;
  const body = printed.slice(start.index + start[0].length);
  const [message, ...sections] = body.split(
    /\n(?=(?:LINE \d+:|DETAIL:|HINT:|QUERY:|CONTEXT:|LOCATION:|[A-Z]+ NAME:) )/,
  );
  const section = (heading: string): string | undefined =>
    sections
      .find((text) => text.startsWith(`${heading}: `))
      ?.slice(heading.length + 1)
      .trim();
  const more = ['DETAIL', 'CONTEXT'].flatMap((heading) => section(heading) ?? []);
  return { sqlState: start[1], message: message.trim(), hint: section('HINT'), more };
}

/** By SQLSTATE class (PostgreSQL documentation, appendix A). */
function codeOf(sqlState: string, message: string): FailureCode {
  // Both reasons to see no rows share 42501.
  if (sqlState === '42501') return /row-level security/.test(message) ? 'row-security' : 'table-unreadable';
  if (sqlState === '55P03') return 'table-locked';
  if (sqlState === '3D000') return 'database-missing';
  if (sqlState.startsWith('28')) return 'authentication-failed';
  if (sqlState.startsWith('08') || /^57P0[1-5]$/.test(sqlState)) return 'server-unreachable';
  return 'tool-failed';
}

interface Refusal {
  readonly pattern: RegExp;
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
}

/** libpq tells of each address that it tried; what follows is the reason. */
const ATTEMPT = /^connection to server (?:at|on) [^\n]*? failed: /m;

/**
 * Before a session is up libpq gives no SQLSTATE, only text: these are the sentences of PostgreSQL 14 to 18. A server that speaks
 * another language is reported as unreachable, with its own words. Anchored, so that a name in the message cannot pose as one.
 */
const REFUSALS: readonly Refusal[] = [
  {
    pattern:
      /^(?:FATAL: {2}(?:\S+ authentication failed|no pg_hba\.conf entry|pg_hba\.conf rejects|role ".*" (?:does not exist|is not permitted to log in))|fe_sendauth: no password supplied)/s,
    code: 'authentication-failed',
    message: 'PostgreSQL refused the user',
    hint: 'Check the user and password (or token), and that pg_hba.conf lets this user in from here.',
  },
  {
    pattern: /^FATAL: {2}database ".*" does not exist/s,
    code: 'database-missing',
    message: 'the database does not exist',
    hint: 'Names are case-sensitive here; "psql -l" lists them.',
  },
  {
    pattern: /^FATAL: {2}permission denied for database ".*"/s,
    code: 'authentication-failed',
    message: 'the user may not connect to the database',
    hint: 'GRANT CONNECT ON DATABASE … TO the user.',
  },
];
