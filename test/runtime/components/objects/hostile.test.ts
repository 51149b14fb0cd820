import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { compareKeys, inventoryEntryProblem } from '../../../../model';
import { chosenPages, withoutOverlap } from '../../../../runtime/components/objects/mirror/chosen-pages';
import { SortedReader } from '../../../../runtime/components/objects/inventory/sorted-reader';
import { parseLines } from '../../../../runtime/components/objects/inventory/read-inventory';
import { OrderedWork } from '../../../../runtime/components/objects/mirror/ordered-work';
import { Bandwidth } from '../../../../runtime/components/objects/mirror/bandwidth';
import { elements, elementText } from '../../../../runtime/store/s3-xml';
import { failureOf } from '../../../support/failure-of';
import { MirrorLab } from './support';

let lab: MirrorLab;

beforeAll(async () => {
  lab = await MirrorLab.start();
});
afterAll(() => lab.close());

const SEED = 20261120;
const HOSTILE = [
  ' ',
  '..',
  '../up',
  './dot',
  '//',
  '/leading',
  'a//b',
  'line\nbreak',
  'tab\tcarriage\r',
  '%2F',
  '+plus +',
  'é nfc',
  'e\u0301 nfd',
  '\u{1F4BE}',
  '\uFFFD\uE000',
  'soap',
  '<&>"\'',
  '?versionId=x',
  '#fragment',
  'folder/',
  'a\u0001control',
  'x'.repeat(1024),
  'ü'.repeat(512),
];

test.each(['by the store', 'through here'] as const)(
  'hostile keys are mirrored and read back byte for byte, %s',
  async (way) => {
    const world = await lab.world(`hostile-${way.slice(-4).trim()}`);
    const random = fc.sample(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), { numRuns: 40, seed: SEED });
    const keys = [...new Set([...HOSTILE, ...random])].filter(
      (key) => Buffer.byteLength(key) <= 1024 && Buffer.from(key).toString() === key,
    );
    for (const key of keys) await world.put(key, `of ${key}`);
    const manifest = await world.made({ mirror: { way } });
    const entries = await world.entries(manifest);
    const bytes = (list: readonly string[]) => [...list].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(entries.map(({ key }) => key)).toEqual(bytes(keys));
    for (const { key, versionId, long } of entries) {
      const place =
        long === undefined ? `uploads/${key}` : `uploads.long/${createHash('sha256').update(key).digest('hex')}`;
      const stored = await world.read(world.vaultBucket, `team/orders/mirrors/${place}`, versionId);
      expect(stored.toString()).toBe(`of ${key}`);
    }
    expect((await world.made({ mirror: { way } })).mirrors[0].changes).toMatchObject({
      copied: 0,
      unchanged: keys.length,
    });
  },
);

test('content, headers, metadata and tags of any kind arrive with the object', async () => {
  const world = await lab.world('metadata');
  // As HTTP carries them: no blanks at the ends.
  const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
  const described = fc.record({
    content: fc.uint8Array({ maxLength: 3000 }),
    metadata: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), value, { maxKeys: 4 }),
    tags: fc.dictionary(
      fc.stringMatching(/^[A-Za-z0-9 +=._:/@-]{1,20}$/),
      fc.stringMatching(/^[A-Za-z0-9 ü+=._:/@-]{0,20}$/),
      { maxKeys: 3 },
    ),
    disposition: value,
  });
  const samples = fc.sample(described, { numRuns: 20, seed: SEED });
  for (const [index, { content, metadata, tags, disposition }] of samples.entries()) {
    await world.put(String(index).padStart(3, '0'), Buffer.from(content), {
      Metadata: metadata,
      ContentDisposition: disposition,
      Tagging: new URLSearchParams(tags).toString(),
    });
  }
  for (const way of ['by the store', 'through here'] as const) {
    const manifest = await world.made({ mirror: { way, name: way === 'by the store' ? 'one' : 'two' } });
    for (const entry of await world.entries(manifest)) {
      const { content, metadata, tags, disposition } = samples[Number(entry.key)];
      const described = await world.vault.describe(`${manifest.mirrors[0].prefix}${entry.key}`, entry);
      const expected = Object.fromEntries(Object.entries(metadata).map(([name, text]) => [`x-amz-meta-${name}`, text]));
      expect(described?.attributes).toMatchObject({ ...expected, 'content-disposition': disposition });
      expect(entry.tags ?? {}).toEqual(tags);
      expect(entry.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    }
  }
});

test('the order of keys is that of their bytes', () => {
  const order = fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
    // Halves of characters cannot be keys.
    fc.pre([a, b].every((key) => Buffer.from(key).toString() === key));
    expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
  });
  fc.assert(order, { seed: SEED, numRuns: 2000 });
  expect(compareKeys('\u{1F4BE}', '\uFFFD')).toBeGreaterThan(0);
});

