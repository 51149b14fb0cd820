/** A restore of some tables: they come whole, with what belongs to them and nothing else. */
import type { DumpPoint } from '../../runtime/catalog/recovery-point';
import { FaultyStore } from '../support/faulty-store';
import { failureOf } from '../support/failure-of';
import { Lab } from '../support/lab';
import { SHOP } from '../support/shop';

let lab: Lab;
let point: DumpPoint;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.database('shop', SHOP);
  point = await lab.point('shop', { jobs: 2 });
});

afterAll(() => lab.stop());

const marker = (database: string): Promise<string> =>
  lab.sql(database, `SELECT count(*) FROM pg_namespace WHERE nspname = 'postgres_backup_restore_incomplete'`);

/** A store that breaks off while rows are read: the definitions are there already. */
function failingAtRows(): FaultyStore {
  return new FaultyStore(lab.store, [{ on: 'get', key: /data-\d+\.dump\.zst$/, effect: 'flip-bit' }]);
}

const selected = (tables: string[], target: string, more = {}) => lab.restore(point, target, { tables, ...more });
const names = (database: string): Promise<string> =>
  lab.sql(
    database,
    `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace::regnamespace::text IN ('sales', 'public')`,
  );

it('come with types, functions, sequence, index, comment and grant, and nothing else', async () => {
  const report = await selected(['sales.orders'], 'some tables');
  expect(report.tables).toEqual([
    { schema: 'sales', name: 'orders', class: 'important', expectedRows: 100, foundRows: 100 },
  ]);
  expect(await names('some tables')).toBe('orders');
  const facts = `SELECT obj_description('sales.orders'::regclass), relacl IS NOT NULL, (SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'),
    (SELECT string_agg(contype::text, '') FROM pg_constraint WHERE conrelid = 'sales.orders'::regclass AND contype <> 'n'), nextval(pg_get_serial_sequence('sales.orders', 'id'))
    FROM pg_class WHERE oid = 'sales.orders'::regclass`;
  expect(await lab.sql('some tables', facts)).toBe('orders|t|2|p|101');
  expect(await marker('some tables')).toBe('0');
});

it('keep the foreign keys among themselves', async () => {
  await selected(['orders', 'public.customers'], 'keys');
  expect(await lab.sql('keys', `SELECT count(*) FROM pg_constraint WHERE contype = 'f'`)).toBe('1');
  expect(await names('keys')).toBe('customers orders');
  expect(await lab.sql('keys', `SELECT nextval('customers_id_seq')`)).toBe('101');
});

it('a small one out of an archive of many megabytes', async () => {
  await lab.database(
    'bulk',
    `CREATE TABLE aa (id int); INSERT INTO aa VALUES (1), (2);
    CREATE TABLE zz AS SELECT i, md5(i::text) || md5((i + 1)::text) AS t FROM generate_series(1, 60000) i;`,
  );
  const bulk = await lab.point('bulk');
  expect((await lab.restore(bulk, 'one of bulk', { tables: ['aa'] })).outcome).toBe('passed');
  expect(await lab.sql('one of bulk', 'SELECT count(*) FROM aa')).toBe('2');
});

it('a lost table comes back into the database that lost it', async () => {
  await lab.database('lost one', SHOP);
  await lab.sql(
    'lost one',
    `DROP TABLE sales.lines; DROP TABLE sales.orders CASCADE; INSERT INTO customers (name) VALUES ('newer');`,
  );
  const report = await selected(['sales.orders', 'sales.lines'], 'lost one');
  expect(report.tables.map(({ foundRows }) => foundRows)).toEqual([3000, 100]);
  expect(await lab.sql('lost one', 'SELECT count(*) FROM customers')).toBe('101');
  expect(await marker('lost one')).toBe('0');
});

it('one that is there already is refused and stays as it is', async () => {
  await lab.database('has orders', 'CREATE SCHEMA sales; CREATE TABLE sales.orders AS SELECT 1 AS mine');
  const failure = await failureOf(selected(['sales.orders', 'sales.lines'], 'has orders'));
  expect(failure.code).toBe('target-not-empty');
  expect(failure.message).toContain('"sales"."orders"');
  expect(await lab.sql('has orders', 'SELECT * FROM sales.orders')).toBe('1');
});

it('after one that failed, the next says what to take away', async () => {
  await lab.database('half selected', 'CREATE TABLE bystander AS SELECT 1');
  await failureOf(lab.restore(point, 'half selected', { tables: ['sales.audit'] }, { store: failingAtRows() }));
  expect(await marker('half selected')).toBe('1');
  const second = await failureOf(selected(['public.customers'], 'half selected'));
  expect(second.code).toBe('target-not-empty');
  expect(second.message).toMatch(/not finished/);
  expect(second.hint).toContain('DROP SCHEMA postgres_backup_restore_incomplete CASCADE');
  expect(await lab.sql('half selected', 'SELECT count(*) FROM bystander')).toBe('1');
});

it.each([['sales.nothing'], ['Orders'], ['a.b.c'], ['""'], ['']])(
  '%j is refused as no table of the point',
  async (name) => {
    const failure = await failureOf(selected([name], 'refused'));
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toContain(name);
  },
);

it('cannot go with clean', async () => {
  const failure = await failureOf(selected(['sales.orders'], 'some tables', { existing: 'clean' }));
  expect(failure.exitCode).toBe(2);
  expect(await lab.sql('some tables', 'SELECT count(*) FROM sales.orders')).toBe('100');
});

it('a partitioned one comes with all its partitions, at any depth, and without those of others', async () => {
  await lab.database(
    'measurements',
    `CREATE TABLE reading (id serial, at date, value int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE reading_2025 PARTITION OF reading FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE SCHEMA "by month";
    CREATE TABLE "by month".reading_2026 PARTITION OF reading FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (at);
    CREATE TABLE "by month"."2026.01" PARTITION OF "by month".reading_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE alarm (at date) PARTITION BY RANGE (at);
    CREATE TABLE alarm_2026 PARTITION OF alarm FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE INDEX ON reading (at);
    INSERT INTO reading (at, value) VALUES ('2025-05-05', 1), ('2026-01-02', 2), ('2026-01-03', 3);
    INSERT INTO alarm VALUES ('2026-05-05');`,
  );
  const partitioned = await lab.point('measurements');
  const restore = (tables: string[], target: string) => lab.restore(partitioned, target, { tables });

  const report = await restore(['reading'], 'readings');
  expect(report.tables.map(({ schema, name, foundRows }) => [schema, name, foundRows])).toEqual([
    ['by month', '2026.01', 2],
    ['public', 'reading_2025', 1],
  ]);
  expect(await lab.sql('readings', 'SELECT sum(value), count(*) FROM reading')).toBe('6|3');
  expect(await lab.sql('readings', `SELECT count(*) FROM pg_class WHERE relname LIKE 'alarm%'`)).toBe('0');
  // Three partitions, and the two indexes of each.
  expect(await lab.sql('readings', 'SELECT count(*) FROM pg_inherits')).toBe('9');

  await restore(['"by month".reading_2026'], 'one branch');
  expect(await lab.sql('one branch', 'SELECT count(*) FROM "by month".reading_2026')).toBe('2');
  await restore(['reading_2025'], 'one leaf');
  expect(await lab.sql('one leaf', 'SELECT value FROM reading_2025')).toBe('1');
  // A partition alone is a table with its own indexes and key.
  expect(await lab.sql('one leaf', `SELECT count(*) FROM pg_indexes WHERE tablename = 'reading_2025'`)).toBe('2');
});
