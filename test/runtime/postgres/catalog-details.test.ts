/** What things in a database are like: a dump that is restored has the same, however odd it is; and any change shows. */
import { CATALOG_WORDS_SQL } from '../../../model';
import { describeCatalogObjects, readCatalogDetails } from '../../../runtime/postgres/catalog-details';
import { findTools } from '../../../runtime/postgres/tools';
import { runProgram, runScript } from '../../support/run-script';
import { Scratch } from './scratch-database';

/** What is known to come back a little different where one looks at the wrong place. */
const ODD = `
CREATE ROLE owner; CREATE ROLE reader; CREATE ROLE "Odd ""role""";
CREATE SCHEMA app AUTHORIZATION owner;
CREATE TYPE app.state AS ENUM ('new', 'it''s; done'); ALTER TYPE app.state ADD VALUE 'between' BEFORE 'it''s; done';
CREATE DOMAIN app.positive AS int NOT NULL DEFAULT 1 CHECK (VALUE > 0);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE COLLATION app.other (provider = libc, locale = 'C');
CREATE TABLE app.parent (a varchar(10) CHECK (a IN ('x', 'y')), dropped int, b numeric(10, 2) DEFAULT 1.5, c text COLLATE app.other);
ALTER TABLE app.parent DROP COLUMN dropped;
CREATE TABLE app.child (own int) INHERITS (app.parent);
ALTER TABLE app.parent ADD COLUMN later timestamptz DEFAULT now();
CREATE TABLE app.parts (id bigint, at timestamptz NOT NULL, note varchar) PARTITION BY RANGE (at, lower(note));
CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM ('2026-01-01', 'a') TO ('2026-02-01', MAXVALUE);
CREATE TABLE app.parts_2 (extra int, note varchar, id bigint, at timestamptz NOT NULL);
ALTER TABLE app.parts_2 DROP COLUMN extra;
ALTER TABLE app.parts ATTACH PARTITION app.parts_2 DEFAULT;
CREATE TABLE app.listed (k app.state) PARTITION BY LIST (k);
CREATE TABLE app.listed_1 PARTITION OF app.listed FOR VALUES IN ('new', NULL) WITH (fillfactor = 70, autovacuum_enabled = off);
CREATE TABLE app.things (id int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 5) PRIMARY KEY, "Odd ""col""" text UNIQUE DEFERRABLE INITIALLY DEFERRED,
  twice int GENERATED ALWAYS AS (n * 2) STORED, n int, p app.positive, during tsrange, parent int REFERENCES app.things ON DELETE SET NULL ON UPDATE CASCADE,
  EXCLUDE USING gist (during WITH &&)) WITH (fillfactor = 80, autovacuum_enabled = false);
ALTER TABLE app.things ALTER COLUMN "Odd ""col""" SET STORAGE EXTERNAL;
CREATE UNLOGGED TABLE app.passing (id serial);
CREATE INDEX ON app.things (n DESC NULLS LAST, "Odd ""col""" text_pattern_ops) INCLUDE (p) WHERE n IN (1, 2);
CREATE INDEX things_lower ON app.things (lower("Odd ""col"""), (n + 1));
CREATE UNIQUE INDEX things_n ON app.things (n); ALTER TABLE app.things CLUSTER ON things_n;
ALTER TABLE app.things ALTER COLUMN n SET NOT NULL; ALTER TABLE app.things REPLICA IDENTITY USING INDEX things_n;
CREATE SEQUENCE app.numbers AS smallint INCREMENT -2 MAXVALUE 100 CYCLE CACHE 5; SELECT nextval('app.numbers');
CREATE SEQUENCE app.invoice; SELECT setval('app.invoice', 41);
CREATE FUNCTION app.body(a int DEFAULT 1, VARIADIC b text[] DEFAULT '{}') RETURNS TABLE (x int) LANGUAGE sql SECURITY DEFINER STABLE STRICT
  SET search_path = app, pg_catalog SET work_mem = '1MB' COST 7 ROWS 3 AS 'SELECT 1; -- it''s $1 here';
CREATE FUNCTION app.modern(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE app.act() LANGUAGE plpgsql AS $x$BEGIN NULL; END$x$;
CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE FUNCTION app.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER fire BEFORE UPDATE OF n, p ON app.things FOR EACH ROW WHEN (NEW.n IN (1, 2)) EXECUTE FUNCTION app.fire('a', E'b\\\\c');
ALTER TABLE app.things DISABLE TRIGGER fire;
CREATE TRIGGER each AFTER INSERT ON app.parts FOR EACH ROW EXECUTE FUNCTION app.fire();
ALTER TABLE app.parts ENABLE ALWAYS TRIGGER each;
CREATE VIEW app.seen WITH (security_barrier) AS SELECT * FROM app.things WHERE "Odd ""col""" IN ('a', 'b') WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW app.sums AS SELECT n, count(*) FROM app.things GROUP BY n; CREATE UNIQUE INDEX ON app.sums (n);
CREATE MATERIALIZED VIEW app.unfilled AS SELECT 1 AS one WITH NO DATA;
ALTER TABLE app.things ENABLE ROW LEVEL SECURITY; ALTER TABLE app.things FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.things AS RESTRICTIVE FOR UPDATE TO reader, "Odd ""role""" USING (n = 1) WITH CHECK (n = 2);
CREATE POLICY all_of ON app.things USING (true);
COMMENT ON TABLE app.things IS 'things'; COMMENT ON COLUMN app.things.n IS 'a number'; COMMENT ON INDEX app.things_n IS 'an index';
COMMENT ON POLICY mine ON app.things IS 'a policy'; COMMENT ON TYPE app.state IS 'a type'; COMMENT ON TRIGGER fire ON app.things IS 'a trigger';
ALTER TABLE app.things OWNER TO owner; ALTER FUNCTION app.modern(int) OWNER TO "Odd ""role""";
GRANT SELECT, INSERT ON app.things TO reader WITH GRANT OPTION; GRANT UPDATE (n, p) ON app.things TO "Odd ""role"""; GRANT SELECT (n) ON app.things TO PUBLIC;
REVOKE ALL ON FUNCTION app.body(int, text[]) FROM PUBLIC; GRANT USAGE ON SEQUENCE app.invoice TO reader; REVOKE ALL ON TYPE app.state FROM PUBLIC;
REVOKE DELETE ON app.things FROM owner; REVOKE ALL ON app.parent FROM CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;`;

