import { BackupError } from '../errors';
import { FOREIGN_PARAMETERS, PARAMETER_VALUES, PARAMETER_VARIABLES } from './database-url-parameters';

/**
 * Reads a connection URL into libpq's variables. It takes what libpq and every URL parser read alike, and refuses what they read
 * differently: a URL that one program connects with and another misunderstands would back up the wrong server.
 * No message repeats a part of the URL that could be the password.
 *
 * @param origin what the URL is called in messages: `DATABASE_URL`, `the secret "orders"`.
 * @throws BackupError `configuration-invalid`.
 */
export function parseDatabaseUrl(url: string, origin = 'DATABASE_URL'): Record<string, string> {
  refuseRawCharacters(url, origin);
  const { authority, path, query } = splitUrl(url, origin);
  const { credentials, hosts } = splitAuthority(authority, origin);
  const variables = new Map<string, string>();
  const put = (variable: string, value: string): void => {
    if (variables.has(variable)) {
      throw invalid(origin, `names ${nameOf(variable)} twice`, 'Keep one of them: programs differ in which they take.');
    }
    if (value !== '') variables.set(variable, value);
  };
  readCredentials(credentials, origin, put);
  readHosts(hosts, origin, put);
  if (path !== '') put('PGDATABASE', decode(path, 'the database', origin));
  readParameters(query, origin, put);
  return Object.fromEntries(variables);
}

type Put = (variable: string, value: string) => void;

/** Whitespace, control characters and `#` mean one thing to libpq and another to everybody else. */
function refuseRawCharacters(url: string, origin: string): void {
  // eslint's no-control-regex asks for escapes like these to be meant: they are.
  const found = [...url].find((char) => char === '#' || char <= ' ' || char === '\x7f' || /\s/u.test(char));
  if (found === undefined) return;
  const shown =
    found === '#' ? '"#"' : `a character U+${found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
  throw invalid(origin, `holds ${shown}`, `Write it as ${encodeURIComponent(found)}.`);
}

function splitUrl(url: string, origin: string): { authority: string; path: string; query: string } {
  const scheme = /^postgres(?:ql)?:\/\//.exec(url)?.[0];
  if (scheme === undefined) {
    throw invalid(origin, 'is no PostgreSQL URL', 'It begins with postgresql:// or postgres://, in lower case.');
  }
  const [, authority, path = '', query = ''] =
    /^([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(url.slice(scheme.length)) ?? [];
  // libpq looks for the password's end beyond "?", others do not.
  if (authority === undefined || path.includes('@') || /@/.test(query)) {
    throw invalid(origin, 'has an "@" behind a "/" or "?"', 'In a password write / as %2F, ? as %3F and @ as %40.');
  }
  if (path.includes('/')) throw invalid(origin, 'has a second "/" in its path', 'In a database name write / as %2F.');
  return { authority, path, query };
}

function splitAuthority(authority: string, origin: string): { credentials: string | undefined; hosts: string } {
  const parts = authority.split('@');
  if (parts.length > 2) throw invalid(origin, 'has more than one "@"', 'In a user or password write @ as %40.');
  return parts.length === 2 ? { credentials: parts[0], hosts: parts[1] } : { credentials: undefined, hosts: parts[0] };
}

function readCredentials(credentials: string | undefined, origin: string, put: Put): void {
  if (credentials === undefined) return;
  const colon = credentials.indexOf(':');
  const user = colon === -1 ? credentials : credentials.slice(0, colon);
  if (user === '') throw invalid(origin, 'has an "@" without a user before it', 'Name the user, or leave the "@" out.');
  put('PGUSER', decode(user, 'the user', origin));
  if (colon !== -1) put('PGPASSWORD', decode(credentials.slice(colon + 1), 'the password', origin));
}

/** One host or several, each with its own port: `db1:5432,db2:5433`, `[::1]:5432`, `%2Fvar%2Frun%2Fpostgresql`. */
function readHosts(hosts: string, origin: string, put: Put): void {
  const parts = hosts.split(',').map((host) => HOST.exec(host)?.groups);
  if (parts.some((part) => part === undefined)) {
    throw invalid(
      origin,
      'has a host that cannot be read',
      'Write host or host:port, IPv6 addresses in brackets, several with commas.',
    );
  }
  put('PGHOST', decode(parts.map((part) => part?.address ?? part?.name ?? '').join(','), 'the host', origin));
  const ports = parts.map((part) => part?.port ?? '');
  for (const port of ports.filter((text) => text !== '')) {
    if (!isPort(port)) throw invalid(origin, `has the port "${port}"`, 'A port is a number from 1 to 65535.');
  }
  if (ports.some((port) => port !== '')) put('PGPORT', ports.join(','));
}

const HOST = /^(?:\[(?<address>[^\][]+)\]|(?<name>[^:\][]*))(?::(?<port>[^:]*))?$/s;

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function readParameters(query: string, origin: string, put: Put): void {
  if (query === '') return;
  for (const parameter of query.split('&')) {
    const [name, value, ...more] = parameter.split('=');
    if (value === undefined || more.length > 0 || name === '') {
      throw invalid(origin, 'has a query parameter that is not name=value', 'In a value write = as %3D and & as %26.');
    }
    const key = decode(name, 'a parameter', origin);
    const variable = Object.hasOwn(PARAMETER_VARIABLES, key) ? PARAMETER_VARIABLES[key] : undefined;
    if (variable === undefined) throw unknownParameter(key, origin);
    put(variable, checkedValue(variable, key, decode(value, `the parameter "${key}"`, origin), origin));
  }
}

function checkedValue(variable: string, key: string, value: string, origin: string): string {
  const allowed = PARAMETER_VALUES[variable];
  if (allowed && !allowed.includes(value)) {
    throw invalid(origin, `has ${key}=${JSON.stringify(value)}`, `It is one of ${allowed.join(', ')}.`);
  }
  const numbers = variable === 'PGPORT' ? value.split(',') : [];
  if (numbers.some((port) => !isPort(port))) {
    throw invalid(origin, `has port=${JSON.stringify(value)}`, 'A port is a number from 1 to 65535.');
  }
  if (value === '') throw invalid(origin, `has an empty "${key}"`, 'Give it a value, or remove it.');
  return value;
}

function unknownParameter(key: string, origin: string): BackupError {
  // A parameter's name may be a piece of a password with a raw "&": show only what looks like a name.
  const shown = /^[A-Za-z_]{1,40}$/.test(key) ? `the parameter "${key}"` : 'a parameter';
  const help = Object.hasOwn(FOREIGN_PARAMETERS, key) ? FOREIGN_PARAMETERS[key] : 'Remove it, or correct its name.';
  return invalid(origin, `has ${shown}, which libpq does not know or a backup cannot use`, help);
}

/** Percent-decoding as libpq does it: `+` stays `+`, a NUL is impossible. */
function decode(text: string, what: string, origin: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Not two hex digits, or no UTF-8: refused below, without the text, which may be the password.
  }
  throw invalid(origin, `has a wrong percent code in ${what}`, 'Write "%" itself as %25; %00 is impossible.');
}

function nameOf(variable: string): string {
  return Object.entries(PARAMETER_VARIABLES).find(([, value]) => value === variable)?.[0] ?? variable;
}

function invalid(origin: string, finding: string, hint: string): BackupError {
  return new BackupError('configuration-invalid', `${origin} ${finding}`, { hint });
}
