/** A manifest is believed only when it is whole, adds up, and lies where it belongs. */
import { pointPrefix, type PointAddress } from '../../../model';
import { readManifest } from '../../../runtime/catalog/manifest-reader';
import { BackupError } from '../../../runtime/errors';
import { sampleManifest } from './sample-manifest';

const address: PointAddress = {
  source: 'orders',
  component: 'dump',
  class: 'daily',
  time: new Date('2026-11-20T02:00:00Z'),
  run: '4k2m9x',
};
const prefix = pointPrefix(address);
type Json = Record<string, unknown>;

/** Reads the sample with something changed; gives the reason it is refused, or nothing. */
function refusal(change: (manifest: Json) => void, at = prefix): string | undefined {
  const manifest = structuredClone(sampleManifest(address)) as unknown as Json;
  change(manifest);
  try {
    readManifest(JSON.stringify(manifest), at);
    return undefined;
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'manifest-invalid') throw error;
    return error.detail ?? error.message;
  }
}

/** Every place in a value, as a path: `databases.0.tables.1.rows`. */
function places(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [
    ...(path.length > 0 ? [path] : []),
    ...Object.entries(value).flatMap(([name, inner]) => places(inner, [...path, name])),
  ];
}

function parentOf(manifest: Json, path: readonly string[]): Json {
  return path.slice(0, -1).reduce((value, name) => value[name] as Json, manifest);
}

it('the sample itself is good', () => {
  expect(refusal(() => undefined)).toBeUndefined();
});

describe('every field that is missing or of another kind is refused', () => {
  const all = places(sampleManifest(address)).map((path) => [path.join('.'), path] as const);

  it.each(all.filter(([, path]) => !/^\d+$/.test(path.at(-1) ?? '')))('%s missing', (_, path) => {
    expect(refusal((manifest) => delete parentOf(manifest, path)[path.at(-1) ?? ''])).toBeDefined();
  });

  it.each(all)('%s of another kind', (_, path) => {
    for (const wrong of [{ not: 'this' }, true, [[]], -1.5]) {
      if (path.join('.') === 'server.standby' || /rest$/.test(path.join('.'))) if (wrong === true) continue;
      expect(refusal((manifest) => (parentOf(manifest, path)[path.at(-1) ?? ''] = wrong))).toBeDefined();
    }
  });
});

describe('what does not add up is refused', () => {
  const database = (manifest: Json): Json => (manifest.databases as Json[])[0];
  const archive = (manifest: Json, index: number): Json => (database(manifest).data as Json[])[index];
  const object = (manifest: Json): Json => archive(manifest, 0).object as Json;

  it.each<[string, (manifest: Json) => void, RegExp]>([
    ['another source', (m) => (m.source = 'billing'), /source is "billing"/],
    ['another point', (m) => (m.point = '20261120T020000Z-zzzzzz'), /point is/],
    ['another class', (m) => (m.class = 'hourly'), /class is "hourly"/],
    ['another component', (m) => (m.component = 'wal'), /component is wal, which this version cannot read/],
    [
      'another component that can be read',
      (m) =>
        Object.assign(m, {
          component: 'files',
          client: { tar: '1.34', zstd: '1.5.4' },
          volumes: [],
          objects: [],
          dependsOn: [],
          totals: { ...(m.totals as Json), items: 0 },
        }),
      /component is "files"/,
    ],
    ['a newer format', (m) => (m.format = 'postgres-backup/2'), /postgres-backup\/2/],
    ['an object elsewhere', (m) => (object(m).key = 'billing/dump/daily/x.zst'), /not its own/],
    ['an object that climbs out', (m) => (object(m).key = `${prefix}../../x`), /not its own/],
    ['an object named twice', (m) => (object(m).key = (archive(m, 1).object as Json).key), /twice/],
    ['a size that its parts do not make', (m) => (object(m).sizeBytes = 103), /do not add up/],
    ['a part of no size', (m) => ((object(m).parts as Json[])[0].sizeBytes = 0), /above 0/],
    ['a digest that is none', (m) => (object(m).sha256 = 'AB'.repeat(32)), /not a SHA-256/],
    ['a checksum that is none', (m) => (object(m).crc32 = ''), /not a CRC-32/],
    ['a total too large', (m) => ((m.totals as Json).storedBytes = 407), /totals/],
    ['an object too many', (m) => ((m.totals as Json).objects = 5), /totals/],
    ['a row too many', (m) => ((m.totals as Json).rows = 8), /totals/],
    ['a table too many', (m) => ((m.totals as Json).tables = 4), /totals/],
    ['a table in two archives', (m) => (archive(m, 0).tables = [0, 1]), /in 2 archives/],
    ['a table in no archive', (m) => (archive(m, 0).tables = []), /in 0 archives/],
    ['rows of an ephemeral table', (m) => (archive(m, 0).tables = [1, 2]), /in 1 archives/],
    ['a table that is not there', (m) => (archive(m, 0).tables = [1, 7]), /not there/],
    ['a table named twice', (m) => ((database(m).tables as Json[])[1].name = 'a'), /twice/],
    ['no definitions in a dump of all', (m) => (database(m).schema = null), /definitions/],
    ['two databases of one name', (m) => (m.databases as Json[]).push(database(m)), /twice/],
    [
      'no database',
      (m) => Object.assign(m, { databases: [], totals: { storedBytes: 100, objects: 1, tables: 0, rows: 0 } }),
      /no database/,
    ],
  ])('%s', (_, change, reason) => {
    expect(refusal(change)).toMatch(reason);
  });

  it('a good manifest that lies at another point', () => {
    expect(refusal(() => undefined, pointPrefix({ ...address, run: 'aaaaaa' }))).toMatch(/point is/);
  });

  it.each(['', 'null', '[]', '{', '"x"', '\0'])('%j is no manifest', (text) => {
    expect(() => readManifest(text, prefix)).toThrow(/is not valid/);
  });
});