/** Each is a change of its own that leaves every name as it was; and what it changes. */
const CHANGES: readonly (readonly [change: string, what: string])[] = [
  ['DROP INDEX app.things_n; CREATE INDEX things_n ON app.things (n)', 'index "app"."things_n"'],
  ['DROP INDEX app.things_n; CREATE UNIQUE INDEX things_n ON app.things (id)', 'index "app"."things_n"'],
  ['ALTER TABLE app.passing ALTER id TYPE bigint', 'table "app"."passing"'],
  ['ALTER TABLE app.things ALTER p DROP NOT NULL, ALTER id DROP IDENTITY', 'table "app"."things"'],
  ['ALTER TABLE app.parent ALTER b DROP DEFAULT', 'table "app"."parent"'],
  ['ALTER TABLE app.things ALTER twice DROP EXPRESSION', 'table "app"."things"'],
  ['ALTER TABLE app.parts DETACH PARTITION app.parts_2', 'table "app"."parts_2"'],
  ['ALTER TABLE app.things DISABLE ROW LEVEL SECURITY', 'table "app"."things"'],
  ['ALTER POLICY all_of ON app.things TO reader', 'policy "app"."things"."all_of"'],
  ['ALTER TABLE app.things ENABLE TRIGGER fire', 'trigger "app"."things"."fire"'],
  ['ALTER TABLE app.things OWNER TO reader', 'table "app"."things"'],
  ['REVOKE INSERT ON app.things FROM reader', 'table "app"."things"'],
  ['REVOKE UPDATE (p) ON app.things FROM "Odd ""role"""', 'table "app"."things"'],
  ['GRANT EXECUTE ON FUNCTION app.body(int, text[]) TO PUBLIC', 'function "app"."body"(a integer, VARIADIC b text[])'],
  ['ALTER FUNCTION app.body(int, text[]) SECURITY INVOKER', 'function "app"."body"(a integer, VARIADIC b text[])'],
  [
    `CREATE OR REPLACE FUNCTION app.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD;END'`,
    'function "app"."fire"()',
  ],
  [`COMMENT ON COLUMN app.things.n IS NULL`, 'table "app"."things"'],
  [`ALTER TYPE app.state ADD VALUE 'last'`, 'type "app"."state"'],
  ['ALTER DOMAIN app.positive DROP NOT NULL', 'type "app"."positive"'],
  ['ALTER SEQUENCE app.invoice INCREMENT 2', 'sequence "app"."invoice"'],
  [
    'ALTER TABLE app.things DROP CONSTRAINT things_parent_fkey; ALTER TABLE app.things ADD CONSTRAINT things_parent_fkey FOREIGN KEY (parent) REFERENCES app.things',
    'constraint "app"."things"."things_parent_fkey"',
  ],
  ['ALTER VIEW app.seen RESET (security_barrier)', 'view "app"."seen"'],
];

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.start();
  const { psql, pgDump } = await findTools(scratch.server.major);
  await scratch.database('odd');
  await runScript(psql, scratch.connection('odd'), ODD);
  await scratch.database('restored', 'TEMPLATE template0');
  const env = { PATH: process.env.PATH ?? '', ...scratch.connection('odd').env };
  const dumped = await runProgram(pgDump, ['--no-password'], env);
  expect(dumped.code).toBe(0);
  await runScript(psql, scratch.connection('restored'), dumped.stdout);
});

