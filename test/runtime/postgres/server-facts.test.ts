import {
  countLargeObjects,
  listDatabases,
  listExtensions,
  readDatabaseFacts,
  readLsn,
  readServerFacts,
} from '../../../runtime/postgres/server-facts';
import { Scratch } from './scratch-database';

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.start();
});

afterAll(() => scratch.stop());

test('a server says its version, its major, and who is connected', async () => {
  const session = await scratch.open();
  const { version, major } = scratch.server;
  const facts = await readServerFacts(session);
  expect(facts).toEqual({
    version,
    major,
    versionNumber: major * 10_000 + Number(version.split('.')[1]),
    standby: false,
    user: 'postgres',
    superuser: true,
  });
});

test('every database that can be connected to is listed with what it takes to make it anew', async () => {
  await scratch.role('owner of "x"');
  await scratch.database('x "quoted"', `OWNER "owner of ""x""" ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'`);
  const session = await scratch.database('closed');
  await session.execute(`COMMENT ON DATABASE closed IS ''`);
  await session.close();
  const admin = await scratch.open();
  await admin.execute('ALTER DATABASE closed ALLOW_CONNECTIONS false');
  const databases = await listDatabases(admin);
  expect(databases.map(({ name }) => name)).toEqual(['postgres', 'x "quoted"']);
  expect(databases[1]).toEqual({
    name: 'x "quoted"',
    owner: 'owner of "x"',
    encoding: 'LATIN1',
    collate: 'C',
    ctype: 'C',
    localeProvider: 'c',
    icuLocale: null,
    sizeBytes: expect.any(Number) as number,
  });
  expect(databases[1].sizeBytes).toBeGreaterThan(1_000_000);
});

test('a size that the role may not know is unknown, not nought', async () => {
  await scratch.role('curious');
  const secret = await scratch.database('private');
  await secret.execute('REVOKE CONNECT ON DATABASE private FROM public');
  const curious = await scratch.open('postgres', 'curious');
  const sizes = new Map((await listDatabases(curious)).map(({ name, sizeBytes }) => [name, sizeBytes]));
  expect(sizes.get('private')).toBeNull();
  expect(sizes.get('postgres')).toBeGreaterThan(1_000_000);
});

test('an ICU database keeps its locale', async () => {
  const session = await scratch.database(
    'icu',
    `TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C' ENCODING UTF8`,
  );
  expect(await readDatabaseFacts(session)).toMatchObject({
    name: 'icu',
    localeProvider: 'i',
    icuLocale: expect.stringMatching(/^de/) as string,
  });
});

test('the position in the log grows with what is written', async () => {
  const session = await scratch.open();
  const before = await readLsn(session);
  await session.execute('CREATE TABLE public.written AS SELECT generate_series(1, 1000) AS i');
  const [{ grown }] = await session.query<{ grown: boolean }>(
    `SELECT '${await readLsn(session)}'::pg_lsn > '${before}'::pg_lsn AS grown`,
  );
  expect(grown).toBe(true);
});

test('a position that the role may not know is unknown, and its transaction lives on', async () => {
  await scratch.role('lesser');
  const admin = await scratch.open();
  await admin.execute('REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM public');
  const lesser = await scratch.open('postgres', 'lesser');
  await lesser.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
  expect(await readLsn(lesser)).toBeNull();
  expect(await lesser.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('extensions with their versions, and large objects', async () => {
  const session = await scratch.database('large');
  await session.query(`SELECT lo_from_bytea(0, 'x') FROM generate_series(1, 3)`);
  expect(await countLargeObjects(session)).toBe(3);
  expect(await listExtensions(session)).toEqual([{ name: 'plpgsql', version: '1.0' }]);
});
