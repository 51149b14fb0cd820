/** Damage of every kind is planted into a backup, behind the back of its manifest: each is found, by its own comparison. */
import type { Drill, DumpedDatabase } from '../../../model';
import type { DumpPoint } from '../../../runtime/catalog/recovery-point';
import { Lab } from '../../support/lab';
import { backUp, check, drill, findings, ROLES, SHOP } from './support/drill-lab';
import { copyObject, putManifest } from './support/put-manifest';

/** What is done to a copy of the database, of which the damaged archives are made; and what a drill must say of it. */
const DAMAGE: readonly (readonly [what: string, damage: string, found: string])[] = [
  [
    'lost rows',
    'DELETE FROM sales.lines WHERE id = 7',
    'row counts: table "sales"."lines_1" has 98 rows, 99 in the backup',
  ],
  [
    'a row too much',
    `INSERT INTO sales.lines VALUES (501, 1)`,
    'row counts: table "sales"."lines_2" has 402 rows, 401 in the backup',
  ],
  ['a missing table', 'DROP TABLE sales.gone', 'row counts: table "sales"."gone" is missing'],
  ['a table too many', 'CREATE TABLE sales.stray (id int)', 'row counts: table "sales"."stray" is too much'],
  [
    'a changed value',
    `UPDATE customers SET name = 'Customer 7' WHERE id = 7`,
    'content: table "public"."customers" holds other rows than at the backup',
  ],
  [
    'values that changed places',
    `UPDATE sales.orders SET amount = 1.5 * (15 - id) WHERE id IN (7, 8)`,
    'content: table "sales"."orders" holds other rows than at the backup',
  ],
  [
    'NULL for an empty text',
    `UPDATE sales.notes SET body = NULL WHERE body = ''`,
    'content: table "sales"."notes" holds other rows than at the backup',
  ],
  ['a missing index', 'DROP INDEX sales.orders_customer', 'definitions: index "sales"."orders_customer" is missing'],
  [
    'a missing constraint',
    'ALTER TABLE customers DROP CONSTRAINT customers_name_check',
    'definitions: constraint "public"."customers"."customers_name_check" is missing',
  ],
  ['a missing view', 'DROP VIEW sales.open', 'definitions: view "sales"."open" is missing'],
  [
    'a missing trigger',
    'DROP TRIGGER stamp ON sales.orders',
    'definitions: trigger "sales"."orders"."stamp" is missing',
  ],
  ['a missing function', 'DROP FUNCTION sales.stamp()', 'definitions: function "sales"."stamp"() is missing'],
  ['a missing policy', 'DROP POLICY own ON sales.orders', 'definitions: policy "sales"."orders"."own" is missing'],
  ['a type too many', `CREATE TYPE sales.odd AS ENUM ('a')`, 'definitions: type "sales"."odd" is too much'],
  [
    'a constraint that is not valid, and a row that breaks it',
    `ALTER TABLE sales.orders DROP CONSTRAINT orders_customer_fkey;
     UPDATE sales.orders SET customer = 9999 WHERE id = 1;
     ALTER TABLE sales.orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customers NOT VALID`,
    'validity: constraint "sales"."orders"."orders_customer_fkey" is not valid',
  ],
  [
    'an index that has not what its table has',
    `CREATE FUNCTION sales.chance(text) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT random()';
     DROP INDEX customers_name; CREATE INDEX customers_name ON customers (sales.chance(name))`,
    'indexes: index public.customers_name: heap tuple',
  ],
  [
    'a sequence that is behind its column',
    `SELECT setval('customers_id_seq', 150)`,
    'sequences: sequence "public"."customers_id_seq" is behind its column: it would give values that are taken',
  ],
  [
    'a sequence not called yet, at a value that is taken',
    `SELECT setval('sales.orders_id_seq', 500, false)`,
    'sequences: sequence "sales"."orders_id_seq" is behind its column: it would give values that are taken',
  ],
  [
    'a sequence of no column that would give numbers again',
    `SELECT setval('sales.invoice', 12)`,
    'sequences: sequence "sales"."invoice" is at 12, at the source it was at 41',
  ],
  [
    'a unique index that is unique no more',
    'DROP INDEX sales.notes_body; CREATE INDEX notes_body ON sales.notes (body)',
    'definitions: index "sales"."notes_body" is not as it was; here: btree; on "body"; by text_ops',
  ],
  [
    'a trigger that is off',
    'ALTER TABLE sales.notes DISABLE TRIGGER audit',
    'definitions: trigger "sales"."notes"."audit" is not as it was; here: enabled D',
  ],
  [
    'a column of another type, a default and a comment that are gone',
    `ALTER TABLE sales.orders ALTER tags TYPE hstore, ALTER customer DROP NOT NULL, ALTER state DROP DEFAULT;
     COMMENT ON TABLE sales.orders IS NULL`,
    'definitions: table "sales"."orders" is not as it was; here: kind r; row-level security; forced; stored by heap; columns "id" bigint not null identity d storage p',
  ],
  [
    'a table without its row-level security',
    'ALTER TABLE sales.notes DISABLE ROW LEVEL SECURITY',
    'definitions: table "sales"."notes" is not as it was; here: kind r; stored by heap; columns "body" text storage x',
  ],
  [
    'a partition that is one no more',
    'ALTER TABLE sales.lines DETACH PARTITION sales.lines_2',
    'definitions: table "sales"."lines_2" is not as it was',
  ],
  [
    'another owner',
    'ALTER TABLE customers OWNER TO "Odd ""reader"""',
    'owners and privileges: table "public"."customers" is not as it was; here: owner Odd "reader"; rights',
  ],
  [
    'a right that is lost',
    'REVOKE SELECT ON sales.orders FROM "Odd ""reader"""',
    'owners and privileges: table "sales"."orders" is not as it was; here: owner shop_owner; rights "shop_owner": DELETE',
  ],
  [
    'a materialized view that is not filled',
    'REFRESH MATERIALIZED VIEW sales.totals WITH NO DATA',
    'validity: view "sales"."totals" is not filled',
  ],
  ['a lost large object', 'SELECT lo_unlink(4711)', 'large objects: there are 0 large objects, 1 in the backup'],
];

