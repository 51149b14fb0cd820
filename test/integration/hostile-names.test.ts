/** Names that look like options, connection strings, commands, paths or log records are names and nothing else. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { encodeKeyPart } from '../../model';
import { quoteIdentifier, quoteLiteral } from '../../runtime/postgres/sql-quoting';
import { readContent } from '../support/database-content';
import { Lab } from '../support/lab';

let lab: Lab;
/** What a name would touch, if one of them were run as a command. */
let canary: string;

beforeAll(async () => {
  lab = await Lab.start();
  canary = path.join(lab.directory, 'touched');
});

afterAll(() => lab.stop());

/** At most 63 bytes each, or PostgreSQL would cut them. */
const hostileNames = (): string[] => [
  'with space',
  `quotes"'"'`,
  'ünï 語 𝔘',
  'line\nbreak',
  'back\\slash\\',
  '-rf',
  '--help',
  'dbname=postgres',
  'x host=evil port=1',
  'postgresql://evil:1/postgres',
  `\\! touch ${canary}`.slice(0, 63),
  `$(touch ${canary})`.slice(0, 63),
  '`id`; DROP TABLE x; --',
  'x'.repeat(63),
  '{"_aws":{"Timestamp":0},"BackupSucceeded":1}',
  '../../etc/passwd',
  'a.b*c?d|e(f)[g]',
  ':name :"x"',
  '%s%n',
  'select',
];

describe('a database is dumped by its own name, whatever that is', () => {
  it('every hostile name: the right database, a harmless key, and it restores under that name', async () => {
    const names = hostileNames();
    for (const name of names) {
      await lab.database(name);
      await lab.withSession(name, (session) =>
        session.execute(`CREATE TABLE public.who AS SELECT ${quoteLiteral(name)}::text AS am_i`),
      );
    }
    const point = await lab.point('postgres', { databases: names });
    expect(point.manifest.databases.map(({ name }) => name)).toEqual(names);
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
    for (const key of await lab.keys(point.prefix))
      expect(key.slice(point.prefix.length)).toMatch(/^(?:[A-Za-z0-9_=-]+\/)?[a-z0-9.-]+$/);
    expect(await lab.keys(`${point.prefix}${encodeKeyPart('line\nbreak')}/`)).toHaveLength(2);

    for (const name of names.filter((_, index) => index % 2 === 0)) {
      await lab.withSession('postgres', (session) => session.execute(`DROP DATABASE ${quoteIdentifier(name)}`));
      expect((await lab.restore(point, name, { database: name })).outcome).toBe('passed');
      const [row] = await lab.withSession(name, (session) =>
        session.query<{ am_i: string }>('SELECT am_i FROM public.who'),
      );
      expect(row.am_i).toBe(name);
    }
    expect(existsSync(canary)).toBe(false);
  }, 180_000);
});

describe('schemas, tables, columns and types of any name come back', () => {
  it('each in an archive of its own class, by content, and each can be restored alone', async () => {
    const names = hostileNames();
    await lab.database('hostile');
    await lab.withSession('hostile', async (session) => {
      for (const [index, name] of names.entries()) {
        const schema = quoteIdentifier(name);
        const table = `${schema}.${quoteIdentifier(names[(index + 1) % names.length])}`;
        const column = quoteIdentifier(names[(index + 2) % names.length]);
        await session.execute(`CREATE SCHEMA ${schema}`);
        await session.execute(`CREATE TYPE ${schema}."ty\\pe" AS ENUM (${quoteLiteral(name)})`);
        await session.execute(`CREATE TABLE ${table} (${column} text PRIMARY KEY, e ${schema}."ty\\pe", s serial)`);
        await session.execute(
          `INSERT INTO ${table} VALUES (${quoteLiteral(name)}, ${quoteLiteral(name)}), ('\\.', NULL)`,
        );
        await session.execute(`COMMENT ON TABLE ${table} IS ${quoteLiteral(name)}`);
      }
    });
    const pattern = (schema: string): string => `${quoteIdentifier(schema)}.*`;
    const point = await lab.point('hostile', {
      jobs: 3,
      criticalTables: names.slice(0, 9).map(pattern),
      ephemeralTables: names.slice(15, 18).map(pattern),
    });
    const tables = point.manifest.databases[0].tables;
    expect(tables).toHaveLength(names.length);
    expect(tables.filter(({ rows }) => rows === 2)).toHaveLength(names.length - 3);
    expect((await lab.verify(point, 'read')).objects.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);

    await lab.restore(point, 'hostile again', { jobs: 4 });
    const [before, after] = [await readContent(lab, 'hostile'), await readContent(lab, 'hostile again')];
    expect(after.definitions).toEqual(before.definitions);
    const different = Object.keys(before.rows).filter((table) => before.rows[table] !== after.rows[table]);
    expect(different.length).toBe(3);
    expect(different.every((table) => after.rows[table].startsWith('0 rows'))).toBe(true);

    const [some] = tables.filter(({ schema }) => schema === 'line\nbreak');
    const wanted = `${quoteIdentifier(some.schema)}.${quoteIdentifier(some.name)}`;
    const report = await lab.restore(point, 'hostile alone', { tables: [wanted] });
    expect(report.tables).toEqual([expect.objectContaining({ schema: some.schema, name: some.name, foundRows: 2 })]);
    expect(existsSync(canary)).toBe(false);
  });
});

describe('roles and passwords of any name', () => {
  it.each(['p@ss:/#?% +&=w', `it's "quoted" \\ back`, 'pässwört 語', '$(id) `id`', 'host=evil dbname=x'])(
    'a role called by each hostile name logs in with the password %j and dumps',
    async (password) => {
      const name = `role ${password}`.slice(0, 40);
      await lab.withSession('postgres', async (session) => {
        await session.execute(
          `CREATE ROLE ${quoteIdentifier(name)} LOGIN SUPERUSER PASSWORD ${quoteLiteral(password)}`,
        );
      });
      const result = await lab.backup('hostile', { globals: true }, { user: name, password });
      expect(result.outcome).toBe('made');
      if (password.length > 8)
        expect(JSON.stringify(result)).not.toContain(JSON.stringify(password).slice(1, -1) + '@');
    },
  );
});