async function* batches<T>(...list: readonly (readonly T[])[]): AsyncGenerator<readonly T[]> {
  yield* list;
}

test.each([[['b', 'a']], [['a', 'a']]])(
  'a listing that comes as %j is refused: in a join it would lose objects in silence',
  async (keys) => {
    const reader = new SortedReader(batches(keys.map((key) => ({ key }))), 'the listing');
    await reader.fill();
    reader.advance();
    expect(() => reader.advance()).toThrow('the listing is not in order');
  },
);

test('only what is included and not excluded is listed, each object once', async () => {
  const world = await lab.world('chosen');
  for (const key of ['a/1', 'a/b/2', 'a/tmp/3', 'c/4', 'd/5']) await world.put(key, 'x');
  const found: string[] = [];
  const mirror = { from: world.from, include: ['c/', 'a/', 'a/b/'], exclude: ['a/tmp/'] };
  for await (const page of chosenPages(mirror, new AbortController().signal)) found.push(...page.map(({ key }) => key));
  expect(found).toEqual(['a/1', 'a/b/2', 'c/4']);
  expect(withoutOverlap(['b', 'a/b', 'a/'])).toEqual(['a/', 'b']);
});

test.each([
  ['{"format":"postgres-backup/inventory/1","mirror":"other"}\n', 'it does not begin as an inventory of uploads'],
  ['{"format":"postgres-backup/inventory/1","mirror":"uploads"}\n{"key":"a"', 'it ends in the middle of a line'],
  [
    '{"format":"postgres-backup/inventory/1","mirror":"uploads"}\n{"key":"a"}\n',
    'of a line of it, its sourceEtag is undefined',
  ],
  ['{"format":"postgres-backup/inventory/1","mirror":"uploads"}\nnot json\n', 'a line of it is not JSON'],
])('an inventory that reads %j is refused', async (text, problem) => {
  const read = async () => {
    for await (const batch of parseLines(batchOf(text), 'inventory', 'uploads')) expect(batch).toBeDefined();
  };
  expect((await failureOf(read())).detail).toContain(problem);
});

async function* batchOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

test('an entry whose digests are not those of its size is none', () => {
  const entry = { key: 'a', sizeBytes: 10, sourceEtag: '"e"', modified: 'now', versionId: 'v', etag: '"f"' };
  const digest = 'a'.repeat(64);
  expect(inventoryEntryProblem({ ...entry, sha256: digest })).toBeUndefined();
  expect(
    inventoryEntryProblem({ ...entry, parts: { sizeBytes: 4, sha256: [digest, digest, digest] } }),
  ).toBeUndefined();
  expect(inventoryEntryProblem({ ...entry, parts: { sizeBytes: 4, sha256: [digest, digest] } })).toBe(
    'its parts do not make 10 bytes',
  );
  expect(inventoryEntryProblem(entry)).toBe('it has no digest');
  expect(inventoryEntryProblem({ ...entry, sha256: digest, sizeBytes: -1 })).toBe('its sizeBytes is -1');
});

test('results come in the order of the work, never more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const seen: number[] = [];
  const ends: (() => void)[] = [];
  const work = new OrderedWork<number>(3, 5, (result) => void seen.push(result));
  const adding = (async () => {
    for (let n = 0; n < 12; n++) {
      if (n % 4 === 3) await work.add(n);
      else {
        await work.start(async () => {
          most = Math.max(most, (running += 1));
          await new Promise<void>((resolve) => ends.push(resolve));
          running--;
          return n;
        });
      }
    }
    await work.finish();
  })();
  let done = false;
  void adding.then(() => (done = true));
  while (!done) {
    // The last first, so that the first has to be waited for.
    ends.pop()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(most).toBeLessThanOrEqual(3);
});

test('a limit of bandwidth holds back what exceeds it, and a second of it may go at once', async () => {
  let now = 10_000;
  const waits: number[] = [];
  const bandwidth = new Bandwidth(
    1000,
    () => now,
    async (ms) => void ((now += ms), waits.push(ms)),
  );
  const { signal } = new AbortController();
  for (let n = 0; n < 5; n++) await bandwidth.take(500, signal);
  expect(waits).toEqual([500, 500]);
});

test('elements of a document are read with their characters as they were', () => {
  const document = '<A><B>1 &lt; 2 &amp; &quot;x&quot;&#13;&#x1F4BE;</B><B></B></A>';
  expect(elementText(document, 'B')).toBe('1 < 2 & "x"\r\u{1F4BE}');
  expect([...elements(document, 'B')]).toHaveLength(2);
  expect(elementText(document, 'C')).toBeUndefined();
});
