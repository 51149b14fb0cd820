/** What a database is made of, and rows by content: the same wherever it is read, and different when anything is. */
import { hashTables } from '../../../runtime/postgres/content-hash';
import { readCatalogFingerprint } from '../../../runtime/postgres/catalog-fingerprint';
import type { SqlSession } from '../../../runtime/postgres/session';
import { executeAll, Scratch } from './scratch-database';

let scratch: Scratch;

beforeAll(async () => {
  scratch = await Scratch.start();
});

afterAll(() => scratch.stop());

const never = new AbortController().signal;

async function hashOf(session: SqlSession, name: string): Promise<string> {
  const [{ hash }] = await hashTables(session, [{ schema: 'public', name }], never);
  return hash;
}

test('a sequence that the role may not hold against its column hides none of the others, and fails nothing', async () => {
  const session = await scratch.database('sequences');
  await executeAll(session, [
    'CREATE TABLE public.open (id serial); ',
    'INSERT INTO public.open VALUES (7)',
    'CREATE TABLE public.hidden (id serial)',
    'INSERT INTO public.hidden VALUES (7)',
    'CREATE TABLE public.fine (id int GENERATED ALWAYS AS IDENTITY)',
    'INSERT INTO public.fine DEFAULT VALUES',
    'CREATE SEQUENCE public.down INCREMENT -1 OWNED BY public.fine.id',
    'ALTER TABLE public.hidden ENABLE ROW LEVEL SECURITY',
  ]);
  await scratch.role('dumper');
  await session.execute('GRANT pg_read_all_data TO dumper');
  const unknown: string[] = [];
  const asDumper = await scratch.open('sequences', 'dumper');
  await asDumper.execute('BEGIN READ ONLY');
  const found = await readCatalogFingerprint(asDumper, (sequence) => unknown.push(sequence));
  expect(unknown).toEqual(['"public"."hidden_id_seq"']);
  expect(found.sequencesBehind).toEqual(['"public"."open_id_seq"']);
  expect(found.objects.table).toEqual(['"public"."fine"', '"public"."hidden"', '"public"."open"']);
  // The transaction, and with it the snapshot, is still there.
  await expect(asDumper.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
});

test('the hash of rows does not depend on their order, nor on names that mean something else', async () => {
  const session = await scratch.database('hashes');
  await executeAll(session, [
    'CREATE TABLE public.t (t text, "odd ""column""" money, at timestamptz, f float8)',
    `INSERT INTO public.t VALUES ('a', 1.5, '2026-11-01 12:00+02', 0.1), ('b', NULL, NULL, 'NaN')`,
    'CREATE TABLE public.u (LIKE public.t)',
    'INSERT INTO public.u SELECT * FROM public.t ORDER BY t DESC',
    'CREATE TABLE public.empty ()',
  ]);
  const hash = await hashOf(session, 't');
  expect(await hashOf(session, 'u')).toBe(hash);
  await session.execute(`SET lc_monetary = 'C.UTF-8'`);
  expect(await hashOf(session, 't')).toBe(hash);
  expect(await hashOf(session, 'empty')).toBe('0');
  for (const change of [
    `UPDATE public.u SET t = 'A' WHERE t = 'a'`,
    `UPDATE public.u SET f = 0.10000000000000002 WHERE t = 'A'`,
    `INSERT INTO public.u SELECT * FROM public.u WHERE t = 'b'`,
  ]) {
    const before = await hashOf(session, 'u');
    await session.execute(change);
    expect(await hashOf(session, 'u')).not.toBe(before);
  }
});

test('a cast of the database’s own from a row to text is not used', async () => {
  const session = await scratch.database('casts');
  await executeAll(session, ['CREATE TABLE public.t (id int)', 'INSERT INTO public.t VALUES (1)']);
  const hash = await hashOf(session, 't');
  await executeAll(session, [
    `CREATE FUNCTION public.lie(public.t) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'lie'$$`,
    'CREATE CAST (public.t AS text) WITH FUNCTION public.lie(public.t) AS IMPLICIT',
  ]);
  expect(await hashOf(session, 't')).toBe(hash);
});
