import { existsSync, readFileSync } from 'node:fs';
import { compareKeys, type InventoryEntry } from '../../../model';
import { backupObjects } from '../../../runtime/components/objects/backup';
import { DEFAULT_MIRROR_SETTINGS, type MirrorsRequest } from '../../../runtime/components/objects/types';
import { findPsql } from '../../../runtime/postgres/tools';
import {
  compareReferences,
  readReferences,
  spoolReferences,
  type ReferenceQuery,
} from '../../../runtime/system/references';
import { runSystem } from '../../../runtime/system/run-system';
import { failureOf } from '../../support/failure-of';
import { Scratch } from '../postgres/scratch-database';
import { MirrorLab, type MirrorWorld } from '../components/objects/support';
import { ReplicaWorld } from '../components/objects/listed/replica-world';
import { contextOf, ENDED, makesPoint, requestOf, TIME } from './support';

/** Whatever a key may hold: what COPY escapes, what JSON escapes, what sorts differently in JavaScript. */
const ODD = ['a', 'a/b', 'back\\slash\\n', 'new\nline', 'tab\t', 'quote"', 'ä', '\uFFFD', '😀', '', ' ', 'a:b', "it's"];
const signal = new AbortController().signal;

let scratch: Scratch;
let psql: string;

beforeAll(async () => {
  scratch = await Scratch.start();
  psql = (await findPsql()).psql;
  const session = await scratch.open();
  await session.execute('CREATE TABLE public.documents (id int, "key" text)');
  for (const [id, key] of ODD.entries()) {
    await session.execute(
      `INSERT INTO public.documents VALUES (${id}, ${literal(key)}), (${id}, ${literal(key)}), (0, NULL)`,
    );
  }
});
afterAll(() => scratch.stop());

function literal(text: string): string {
  return `convert_from('\\x${Buffer.from(text).toString('hex')}', 'UTF8')`;
}

function spool(sql: string) {
  return spoolReferences({ mirror: 'uploads', sql }, scratch.connection(), psql, signal);
}

async function* batches(keys: readonly string[]): AsyncGenerator<readonly Pick<InventoryEntry, 'key'>[]> {
  for (const key of keys) yield [{ key }];
}

async function* each(keys: readonly string[]): AsyncGenerator<string> {
  yield* keys;
}

test('keys come as they are, each once, in the order in which object stores list', async () => {
  const keys = await spool('SELECT "key" FROM public.documents');
  const read: string[] = [];
  for await (const key of readReferences(keys)) read.push(key);
  expect(read).toEqual([...ODD].sort(compareKeys));
  expect(readFileSync(keys.file).length).toBeGreaterThan(0);
  await keys.remove();
  expect(existsSync(keys.file)).toBe(false);
});

test.each([
  ['SELECT no_such_column FROM public.documents', 'column "no_such_column" does not exist'],
  ['SELECT 1, 2', 'subquery must return only one column'],
  ["SELECT nextval('public.counter')", 'cannot execute nextval() in a read-only transaction'],
])('%s is refused with the server’s words', async (sql, words) => {
  const session = await scratch.open();
  await session.execute('CREATE SEQUENCE IF NOT EXISTS public.counter');
  const error = await failureOf(spool(sql));
  expect(error).toMatchObject({ code: 'comparison-failed' });
  expect(error.detail).toContain(words);
});

describe('compared with an inventory', () => {
  test('what is referred to and not there is counted and named; what nobody refers to is no matter', async () => {
    const check = await compareReferences('uploads', each(['a', 'b', 'd', 'z']), batches(['a', 'c', 'd', 'e']));
    expect(check).toEqual({
      mirror: 'uploads',
      outcome: 'failed',
      references: 4,
      missing: 2,
      examples: ['b', 'z'],
      problem: null,
    });
    expect(await compareReferences('uploads', each(['a', 'e']), batches(['a', 'c', 'e']))).toMatchObject({
      outcome: 'passed',
      missing: 0,
    });
  });

  test('of many that are missing, some are named', async () => {
    const keys = Array.from({ length: 500 }, (_, index) => `k${String(index).padStart(4, '0')}`);
    const check = await compareReferences('uploads', each(keys), batches([]));
    expect(check.missing).toBe(500);
    expect(check.examples).toHaveLength(20);
  });

  test('keys in another order would pass for missing: they are refused', async () => {
    expect(await failureOf(compareReferences('uploads', each(['b', 'a']), batches(['a', 'b'])))).toMatchObject({
      code: 'comparison-failed',
    });
  });
});

