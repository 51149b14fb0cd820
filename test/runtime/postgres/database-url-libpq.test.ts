import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../runtime/postgres/child-environment';
import { makeConnection } from '../../../runtime/postgres/connection';
import { parseDatabaseUrl } from '../../../runtime/postgres/database-url';
import { quoteIdentifier, quoteLiteral } from '../../../runtime/postgres/sql-quoting';
import { findPsql, findTools } from '../../../runtime/postgres/tools';
import { executeAll, Scratch } from './scratch-database';

/** The real libpq is asked, once with the URL itself and once with the variables that we make of it. */

/** User, and each a password of its own: an agreement about both means that the password was read alike. */
const ROLES: [string, string][] = [
  ['plain', 'plain'],
  ['a@b', 'p@ss:w/o?r#d'],
  ['with space', '%41+%2B and space'],
  ['ünï', 'pässwörd表😀'],
  ['x host=evil', 'it\'s \\ "quoted" & = ,'],
];
const DATABASES = [
  'orders',
  'with space',
  `qu'o"te`,
  'ünï表😀',
  '-rf',
  'dbname=postgres',
  'x host=evil.invalid',
  'new\nline',
  'postgresql://evil.invalid/x',
  'back\\slash',
  'a/b?c#d',
  '%41',
];

let scratch: Scratch;
let psql: string;

beforeAll(async () => {
  scratch = await Scratch.start();
  psql = (await findPsql()).psql;
  const session = await scratch.open();
  for (const [name, password] of ROLES) {
    await session.execute(`CREATE ROLE ${quoteIdentifier(name)} LOGIN PASSWORD ${quoteLiteral(password)}`);
  }
  for (const name of DATABASES) await session.execute(`CREATE DATABASE ${quoteIdentifier(name)} STRATEGY wal_log`);
});

afterAll(() => scratch.stop());

test('what we take out of a URL connects to the same server, database and user as libpq with the URL', async () => {
  let agreedConnections = 0;
  await fc.assert(
    fc.asyncProperty(url(), async (text) => {
      const variables = accepted(text);
      if (variables === undefined) return;
      const [theirs, ours] = await Promise.all([libpqWithUrl(text), libpqWithVariables(variables)]);
      expect(ours).toEqual(theirs);
      if (!theirs.startsWith('failed')) agreedConnections++;
    }),
    { numRuns: 100, seed: 20261120 },
  );
  // The comparison means something only when many of them did connect.
  expect(agreedConnections).toBeGreaterThan(25);
});

test.each(DATABASES)('the database called %j is reached under its own name, by psql and by pg_dump', async (name) => {
  const session = await scratch.open(name);
  await executeAll(session, ['DROP TABLE IF EXISTS public.here', 'CREATE TABLE public.here ()']);
  await session.execute(`COMMENT ON TABLE public.here IS ${quoteLiteral(`in ${name}`)}`);
  const tools = await findTools(scratch.server.major);
  const { stdout } = await promisify(execFile)(tools.pgDump, [`--dbname=${KEEPALIVE_CONNINFO}`, '--schema-only'], {
    env: childEnvironment(scratch.connection(name)),
  });
  expect(stdout).toContain(`'in ${name.replaceAll("'", "''")}'`);
  await session.close();
});

/** URLs of real names in many spellings, and some with something put in that does not belong there. */
function url(): fc.Arbitrary<string> {
  const { port } = scratch.server;
  const authority = fc
    .tuple(
      fc.constantFrom(...ROLES),
      fc.infiniteStream(fc.boolean()),
      fc.constantFrom(undefined, undefined, undefined, undefined, 'wrong', ''),
    )
    .map(([[user, password], raw, other]) => `${spell(user, raw)}:${spell(other ?? password, raw)}@`);
  const hosts = fc.constantFrom(
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `127.0.0.1:1,127.0.0.1:${port}`,
    `%3127.0.0.1:${port}`,
  );
  const database = fc
    .tuple(fc.constantFrom(...DATABASES), fc.infiniteStream(fc.boolean()))
    .map(([name, raw]) => spell(name, raw));
  const query = fc.constantFrom(
    '',
    '',
    '?',
    '?application_name=x',
    '?sslmode=disable',
    '?connect_timeout=5&options=-c%20geqo%3Doff',
  );
  const whole = fc.tuple(fc.constantFrom('postgres://', 'postgresql://'), authority, hosts, database, query);
  const intact = whole.map(([scheme, who, where, name, rest]) => `${scheme}${who}${where}/${name}${rest}`);
  const insertion = fc.tuple(intact, fc.nat(), fc.constantFrom(...'@:/?#%&=+[], ', '%2', '%00', '\n'));
  const damaged = insertion.map(([text, at, piece]) => {
    const index = 11 + (at % (text.length - 10));
    return text.slice(0, index) + piece + text.slice(index);
  });
  return fc.oneof({ arbitrary: intact, weight: 3 }, { arbitrary: damaged, weight: 2 });
}

/** Percent-encodes what must be, and of the rest as much as chance has it. */
function spell(text: string, raw: Iterator<boolean>): string {
  return [...text]
    .map((char) => {
      const encoded = encodeURIComponent(char);
      const alwaysEncoded = encoded === char ? `%${char.charCodeAt(0).toString(16).padStart(2, '0')}` : encoded;
      if (raw.next().value !== true) return alwaysEncoded;
      // libpq leaves a plus as it is, where a form's decoder would make it a space.
      return char === '+' ? char : encoded;
    })
    .join('');
}

function accepted(text: string): Record<string, string> | undefined {
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'configuration-invalid' });
    return undefined;
  }
}

async function libpqWithUrl(text: string): Promise<string> {
  return ask([`--dbname=${text}`], { PATH: process.env.PATH ?? '', LC_ALL: 'C' });
}

async function libpqWithVariables(variables: Record<string, string>): Promise<string> {
  return ask(
    [`--dbname=${KEEPALIVE_CONNINFO}`],
    childEnvironment(makeConnection(variables, variables.PGDATABASE ?? variables.PGUSER)),
  );
}

async function ask(connecting: string[], env: Record<string, string>): Promise<string> {
  const question = 'SELECT current_user, current_database(), inet_server_port()';
  const args = ['--no-psqlrc', '--no-password', '--tuples-only', '--no-align', `--command=${question}`, ...connecting];
  try {
    return (await promisify(execFile)(psql, args, { env: { ...env, PGCLIENTENCODING: 'UTF8' } })).stdout;
  } catch (error) {
    // Why it failed must agree too: another host, user or database would show here.
    return `failed: ${(error as { stderr: string }).stderr}`;
  }
}
