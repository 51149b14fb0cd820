import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childEnvironment, KEEPALIVE_CONNINFO } from '../../../runtime/postgres/child-environment';
import { listTables } from '../../../runtime/postgres/catalog-tables';
import { countRows } from '../../../runtime/postgres/row-counts';
import { openSession, type SqlSession } from '../../../runtime/postgres/session';
import { qualifiedName } from '../../../runtime/postgres/sql-quoting';
import { findPsql, findTools } from '../../../runtime/postgres/tools';
import { executeAll, Scratch } from './scratch-database';

let scratch: Scratch;
let session: SqlSession;

beforeAll(async () => {
  scratch = await Scratch.start();
  session = await scratch.database('shop');
  await executeAll(session, [
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders AS SELECT i AS id, repeat(chr(120), 100) AS note FROM generate_series(1, 2000) AS i',
    'CREATE TABLE shop.parent (id int)',
    'INSERT INTO shop.parent SELECT generate_series(1, 5)',
    'CREATE TABLE shop.child () INHERITS (shop.parent)',
    'INSERT INTO shop.child SELECT generate_series(1, 7)',
    'CREATE TABLE shop.events (at date, n int) PARTITION BY RANGE (at)',
    `CREATE TABLE shop.events_2025 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
    `CREATE TABLE shop.events_2026 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (n)`,
    `CREATE TABLE shop.events_2026_low PARTITION OF shop.events_2026 FOR VALUES FROM (0) TO (10)`,
    `INSERT INTO shop.events VALUES ('2025-05-05', 1), ('2026-05-05', 1), ('2026-05-06', 2)`,
    'CREATE UNLOGGED TABLE shop.cache (id int)',
    'INSERT INTO shop.cache VALUES (1)',
    'CREATE TABLE shop."odd ""name""\n\\! ls" (id int)',
    'INSERT INTO shop."odd ""name""\n\\! ls" VALUES (1), (2)',
    'CREATE TABLE shop.empty ()',
    'CREATE VIEW shop.orders_view AS SELECT * FROM shop.orders',
    'CREATE MATERIALIZED VIEW shop.orders_materialised AS SELECT * FROM shop.orders',
    'CREATE SEQUENCE shop.numbers',
    'CREATE TYPE shop.pair AS (a int, b int)',
    'CREATE FOREIGN DATA WRAPPER nothing',
    'CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing',
    'CREATE FOREIGN TABLE shop.far (id int) SERVER elsewhere',
    'CREATE TEMPORARY TABLE passing (id int)',
    // What an extension's script does, without the files of an extension: a member, and a member that is to be dumped in part.
    'CREATE TABLE shop.of_an_extension (id int)',
    'CREATE TABLE shop.settings_of_an_extension (id int, own bool)',
    'INSERT INTO shop.settings_of_an_extension VALUES (1, true), (2, false)',
    'ALTER EXTENSION plpgsql ADD TABLE shop.of_an_extension',
    'ALTER EXTENSION plpgsql ADD TABLE shop.settings_of_an_extension',
    `UPDATE pg_extension SET extconfig = ARRAY['shop.settings_of_an_extension'::regclass::oid], extcondition = ARRAY['WHERE own']`,
  ]);
});

afterAll(() => scratch.stop());

const ALL = ['cache', 'child', 'empty', 'events_2025', 'events_2026_low', 'odd "name"\n\\! ls', 'orders', 'parent'];

test('the tables listed are those whose rows pg_dump dumps', async () => {
  const { tables, extensionTables } = await listTables(session);
  expect(tables.map(({ name }) => name)).toEqual(ALL);
  expect(extensionTables).toEqual([
    { schema: 'shop', name: 'settings_of_an_extension', extension: 'plpgsql', condition: 'WHERE own' },
  ]);
  const listed = [...tables, ...extensionTables].map(qualifiedName).sort();
  expect([...(await dumpedRows()).keys()].sort()).toEqual(listed);
});

test('each table has as many rows counted as pg_dump dumps of it, without those of its heirs', async () => {
  const { tables } = await listTables(session);
  const counts = await countRows(session, tables);
  const dumped = await dumpedRows();
  expect(counts).toEqual(tables.map((table) => dumped.get(qualifiedName(table))));
  expect(counts[tables.findIndex(({ name }) => name === 'parent')]).toBe(5);
});

test('sizes are those of heap and TOAST, and unlogged tables are marked', async () => {
  const { tables } = await listTables(session);
  const orders = tables.find(({ name }) => name === 'orders');
  const [{ size }] = await session.query<{ size: number }>(`SELECT pg_table_size('shop.orders') AS size`);
  expect(orders?.sizeBytes).toBe(size);
  expect(size).toBeGreaterThan(200_000);
  expect(tables.filter(({ unlogged }) => unlogged).map(({ name }) => name)).toEqual(['cache']);
});

test('patterns give tables their class; all others are important', async () => {
  const { tables } = await listTables(session, {
    critical: ['shop.orders', 'shop.odd*'],
    ephemeral: ['shop.cache', 'shop.events_*'],
  });
  expect(tables.map(({ class: tableClass }) => tableClass)).toEqual([
    'ephemeral', 'important', 'important', 'ephemeral', 'ephemeral', 'critical', 'critical', 'important',
  ]); // prettier-ignore
});

test.each([
  [['shop.nothing'], [], /no table matches the pattern "shop.nothing"/],
  [[], ['shop.orders_view'], /matches no table with rows/],
  [[], ['shop.of_an_extension'], /matches no table with rows/],
  [['shop.o*'], ['shop.orders'], /shop.orders is both critical and ephemeral/],
])('critical %j with ephemeral %j is refused', async (critical, ephemeral, message) => {
  await expect(listTables(session, { critical, ephemeral })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringMatching(message) as string,
  });
});

test('a pattern for a partitioned table says that its rows are in its partitions', async () => {
  await expect(listTables(session, { critical: [], ephemeral: ['shop.events'] })).rejects.toMatchObject({
    hint: expect.stringContaining('partition') as string,
  });
});

describe('with a table locked by somebody', () => {
  let holder: SqlSession;
  let waiting: SqlSession;

  beforeAll(async () => {
    holder = await scratch.open('shop');
    await holder.execute('BEGIN');
    await holder.execute('LOCK TABLE shop.orders');
    waiting = await openSession(scratch.connection('shop'), await findPsql(), { lockTimeoutSeconds: 1 });
  });

  afterAll(async () => {
    await waiting.close();
    await holder.execute('ROLLBACK');
  });

  test('the listing does not wait for it', async () => {
    const { tables } = await listTables(waiting);
    expect(tables.map(({ name }) => name)).toEqual(ALL);
  });

  test('a count says which table it could not count, and the transaction lives on', async () => {
    await waiting.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const { tables } = await listTables(waiting);
    await expect(countRows(waiting, tables)).rejects.toMatchObject({
      code: 'table-locked',
      message: expect.stringContaining('cannot count the rows of shop.orders') as string,
    });
    expect(await waiting.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await waiting.execute('ROLLBACK');
  });

  test('outside of a transaction too', async () => {
    await expect(countRows(waiting, [{ schema: 'shop', name: 'orders' }])).rejects.toMatchObject({
      code: 'table-locked',
    });
  });
});

test("counts are of the session's snapshot, told one table after the other", async () => {
  const counting = await scratch.open('shop');
  await counting.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await counting.query('SELECT 1');
  await session.execute('INSERT INTO shop.child VALUES (8)');
  const told: [string, number][] = [];
  const tables = ['orders', 'child'].map((name) => ({ schema: 'shop', name }));
  await countRows(counting, tables, { onTable: (table, rows) => told.push([table.name, rows]) });
  expect(told).toEqual([['orders', 2000], ['child', 7]]); // prettier-ignore
  await counting.execute('COMMIT');
  expect(await countRows(counting, [tables[1]])).toEqual([8]);
  await session.execute('DELETE FROM shop.child WHERE id = 8');
});

test('many small tables are counted each, however they share statements', async () => {
  const many = await scratch.database('many');
  await many.execute(`DO $$ BEGIN FOR i IN 1..130 LOOP
    EXECUTE format('CREATE TABLE public.t%s AS SELECT generate_series(1, %s) AS i', i, i); END LOOP; END $$`);
  const { tables } = await listTables(many);
  expect(await countRows(many, tables)).toEqual(tables.map(({ name }) => Number(name.slice(1))));
});

test('an ended run counts no further', async () => {
  const signal = AbortSignal.abort(new Error('the end'));
  await expect(countRows(session, [{ schema: 'shop', name: 'orders' }], { signal })).rejects.toThrow('the end');
});

/** The rows that pg_dump puts out for each table, by its qualified name. */
async function dumpedRows(): Promise<Map<string, number>> {
  const tools = await findTools(scratch.server.major);
  const args = ['--data-only', '--quote-all-identifiers', `--dbname=${KEEPALIVE_CONNINFO}`];
  const { stdout } = await promisify(execFile)(tools.pgDump, args, {
    env: childEnvironment(scratch.connection('shop')),
    maxBuffer: 1 << 26,
  });
  const copies = stdout.matchAll(/^COPY ((?:"(?:[^"]|"")*"\.?){2}) \(?.*? ?FROM stdin;\n([\s\S]*?)\\\.\n/gm);
  return new Map([...copies].map(([, name, rows]) => [name, rows.split('\n').length - 1]));
}