let lab: Lab;
let clean: DumpPoint;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', ROLES);
  await lab.database('shop', SHOP);
  clean = await backUp(lab, 'shop', ['public.*', 'sales.*']);
});

afterAll(() => lab.stop());

describe('archives that are not what the manifest promises', () => {
  let drilled: Drill;
  let found: string;

  beforeAll(async () => {
    await lab.sql('postgres', 'CREATE DATABASE damaged TEMPLATE shop');
    for (const [, damage] of DAMAGE) await lab.sql('damaged', damage);
    const damaged = await backUp(lab, 'damaged');
    drilled = await drill(lab, await putManifest(lab, damaged, promised), {
      checks: [
        check('fresh', 'SELECT max(created_at) FROM customers', { kind: 'newer than', seconds: 3600 }),
        check('all there', 'SELECT count(*) FROM customers', { kind: 'at least', number: 200 }),
      ],
    });
    found = drilled.issues.map(({ subject, finding }) => `${subject}: ${finding}`).join('\n');
  });

  test.each(DAMAGE)('%s', (_what, _damage, finding) => {
    expect(found).toContain(finding);
  });

  test('old data, by the check that asks for its age', () => {
    expect(found).toMatch(/^check "fresh": it gives 2026-11-09 08:00:00\+00, which is .* old$/m);
    expect(found).not.toContain('all there');
  });

  test('nothing is complained of but these and what follows from them, and the drill has failed', () => {
    const known = [...DAMAGE.map(([, , finding]) => finding), '"sales"."chance"', 'check "fresh"'];
    expect(found.split('\n').filter((line) => !known.some((one) => line.includes(one)))).toEqual([
      'content: the content of "sales"."gone" could not be hashed: relation "sales.gone" does not exist',
      'content: table "sales"."lines_1" holds other rows than at the backup',
      'content: table "sales"."lines_2" holds other rows than at the backup',
      'definitions: table "sales"."gone" is missing',
      'definitions: table "sales"."stray" is too much',
      'definitions: index "public"."customers_name" is not as it was; here: btree; on an expression; by float8_ops',
      'owners and privileges: sequence "public"."customers_id_seq" is not as it was; here: owner Odd "reader"; rights "Odd ""reader""": SELECT UPDATE USAGE',
      'sequences: sequence "sales"."orders_id_seq" has given nothing yet, at the source it was at 500',
      'sequences: sequence "public"."customers_id_seq" is at 150, at the source it was at 200',
    ]);
    expect(drilled.outcome).toBe('failed');
    expect(drilled.failure).toBeNull();
  });
});