afterAll(() => scratch.stop());

async function words(database: string): Promise<string[]> {
  const session = await scratch.open(database);
  const found = await session.query<{ what: string; definition: string; access: string | null }>(CATALOG_WORDS_SQL);
  return found.map(({ what, definition, access }) => `${what}\n  ${definition}\n  ${access ?? ''}`).sort();
}

test('a dump that was restored is described as its source is, word by word', async () => {
  const expected = await words('odd');
  expect(await words('restored')).toEqual(expected);
  // There is something to be compared: an odd name, a list, a right.
  for (const said of [
    'of app.parent; columns',
    'restrictive',
    '"Odd ""role""": UPDATE',
    'SELECT (to grant)',
    'comment a number',
  ])
    expect(expected.join('\n')).toContain(said);
  expect(await readCatalogDetails(await scratch.open('restored'))).toEqual(
    await readCatalogDetails(await scratch.open('odd')),
  );
});

test('nothing has an empty digest, or one of nothing', async () => {
  const { definitions, access, sequences } = await readCatalogDetails(await scratch.open('odd'));
  expect(Object.values(definitions).every((digest) => /^[0-9a-f]+$/.test(digest))).toBe(true);
  expect(Object.keys(definitions)).toHaveLength((await words('odd')).length);
  expect(Object.keys(access).filter((what) => /^(?:table|view|sequence|function|type|policy) /.test(what))).toEqual(
    Object.keys(access),
  );
  expect(sequences).toEqual({ '"app"."invoice"': '41' });
});

test.each(CHANGES)('%s', async (change, what) => {
  const session = await scratch.open('odd');
  const before = await readCatalogDetails(session);
  await session.execute('BEGIN');
  for (const statement of change.split('; ')) await session.execute(statement);
  const after = await readCatalogDetails(session);
  const said = await describeCatalogObjects(session, [what]);
  await session.execute('ROLLBACK');
  const differ = (side: 'definitions' | 'access') => before[side][what] !== after[side][what];
  expect([what, differ('definitions') || differ('access')]).toEqual([what, true]);
  expect(said.get(what)?.definition).toBeTruthy();
});
