/** Where a restore may go, and what it leaves behind when it fails: it never looks finished, and it never adds rows to rows. */
import type { BackupError } from '../../runtime/errors';
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

describe('a restore goes into an empty database only, unless told otherwise', () => {
  it.each([
    ['a table', 'CREATE TABLE t ()', /table public\.t/],
    ['a schema', 'CREATE SCHEMA s', /schema s/],
    ['a view', 'CREATE VIEW v AS SELECT 1', /view public\.v/],
    ['a sequence', 'CREATE SEQUENCE s', /sequence public\.s/],
    ['a function', `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, /function public\.f/],
    ['a type', `CREATE TYPE e AS ENUM ('a')`, /type public\.e/],
    ['a large object', 'SELECT lo_create(4711)', /large object 4711/],
  ])('%s is enough to refuse it, and stays', async (what, script, named) => {
    const target = await lab.database(`holds ${what}`, script);
    const failure = await failureOf(lab.restore(point, target));
    expect(failure.code).toBe('target-not-empty');
    expect(failure.detail).toMatch(named);
    expect(failure.hint).toMatch(/--clean/);
    expect(await marker(target)).toBe('0');
    expect(await lab.sql(target, `SELECT count(*) FROM pg_class WHERE relname = 'customers'`)).toBe('0');
  });

  it('extensions that a platform puts into every database do not count', async () => {
    const target = await lab.database('with extension', 'CREATE EXTENSION hstore');
    expect((await lab.restore(point, target)).outcome).toBe('passed');
  });

  it('with clean, what was there is gone, even while somebody is connected to it', async () => {
    const target = await lab.database('to clean', 'CREATE TABLE old AS SELECT 1');
    await lab.withSession(target, async () => {
      expect((await lab.restore(point, target, { existing: 'clean' })).outcome).toBe('passed');
    });
    expect(await lab.sql(target, `SELECT count(*) FROM pg_class WHERE relname = 'old'`)).toBe('0');
    expect(await lab.sql(target, 'SELECT count(*) FROM sales.lines')).toBe('3000');
  });

  it('without create, a database that is not there is an error, and is not made', async () => {
    const failure = await failureOf(lab.restore(point, 'nowhere', { create: false }));
    expect(failure.code).toBe('database-missing');
    expect(await lab.sql('postgres', `SELECT count(*) FROM pg_database WHERE datname = 'nowhere'`)).toBe('0');
  });

  it('a database of another encoding is refused', async () => {
    const target = await lab.database('other encoding', '', `ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
    const failure = await failureOf(lab.restore(point, target));
    expect(failure.code).toBe('encoding-mismatch');
    expect(failure.message).toMatch(/LATIN1.*UTF8/);
  });

  it('a server older than the backup is refused', async () => {
    const newer = {
      ...point,
      manifest: { ...point.manifest, server: { ...point.manifest.server, version: '99.1', major: 99 } },
    };
    const failure = await failureOf(lab.restore(newer, 'older server'));
    expect(failure.code).toBe('version-mismatch');
    expect(failure.hint).toMatch(/99 or later/);
  });
});

describe('a restore that fails says so in the target itself', () => {
  it('the marker names point and reason, a second restore is refused by it, and with clean it works', async () => {
    const faulty = failingAtRows();
    const failure = await failureOf(lab.restore(point, 'half', {}, { store: faulty }));
    expect(faulty.fired).not.toEqual([]);
    expect(failure.code).toBe('object-damaged');
    const said = await lab.sql('half', 'SELECT point, source, failure FROM postgres_backup_restore_incomplete.restore');
    expect(said).toContain(point.manifest.point);
    expect(said).toContain('is damaged');
    expect(await lab.sql('half', 'SELECT count(*) FROM sales.lines')).toBe('0');

    const second = await failureOf(lab.restore(point, 'half'));
    expect(second.code).toBe('target-not-empty');
    expect(second.message).toContain(point.manifest.point);
    expect(second.message).toMatch(/not finished/);
    expect(second.detail).toContain('is damaged');
    expect(second.hint).toMatch(/--clean/);

    expect((await lab.restore(point, 'half', { existing: 'clean' })).outcome).toBe('passed');
    expect(await marker('half')).toBe('0');
  });

  it('rows that somebody adds meanwhile are a difference, and the marker stays', async () => {
    await lab.database('disturbed');
    const disturbing = new FaultyStore(lab.store, []);
    const get = disturbing.get.bind(disturbing);
    let disturbed = false;
    disturbing.get = async (key, options) => {
      if (/data-001/.test(key) && !disturbed) {
        disturbed = true;
        await lab.sql('disturbed', 'INSERT INTO sales.queue VALUES (1000)');
      }
      return get(key, options);
    };
    const failure = await failureOf(lab.restore(point, 'disturbed', {}, { store: disturbing }));
    expect(disturbed).toBe(true);
    expect(failure.code).toBe('comparison-failed');
    expect(failure.detail).toContain('"sales"."queue": 9 rows in the backup, 10 restored');
    expect(await marker('disturbed')).toBe('1');
  });

  it('an event trigger of the database that forbids dropping does not keep the marker there', async () => {
    await lab.database(
      'strict',
      `CREATE TABLE t AS SELECT 1;
       CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'nothing is dropped here'; END $$;
       CREATE EVENT TRIGGER refuse ON sql_drop EXECUTE FUNCTION refuse();`,
    );
    const strict = await lab.point('strict');
    expect((await lab.restore(strict, 'strict again')).outcome).toBe('passed');
    expect(await marker('strict again')).toBe('0');
    await expect(lab.sql('strict again', 'DROP TABLE t')).rejects.toThrow('nothing is dropped here');
  });
});

describe('owners and grants', () => {
  let owned: DumpPoint;

  beforeAll(async () => {
    await lab.sql('postgres', 'CREATE ROLE leaver; CREATE ROLE guest;');
    await lab.database(
      'owned',
      'CREATE TABLE t AS SELECT 1; ALTER TABLE t OWNER TO leaver; CREATE TABLE u AS SELECT 1; GRANT SELECT ON u TO guest;',
    );
    owned = await lab.point('owned');
    await lab.sql('owned', 'DROP OWNED BY leaver, guest');
    await lab.sql('postgres', 'DROP ROLE leaver');
  });

  it('an owner that the target lacks is refused before anything is made', async () => {
    const failure = await failureOf(lab.restore(owned, 'ownerless'));
    expect(failure.message).toMatch(/lacks the role leaver/);
    expect(failure.hint).toMatch(/--roles.*--no-owner/);
    expect(await lab.sql('postgres', `SELECT count(*) FROM pg_database WHERE datname = 'ownerless'`)).toBe('0');
  });

  it('a database that is made anew has the owner it had, or the connecting user without owners', async () => {
    await lab.sql('postgres', 'CREATE ROLE shopkeeper');
    await lab.sql('postgres', 'CREATE DATABASE "shop of another" OWNER shopkeeper');
    await lab.sql('shop of another', 'CREATE TABLE t (i int)');
    const owned = await lab.point('shop of another');
    const owner = (database: string): Promise<string> =>
      lab.sql('postgres', `SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '${database}'`);
    await lab.restore(owned, 'owned again', { create: true });
    expect(await owner('owned again')).toBe('shopkeeper');
    await lab.restore(owned, 'owned by us', { create: true, ownership: 'connecting user' });
    expect(await owner('owned by us')).toBe('postgres');
  });

  it('without owners everything belongs to the one who restores, and no grant is made', async () => {
    expect((await lab.restore(owned, 'mine', { ownership: 'connecting user' })).outcome).toBe('passed');
    expect(
      await lab.sql(
        'mine',
        `SELECT DISTINCT pg_get_userbyid(relowner), relacl FROM pg_class WHERE relname IN ('t', 'u')`,
      ),
    ).toBe('postgres|');
  });

  it('a role that only grants name fails with the way out', async () => {
    await lab.sql('postgres', 'CREATE ROLE leaver; DROP ROLE guest;');
    const failure = await failureOf(lab.restore(owned, 'guestless'));
    expect(failure.code).toBe('restore-failed');
    // The first error ends it; "errors ignored on restore" is how half a database comes to look whole.
    expect(failure.detail).toContain('guest');
    expect(failure.detail).not.toMatch(/errors ignored/);
    expect(failure.hint).toMatch(/--no-owner/);
  });
});

describe('schema only, data only', () => {
  it('definitions without rows, then the rows into them, foreign keys standing', async () => {
    expect((await lab.restore(point, 'in two steps', { content: 'schema' })).tables).toEqual([]);
    expect(await lab.sql('in two steps', 'SELECT count(*) FROM sales.orders')).toBe('0');
    expect(await lab.sql('in two steps', `SELECT count(*) FROM pg_constraint WHERE contype = 'f'`)).toBe('2');
    const report = await lab.restore(point, 'in two steps', { content: 'data' });
    expect(report.tables).toHaveLength(5);
    expect(await lab.sql('in two steps', `SELECT nextval('customers_id_seq')`)).toBe('101');
    expect(await marker('in two steps')).toBe('0');
  });

  it('rows are never added to rows', async () => {
    const failure: BackupError = await failureOf(lab.restore(point, 'in two steps', { content: 'data' }));
    expect(failure.code).toBe('target-not-empty');
    expect(failure.message).toMatch(/holds rows already/);
    expect(await lab.sql('in two steps', 'SELECT count(*) FROM sales.orders')).toBe('100');
  });

  it('a table that is missing for its rows is named', async () => {
    const target = await lab.database('no tables');
    const failure = await failureOf(lab.restore(point, target, { content: 'data' }));
    expect(failure.code).toBe('restore-failed');
    expect(failure.message).toMatch(/customers/);
    expect(failure.hint).toMatch(/--schema-only/);
  });

  it('a dump of definitions holds no rows, one of rows no definitions; the other is refused', async () => {
    const schema = await lab.point('shop', { content: 'schema' });
    expect(schema.manifest.databases[0]).toMatchObject({ content: 'schema', data: [] });
    expect((await lab.restore(schema, 'from schema dump')).outcome).toBe('passed');
    const rows = await failureOf(lab.restore(schema, 'refused', { content: 'data' }));
    expect(rows.exitCode).toBe(2);

    const data = await lab.point('shop', { content: 'data' });
    expect(data.manifest.databases[0].schema).toBeNull();
    expect((await lab.restore(data, 'from schema dump')).tables).toHaveLength(5);
    expect(await lab.sql('from schema dump', 'SELECT count(*) FROM sales.lines')).toBe('3000');
  });
});

describe('table classes', () => {
  const classes = { criticalTables: ['sales.orders', 'public.customers'], ephemeralTables: ['sales.queue'] };

  it('critical tables are complete before anything else, so they are there when the rest fails', async () => {
    const classed = await lab.point('shop', classes);
    const archives = classed.manifest.databases[0].data;
    expect(archives.map((archive) => archive.class)).toEqual(['critical', 'important']);
    const last = archives.at(-1)?.object.key ?? '';
    const faulty = new FaultyStore(lab.store, [{ on: 'get', key: last, effect: 'fail' }]);
    await failureOf(lab.restore(classed, 'critical first', { jobs: 4 }, { store: faulty }));
    expect(faulty.fired).not.toEqual([]);
    expect(
      await lab.sql(
        'critical first',
        'SELECT (SELECT count(*) FROM sales.orders), (SELECT count(*) FROM customers), (SELECT count(*) FROM sales.lines)',
      ),
    ).toBe('100|100|0');
    expect(await marker('critical first')).toBe('1');
  });

  it('ephemeral tables come back empty, and nothing of them is stored', async () => {
    const classed = await lab.point('shop', classes);
    expect((await lab.verify(classed, 'read')).outcome).toBe('passed');
    const report = await lab.restore(classed, 'ephemeral');
    expect(report.tables.map(({ name }) => name)).not.toContain('queue');
    expect(
      await lab.sql('ephemeral', 'SELECT (SELECT count(*) FROM sales.queue), (SELECT count(*) FROM sales.orders)'),
    ).toBe('0|100');
  });

  it('a pattern that matches nothing is refused, not forgotten', async () => {
    const failure = await failureOf(lab.backup('shop', { criticalTables: ['sales.oders'] }));
    expect(failure.code).toBe('configuration-invalid');
    expect(failure.message).toContain('sales.oders');
  });
});