describe('a manifest that is not what the archives are', () => {
  test('an extension that is in no archive, another encoding: failed', async () => {
    const forged = await putManifest(lab, await backUp(lab, 'shop'), (database) => ({
      ...database,
      encoding: 'LATIN9',
      extensions: [...database.extensions, { name: 'pg_trgm', version: '1.6' }],
    }));
    const drilled = await drill(lab, forged);
    expect(findings(drilled)).toContain('extensions failed: extension pg_trgm is missing');
    expect(findings(drilled)).toContain('the archive is of a database in UTF8, the manifest says LATIN9');
    expect(drilled.outcome).toBe('failed');
  });

  test('nothing to compare with is never passed: no number of rows, no definitions, a collation unknown here', async () => {
    const forged = await putManifest(lab, await backUp(lab, 'shop'), (database) => ({
      ...database,
      collate: 'xx_XX.utf8',
      catalog: undefined,
      tables: database.tables.map((table) => (table.name === 'customers' ? { ...table, rows: null } : table)),
      data: database.data.map((archive) => ({
        ...archive,
        tables: archive.tables.filter((index) => database.tables[index].name !== 'customers'),
      })),
    }));
    const drilled = await drill(lab, forged);
    const lines = findings(drilled).split('\n');
    expect(lines).toEqual([
      expect.stringMatching(
        /^encoding and collation could not verify: the collation xx_XX.utf8 is not known on this machine/,
      ),
      'row counts could not verify: the manifest has no number of rows for table "public"."customers"',
      'definitions could not verify: the manifest does not say what the database was made of',
      'owners and privileges could not verify: the manifest does not say what the database was made of',
      'validity could not verify: the manifest does not say what the database was made of',
      'sequences could not verify: the manifest does not say what the database was made of',
    ]);
    expect(drilled.outcome).toBe('could not verify');
  });

  test('what things are like could not be asked at the source: a backup all the same, and told; the drill could not verify', async () => {
    await lab.database('shy', 'CREATE TABLE t (id serial); INSERT INTO t DEFAULT VALUES');
    await lab.sql(
      'postgres',
      `CREATE ROLE shy_dumper LOGIN PASSWORD 'only-for-tests'; GRANT pg_read_all_data TO shy_dumper`,
    );
    await lab.sql('shy', 'REVOKE EXECUTE ON FUNCTION pg_sequence_last_value FROM PUBLIC');
    const point = await lab.point('shy', { globals: true }, { user: 'shy_dumper', password: 'only-for-tests' });
    expect(lab.messages.warnings.join('\n')).toMatch(
      /what things in "shy" are like is not known.*pg_sequence_last_value/,
    );
    const drilled = await drill(lab, point);
    expect(findings(drilled).split('\n')).toEqual([
      'definitions could not verify: the manifest does not say what things were like at the source',
      'owners and privileges could not verify: the manifest does not say what things were like at the source',
    ]);
    expect(drilled.outcome).toBe('could not verify');
  });

  test('a thing that the manifest names and does not describe is compared with nothing, so it is not passed', async () => {
    const what = 'table "public"."customers"';
    const forged = await putManifest(lab, await backUp(lab, 'shop'), ({ catalog, ...database }) => {
      const { details } = catalog ?? {};
      if (!catalog || !details) throw new Error('the backup does not describe what it holds');
      const { [what]: _definition, ...definitions } = details.definitions;
      const { [what]: _access, ...access } = details.access;
      return { ...database, catalog: { ...catalog, details: { ...details, definitions, access } } };
    });
    const drilled = await drill(lab, forged);
    expect(findings(drilled).split('\n')).toEqual([
      `definitions could not verify: the manifest does not say what ${what} was like at the source`,
      `owners and privileges could not verify: the manifest does not say what ${what} was like at the source`,
    ]);
    expect(drilled.outcome).toBe('could not verify');
  });

  test('an owner who is not among the roles: failed, by name', async () => {
    await lab.sql('postgres', 'CREATE ROLE late_owner');
    await lab.database('late', 'CREATE TABLE t (id int); INSERT INTO t VALUES (1); ALTER TABLE t OWNER TO late_owner');
    const late = await backUp(lab, 'late');
    const globals =
      clean.manifest.globals && (await copyObject(lab, clean.manifest.globals, `${late.prefix}old.sql.zst`));
    const drilled = await drill(lab, await putManifest(lab, late, (database) => database, { globals }));
    expect(findings(drilled)).toMatch(/^drill failed: .*late_owner/);
    expect(drilled.restoreMs).toBeNull();
  });
});

/** The archives of one backup under the promises of the clean one. */
function promised(made: DumpedDatabase): DumpedDatabase {
  const { tables, extensions, largeObjects, catalog } = clean.manifest.databases[0];
  const key = (table: { schema: string; name: string }): string => JSON.stringify([table.schema, table.name]);
  const indexes = new Map(tables.map((table, index) => [key(table), index]));
  const kept = made.data.map((archive) => ({
    ...archive,
    tables: archive.tables.flatMap((index) => indexes.get(key(made.tables[index])) ?? []),
  }));
  const named = new Set(kept.flatMap((archive) => archive.tables));
  const others = tables.map((_table, index) => index).filter((index) => !named.has(index));
  const data = kept.map((archive) => (archive.rest ? { ...archive, tables: [...archive.tables, ...others] } : archive));
  return { ...made, tables, extensions, largeObjects, catalog, data };
}
