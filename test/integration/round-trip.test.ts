/** What is backed up comes back: by content, not by counts. */
import { readContent } from '../support/database-content';
import { Lab } from '../support/lab';
import { EVERY_TYPE, RICH_RIGHTS, RICH_ROLES, RICH_SCHEMA, WIDEST_TABLE } from './rich-schema';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', RICH_ROLES);
});

afterAll(() => lab.stop());

describe('a restored database is the one that was backed up, by content', () => {
  beforeAll(async () => {
    await lab.database('rich', RICH_SCHEMA + RICH_RIGHTS + EVERY_TYPE + WIDEST_TABLE);
  });

  it.each([
    { jobs: 1, restoreJobs: 1 },
    { jobs: 3, restoreJobs: 4 },
  ])('dumped by $jobs, restored by $restoreJobs at once', async ({ jobs, restoreJobs }) => {
    const point = await lab.point('rich', { jobs });
    const target = `rich_${jobs}`;
    const report = await lab.restore(point, target, { jobs: restoreJobs });
    expect(report.outcome).toBe('passed');

    const [before, after] = [await readContent(lab, 'rich'), await readContent(lab, target)];
    expect(Object.keys(before.rows).length).toBeGreaterThan(15);
    expect(Object.keys(before.largeObjects)).toHaveLength(2);
    expect(Object.keys(before.sequences).length).toBeGreaterThan(3);
    expect(after).toEqual(before);
  });

  it('verifies, stored and read', async () => {
    const point = await lab.point('rich');
    for (const depth of ['stored', 'read'] as const) {
      const report = await lab.verify(point, depth);
      expect(report.objects.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
      expect(report.outcome).toBe('passed');
    }
  });

  it('a row more or less in an archive than were counted is found by reading it', async () => {
    const point = await lab.point('rich');
    for (const change of [-1, 1]) {
      const miscounted = structuredClone(point);
      const table = miscounted.manifest.databases[0].tables.find(({ name }) => name === 'customers');
      Object.assign(table ?? {}, { rows: 500 + change });
      const report = await lab.verify(miscounted, 'read');
      expect(report.outcome).toBe('failed');
      expect(report.objects.map(({ finding }) => finding).join()).toContain(
        `"shop"."customers" has 500 rows in it, ${500 + change} were counted`,
      );
    }
  });

  it('the oracle sees a changed byte in a row, a large object, a sequence and a definition', async () => {
    await lab.database(
      'oracle',
      "CREATE TABLE t (a text); INSERT INTO t VALUES ('a'); CREATE SEQUENCE s; SELECT lo_from_bytea(1, 'a');",
    );
    const before = await readContent(lab, 'oracle');
    await lab.sql(
      'oracle',
      "UPDATE t SET a = 'b'; SELECT nextval('s'); SELECT lo_put(1, 0, 'b'); COMMENT ON TABLE t IS 'x';",
    );
    const after = await readContent(lab, 'oracle');
    for (const part of ['rows', 'sequences', 'largeObjects', 'definitions'] as const) {
      expect(after[part]).not.toEqual(before[part]);
    }
  });
});

describe('settings and grants of the database itself come back under its own name', () => {
  it('ALTER DATABASE and ALTER ROLE … IN DATABASE SET, its comment, its grants', async () => {
    await lab.database('configured', 'CREATE TABLE t (id int); INSERT INTO t VALUES (1);');
    await lab.sql(
      'postgres',
      `ALTER DATABASE configured SET work_mem = '7MB';
       ALTER DATABASE configured SET search_path = shop, "Odd "" path";
       ALTER DATABASE configured SET statement_timeout = '500ms';
       ALTER DATABASE configured SET default_transaction_read_only = on;
       ALTER ROLE shop_reader IN DATABASE configured SET DateStyle = 'German';
       COMMENT ON DATABASE configured IS 'it''s configured';
       REVOKE CONNECT ON DATABASE configured FROM PUBLIC;
       GRANT CREATE ON DATABASE configured TO shop_owner;`,
    );
    const facts = `SELECT (SELECT string_agg(grant_::text, ' ' ORDER BY grant_::text) FROM unnest(d.datacl) AS grant_), shobj_description(d.oid, 'pg_database'),
        (SELECT string_agg(setrole::regrole::text || setconfig::text, ';' ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
      FROM pg_database d WHERE datname = 'configured'`;
    const before = await lab.sql('postgres', facts);
    expect(before).toContain('default_transaction_read_only');
    const point = await lab.point('configured');
    await lab.sql('postgres', 'DROP DATABASE configured');

    const report = await lab.restore(point, 'configured');
    expect(report.outcome).toBe('passed');
    expect(await lab.sql('postgres', facts)).toBe(before);
  });
});

describe('every encoding comes back byte by byte', () => {
  it.each(['UTF8', 'LATIN1', 'SQL_ASCII', 'EUC_JP', 'WIN1252'])(
    '%s, with a name and rows outside ASCII',
    async (encoding) => {
      const source = `source_${encoding.toLowerCase()}`;
      const letters = { UTF8: 'é𝔘語', LATIN1: 'é÷ß', SQL_ASCII: 'é', EUC_JP: '日本語', WIN1252: 'é€' }[encoding];
      await lab.database(
        source,
        `SET client_encoding = 'UTF8';
       CREATE TABLE "naïve_${letters}" (id int PRIMARY KEY, "${letters}" text);
       INSERT INTO "naïve_${letters}" SELECT i, '${letters}' || i FROM generate_series(1, 50) i;
       CREATE TABLE "tempörär" AS SELECT 1;
       CREATE TABLE plain AS SELECT '${letters}'::text;
       COMMENT ON TABLE plain IS '${letters}';`.replaceAll(encoding === 'EUC_JP' ? /[ïö]/g : /^$/g, '語'),
        `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
      );
      if (encoding === 'SQL_ASCII') await lab.sql(source, `INSERT INTO plain VALUES (E'\\xff\\xfe')`);
      const point = await lab.point(source, { criticalTables: ['public.na*'], ephemeralTables: ['public.temp*'] });
      expect((await lab.verify(point, 'read')).outcome).toBe('passed');

      const report = await lab.restore(point, `target_${encoding.toLowerCase()}`);
      expect(report.tables.map(({ foundRows }) => foundRows).sort()).toEqual(
        encoding === 'SQL_ASCII' ? [2, 50] : [1, 50],
      );
      const [before, after] = [await readContent(lab, source), await readContent(lab, report.target.split('/')[1])];
      const withoutEphemeral = Object.entries(before.rows).filter(([name]) => !name.startsWith('public.temp'));
      expect(Object.entries(after.rows).filter(([name]) => !name.startsWith('public.temp'))).toEqual(withoutEphemeral);
      expect(after.definitions).toEqual(before.definitions);
    },
  );
});
