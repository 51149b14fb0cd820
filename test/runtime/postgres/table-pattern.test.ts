import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../runtime/postgres/child-environment';
import type { SqlSession } from '../../../runtime/postgres/session';
import { qualifiedName, quoteIdentifier } from '../../../runtime/postgres/sql-quoting';
import { exactTablePattern, matchPattern } from '../../../runtime/postgres/table-pattern';
import { findTools } from '../../../runtime/postgres/tools';
import { Scratch } from './scratch-database';

const SCHEMAS = ['public', 'app', 'App', 'a.b', 'has space', 'ünï', 'quo"te'];
const NAMES = [
  'orders', 'Orders', 'ORDERS', 'order_lines', 'a.b', 'a"b', 'with space', 'new\nline', 'back\\slash', '$dollar', 'dol$lar',
  'star*', 'what?', 'pipe|pipe', 'br[]', 'br[ac]ket', '(paren)', '-rf', "it's", 'täble', '表', '😀', '\\! ls', 'x{2}', '^caret$',
  'plus+', ':colon', 'a', 'aa', 'log_2024', 'log_2025', 'log_2026', 'İstanbul', 'percent%s', 'tab\tbed', 'select',
]; // prettier-ignore
const PATTERNS = [
  'orders', 'Orders', '"Orders"', 'ORD*', '*', '*.*', 'app.*', 'App.*', '"App".*', '*.orders', 'app.orders', 'log_202?',
  'log_(2024|2025)', 'log_202[45]', 'app.log_202(5|6)', 'a|aa', '"a.b".*', '*."a.b"', '"a.b"."a.b"', 'has space.orders',
  '"has space"."with space"', 'ünï.tä*', 'a+', 'br[]', '"br[]"', '"star*"', 'star*', 'dol$lar', '$dollar', '"what?"', 'what?',
  '"quo""te"."a""b"', '"new\nline"', 'public."back\\slash"', '"pipe|pipe"', 'pipe\\|pipe', '表', '*😀*', "it's", '-rf',
  'or"der"s', '"orders', 'orders"', 'app."order_lines"', '\\d*', '[a-z]+', '.orders', 'app.', 'x{2}', '"x{2}"', 'İ*', 'nix',
  'app.nix', '(', '\\', '*.*(', '"("', '"\\! ls"', '""""', '?', '??', 'täble', 'TÄBLE', 'lOg_2024', 'public.a(a)?',
]; // prettier-ignore

let scratch: Scratch;
let session: SqlSession;

beforeAll(async () => {
  scratch = await Scratch.start();
  session = await scratch.database('zoo');
  for (const schema of SCHEMAS) {
    if (schema !== 'public') await session.execute(`CREATE SCHEMA ${quoteIdentifier(schema)}`);
    for (const name of NAMES) await session.execute(`CREATE TABLE ${qualifiedName({ schema, name })} ()`);
  }
  await session.execute('CREATE VIEW app.orders_view AS SELECT 1 AS one');
  await session.execute('CREATE SEQUENCE app.orders_seq');
  await session.execute(`ALTER DATABASE zoo SET search_path = app, public`);
  await session.close();
  session = await scratch.open('zoo');
});

afterAll(() => scratch.stop());

test.each(PATTERNS)('%j matches what pg_dump --table matches', async (pattern) => {
  expect(await matchedByUs(pattern)).toEqual(await matchedByPgDump(pattern));
});

test('patterns put together at random match what pg_dump matches', async () => {
  const piece = fc.constantFrom(...'aorderslogOApb"".*?|()[]{}$\\2026_ ä+', 'app.', '"a.b"', '.*', 'orders', 'log_');
  const pattern = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  await fc.assert(
    fc.asyncProperty(pattern, async (text) => {
      expect(await matchedByUs(text)).toEqual(await matchedByPgDump(text));
    }),
    { numRuns: 30, seed: 20261120 },
  );
});

test('the exact pattern of every table in the zoo matches that table alone, by us and by pg_dump', async () => {
  for (const schema of SCHEMAS) {
    for (const name of NAMES) {
      const matched = await matchPattern(session, exactTablePattern(schema, name));
      expect(matched.map((table) => [table.schema, table.name])).toEqual([[schema, name]]);
    }
  }
  for (const name of NAMES) {
    expect(await matchedByPgDump(exactTablePattern('quo"te', name))).toEqual([`quo"te.${name}`]);
  }
});

test('the exact pattern finds a table with an odd name in a database that is not in UTF-8, when pg_dump speaks UTF-8', async () => {
  const latin = await scratch.database('latin', "ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'");
  await latin.execute('CREATE TABLE public."Ärger" ()');
  await latin.execute('CREATE TABLE public."Arger" ()');
  expect(await matchedByPgDump(exactTablePattern('public', 'Ärger'), 'latin', ['--encoding=UTF8'])).toEqual([
    'public.Ärger',
  ]);
});

test('a pattern that matches nothing is refused, with the pattern in the message', async () => {
  await expect(matchPattern(session, 'app.nothing_here')).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: 'no table matches the pattern "app.nothing_here"',
  });
});

test('after a match the session sees names by schema again', async () => {
  await matchPattern(session, 'orders');
  const [{ path }] = await session.query<{ path: string }>(`SELECT current_setting('search_path') AS path`);
  expect(path).toBe('pg_catalog');
});

async function matchedByUs(pattern: string): Promise<string[] | 'refused'> {
  try {
    const matched = await matchPattern(session, pattern);
    return matched
      .map(({ schema, name }) => `${schema}.${name}`)
      .filter(ofTheZoo)
      .sort();
  } catch (error) {
    expect(error).toMatchObject({ code: 'configuration-invalid' });
    return 'refused';
  }
}

/** Reads the tables out of the list of contents of a dump made with the pattern. */
async function matchedByPgDump(
  pattern: string,
  database = 'zoo',
  options: string[] = [],
): Promise<string[] | 'refused'> {
  const tools = await findTools(scratch.server.major);
  const env = childEnvironment(scratch.connection(database));
  const dump = ['--schema-only', '--strict-names', `--table=${pattern}`, `--dbname=${KEEPALIVE_CONNINFO}`, ...options];
  try {
    const { stdout } = await promisify(execFile)(tools.pgDump, dump, { env, maxBuffer: 1 << 26 });
    return createdRelations(stdout).filter(ofTheZoo).sort();
  } catch (error) {
    expect(error).toMatchObject({ code: 1 });
    return 'refused';
  }
}

/** `*` matches the system's own too, in forms of CREATE that this test does not read. */
function ofTheZoo(relation: string): boolean {
  return !relation.startsWith('pg_catalog.');
}

const KINDS =
  /^CREATE (?:TABLE|VIEW|SEQUENCE) ((?:"(?:[^"]|"")*"|[^". ]+))\.((?:"(?:[^"]|"")*"|[^". ]+)) *(?:\(|AS|\n)/gm;

function createdRelations(sql: string): string[] {
  return [...sql.matchAll(KINDS)].map(([, schema, name]) => `${unquote(schema)}.${unquote(name)}`);
}

function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