describe('in a run of the full system', () => {
  let lab: MirrorLab;
  let world: MirrorWorld;
  beforeAll(async () => {
    lab = await MirrorLab.start();
    world = await lab.world('references');
    for (const key of ODD.filter((one) => one !== '')) await world.put(key, 'content');
  });
  afterAll(() => lab.close());

  function mirrorRequest(scheduledAt: Date): MirrorsRequest {
    const { from, vault } = world;
    const mirror = {
      name: 'uploads',
      from,
      endpoint: null,
      way: 'by the store',
      include: [],
      exclude: [],
      tags: 'keep',
    } as const;
    return {
      source: 'orders',
      class: 'manual',
      scheduledAt,
      mirrors: [mirror],
      vault,
      settings: DEFAULT_MIRROR_SETTINGS,
    };
  }

  async function ran(sql: string, time: Date, mirror = 'uploads') {
    const tasks = {
      dump: makesPoint,
      objects: async () => {
        await backupObjects(mirrorRequest(time), world.context());
        return ENDED;
      },
    };
    const removed: string[] = [];
    const context = contextOf(world.store, tasks, {
      spool: async (query) => {
        const keys = await spoolReferences(query, scratch.connection(), psql, signal);
        return { ...keys, remove: async () => (await keys.remove(), void removed.push(keys.file)) };
      },
    });
    const request = requestOf({ components: ['dump', 'objects'], time, referenceQueries: [{ mirror, sql }] });
    return { set: await runSystem(request, context), removed };
  }

  test('what all rows refer to is there, and nothing of the keys is left on disk', async () => {
    const { set, removed } = await ran(`SELECT "key" FROM public.documents WHERE "key" <> ''`, TIME);
    expect(set.references).toEqual([
      { mirror: 'uploads', outcome: 'passed', references: ODD.length - 1, missing: 0, examples: [], problem: null },
    ]);
    expect(set.outcome).toBe('passed');
    expect(removed).toHaveLength(1);
    expect(existsSync(removed[0])).toBe(false);
  });

  test('a row that refers to what the set lacks makes it fail, by name', async () => {
    const sql = `SELECT "key" FROM public.documents WHERE "key" <> '' UNION SELECT 'lost/invoice.pdf'`;
    const { set } = await ran(sql, new Date(TIME.getTime() + 60_000));
    expect(set.references).toMatchObject([{ outcome: 'failed', missing: 1, examples: ['lost/invoice.pdf'] }]);
    expect(set.outcome).toBe('failed');
  });

  test.each([
    ['SELECT nonsense', 'uploads', 'the query for the references to uploads failed'],
    ["SELECT 'a'", 'downloads', 'there is no mirror of that name, but uploads'],
  ])('%s of %s: what could not be found out is not passed', async (sql, mirror, problem) => {
    const { set } = await ran(sql, new Date(TIME.getTime() + (mirror === 'uploads' ? 120_000 : 180_000)), mirror);
    expect(set.references).toMatchObject([{ outcome: 'could not verify' }]);
    expect(set.references[0].problem).toContain(problem);
    expect(set.outcome).toBe('could not verify');
  });

  test('what a list by S3 lacks is lost, or younger than the list: which of both is not said', async () => {
    const listed = await ReplicaWorld.make(lab, 'listed-references');
    await listed.put('a', 'content');
    await listed.list();
    await listed.put('since', 'content');
    const asked = async (sql: string, time: Date) => {
      const spoolThem = (query: ReferenceQuery) => spoolReferences(query, scratch.connection(), psql, signal);
      const objects = async () => (await listed.run({ scheduledAt: time, class: 'manual' }), ENDED);
      const context = contextOf(listed.world.store, { dump: makesPoint, objects }, { spool: spoolThem });
      const referenceQueries = [{ mirror: 'uploads', sql }];
      return runSystem(requestOf({ components: ['dump', 'objects'], time, referenceQueries }), context);
    };
    const young = await asked("SELECT unnest(ARRAY['a', 'since'])", TIME);
    expect(young).toMatchObject({
      outcome: 'could not verify',
      references: [{ outcome: 'could not verify', references: 2, missing: 1, examples: ['since'] }],
    });
    expect(young.references[0].problem).toMatch(
      /^1 of 2 keys are not in the list of uploads that S3 began at 2026-11-19T22:00:00.000Z: they are lost, or were written/,
    );
    const old = await asked("SELECT 'a'", new Date(TIME.getTime() + 60_000));
    expect(old).toMatchObject({ outcome: 'passed', references: [{ outcome: 'passed', missing: 0 }] });
  });
});
