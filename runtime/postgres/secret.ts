import { BackupError } from '../errors';
import { parseDatabaseUrl } from './database-url';

/** What a secret says, as libpq's variables. No message repeats any of its content, not even in a parser's own words. */
export type SecretContent = { readonly kind: 'fields' | 'url'; readonly variables: Readonly<Record<string, string>> };

/**
 * Reads a secret: JSON with the fields that RDS writes (`host`, `port`, `username`, `password`, `dbname`, `engine`), or one
 * connection URL, bare or in the JSON field `urlField`.
 *
 * @param origin what it is called in messages: `the secret "orders"`.
 * @throws BackupError `configuration-invalid`.
 */
export function interpretSecret(text: string, origin: string, urlField?: string): SecretContent {
  const content = text.trim();
  if (urlField === undefined && /^[a-z]+:\/\//i.test(content)) {
    return { kind: 'url', variables: parseDatabaseUrl(content, origin) };
  }
  const fields = parseObject(content, origin);
  if (urlField === undefined) return { kind: 'fields', variables: readFields(fields, origin) };
  const url = fields[urlField];
  if (typeof url !== 'string' || url === '') {
    throw invalid(origin, `has no text in the field ${JSON.stringify(urlField)}`, 'Name the field that holds the URL.');
  }
  return { kind: 'url', variables: parseDatabaseUrl(url.trim(), `the field ${JSON.stringify(urlField)} of ${origin}`) };
}

function parseObject(content: string, origin: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // JSON's own message quotes the text, and with it perhaps the password.
  }
  throw invalid(
    origin,
    'is neither a JSON object nor a connection URL',
    'It holds {"username": …, "password": …} or postgresql://….',
  );
}

/** Each field, under all names in use, and the variable it is. */
const FIELDS = [
  { variable: 'PGHOST', names: ['host'] },
  { variable: 'PGPORT', names: ['port'] },
  { variable: 'PGUSER', names: ['username', 'user'] },
  { variable: 'PGPASSWORD', names: ['password'] },
  { variable: 'PGDATABASE', names: ['dbname', 'database'] },
] as const;

function readFields(fields: Record<string, unknown>, origin: string): Record<string, string> {
  refuseOtherEngine(fields.engine, origin);
  const variables: Record<string, string> = {};
  for (const { variable, names } of FIELDS) {
    const present = names.filter((name) => fields[name] !== undefined && fields[name] !== null && fields[name] !== '');
    if (present.length > 1 && fields[present[0]] !== fields[present[1]]) {
      throw invalid(origin, `has both "${present[0]}" and "${present[1]}", and they differ`, 'Keep one of them.');
    }
    if (present.length > 0) variables[variable] = readText(fields[present[0]], present[0], origin);
  }
  for (const { variable, names } of FIELDS.filter(({ names: [name] }) => name === 'username' || name === 'password')) {
    if (variables[variable] === undefined) throw missing(fields, names[0], origin);
  }
  return variables;
}

function refuseOtherEngine(engine: unknown, origin: string): void {
  if (engine === undefined || (typeof engine === 'string' && /postgres/i.test(engine))) return;
  throw invalid(
    origin,
    'is of another engine than PostgreSQL',
    'Its field "engine" says so; name the secret of the PostgreSQL server.',
  );
}

function readText(value: unknown, name: string, origin: string): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text.includes('\0')) {
    throw invalid(origin, `has a field "${name}" that is no text`, 'Write it as a JSON string.');
  }
  if (name === 'port' && !(/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535)) {
    throw invalid(origin, 'has a "port" that is none', 'A port is a number from 1 to 65535.');
  }
  return text;
}

function missing(fields: Record<string, unknown>, name: string, origin: string): BackupError {
  const urlField = Object.keys(fields).find((key) => /^postgres(?:ql)?:\/\//.test(String(fields[key])));
  const hint =
    urlField === undefined
      ? 'It holds "username" and "password"; "host", "port" and "dbname" may come from PGHOST, PGPORT and PGDATABASE.'
      : `Its field ${JSON.stringify(urlField)} holds a URL: set POSTGRES_BACKUP_SECRET_URL_FIELD to that name.`;
  return invalid(origin, `has no field "${name}"`, hint);
}

function invalid(origin: string, finding: string, hint: string): BackupError {
  return new BackupError('configuration-invalid', `${origin} ${finding}`, { hint });
}
