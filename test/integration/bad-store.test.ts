/** A store that errs, lies or loses answers; what is damaged in it; and who may do what with it. */
import type { AuthorizationRequest } from '../../dev/s3';
import type { DumpPoint } from '../../runtime/catalog/recovery-point';
import { findPoint } from '../../runtime/catalog/catalog';
import { failureOf } from '../support/failure-of';
import { BUCKET, Lab, SOURCE, storeAs } from '../support/lab';
import { nextSecond } from '../support/next-second';
import { Seeded } from '../support/seeded';

let lab: Lab;
let asked: AuthorizationRequest[] = [];
const may: { actions: readonly string[] } = { actions: [] };
const LIMITED = { accessKeyId: 'LIMITED', secretAccessKey: 'limited-secret' };

/** The limited credential may do what the test says, below the source's prefix only. */
function authorize(request: AuthorizationRequest): boolean {
  if (request.accessKeyId !== LIMITED.accessKeyId) return true;
  asked.push(request);
  const where = request.key ?? request.conditions['s3:prefix'] ?? '';
  return may.actions.includes(request.action) && where.startsWith(`${SOURCE}/`);
}

beforeAll(async () => {
  lab = await Lab.start({ s3: { authorize, credentials: [LIMITED] } });
  // Rows that do not compress, so that an archive has more than one part.
  await lab.database(
    'large',
    `CREATE EXTENSION pgcrypto; CREATE TABLE t AS SELECT i, gen_random_bytes(1000) AS b FROM generate_series(1, 12000) i`,
  );
  await lab.database('small', 'CREATE TABLE t AS SELECT generate_series(1, 500) AS i; CREATE INDEX ON t (i)');
});

afterEach(() => lab.faults.clear());
afterAll(() => lab.stop());

const manifests = async (): Promise<string[]> => (await lab.keys()).filter((key) => key.endsWith('/manifest.json'));

describe('passing faults are sat out, lasting ones end the run without a point', () => {
  it.each([
    ['503 SlowDown on parts', 'UploadPart', { kind: 'error', code: 'SlowDown' }],
    ['500 on the completion', 'CompleteMultipartUpload', { kind: 'error', code: 'InternalError' }],
    [
      'an error inside a 200 on the completion',
      'CompleteMultipartUpload',
      { kind: 'error-in-success', code: 'InternalError' },
    ],
    ['the answer to the completion lost', 'CompleteMultipartUpload', { kind: 'drop', when: 'after' }],
    ['a part cut off in its middle', 'UploadPart', { kind: 'drop', when: { bodyBytes: 100_000 } }],
    ['the answer to the manifest lost', 'PutObject', { kind: 'drop', when: 'after' }],
  ] as const)('%s: whole all the same', async (_, operation, fault) => {
    const rule = lab.faults.add({ operation, times: 2, fault });
    const point = await lab.point('large');
    expect(rule.fired).toBeGreaterThan(0);
    expect((await lab.verify(point, 'stored')).outcome).toBe('passed');
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
  });

  it.each([
    ['AccessDenied', 'store-denied'],
    ['NoSuchBucket', 'store-missing'],
  ])('%s on parts: no storm of repetitions, no point, a reason of its own', async (code, reason) => {
    const before = await manifests();
    const rule = lab.faults.add({ operation: 'UploadPart', times: 1_000, fault: { kind: 'error', code } });
    const failure = await failureOf(lab.backup('large'));
    expect(failure.code).toBe(reason);
    expect(rule.fired).toBeGreaterThan(0);
    expect(rule.fired).toBeLessThan(10);
    expect(await manifests()).toEqual(before);
  });

  it('the manifest refused: everything stored, and still no recovery point', async () => {
    const before = await manifests();
    const rule = lab.faults.add({
      operation: 'PutObject',
      key: /manifest\.json$/,
      times: 100,
      fault: { kind: 'error', code: 'AccessDenied' },
    });
    expect((await failureOf(lab.backup('small'))).code).toBe('store-denied');
    expect(rule.fired).toBeGreaterThan(0);
    expect(await manifests()).toEqual(before);
  });

  it('what is read is wrong once, on the way: refused, never passed on', async () => {
    const point = await lab.point('small');
    const { key } = point.manifest.databases[0].data[0].object;
    const rule = lab.faults.add({ operation: 'GetObject', key, fault: { kind: 'corrupt', offset: 200 } });
    expect((await lab.verify(point, 'read')).outcome).toBe('failed');
    expect(rule.fired).toBe(1);
  });

  it('an answer that ends early is asked for again', async () => {
    const point = await lab.point('small');
    const rule = lab.faults.add({
      operation: 'GetObject',
      key: /\.zst$/,
      times: 2,
      fault: { kind: 'truncate', afterBytes: 100 },
    });
    expect((await lab.verify(point, 'read')).outcome).toBe('passed');
    expect(rule.fired).toBe(2);
  });
});

describe('two runs for one scheduled time make one recovery point', () => {
  it('of four at once, one makes it and three are skipped', async () => {
    // Long ago: whatever this machine's clock says, the newest point of other tests is a later one.
    const scheduledAt = new Date('2020-02-29T02:00:00Z');
    const before = (await manifests()).length;
    const results = await Promise.all([1, 2, 3, 4].map(() => lab.backup('small', { scheduledAt, class: 'daily' })));
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['made', 'skipped', 'skipped', 'skipped']);
    expect(await manifests()).toHaveLength(before + 1);
    expect((await lab.backup('small', { scheduledAt, class: 'daily' })).outcome).toBe('skipped');
    expect((await lab.backup('small', { scheduledAt, class: 'hourly' })).outcome).toBe('made');
  });
});

describe('what is damaged in the store is refused by verify and by restore, before a byte of it is restored', () => {
  const random = new Seeded(52);
  let target = 0;

  async function expectRefused(point: DumpPoint, code = 'object-damaged'): Promise<void> {
    const report = await lab.verify(point, 'read');
    expect(report.outcome).toBe('failed');
    const name = `damaged ${++target}`;
    const failure = await failureOf(lab.restore(point, name));
    expect(failure.code).toBe(code);
    expect(await lab.sql(name, 'SELECT count(*) FROM t')).toBe('0');
    const said = await lab.sql(name, 'SELECT failure FROM postgres_backup_restore_incomplete.restore');
    expect(said).toContain(failure.message);
  }

  const rowsOf = (point: DumpPoint) => point.manifest.databases[0].data[0].object;

  it.each(Array.from({ length: 4 }, () => [random.next(), random.below(8)]))(
    'a bit flipped at %d, bit %i',
    async (where, bit) => {
      const point = await lab.point('small');
      const { key, sizeBytes } = rowsOf(point);
      await lab.s3.damage.flipBit({ bucket: BUCKET, key }, Math.floor(where * sizeBytes), bit);
      await expectRefused(point);
    },
  );

  it('cut short', async () => {
    const point = await lab.point('small');
    const { key, sizeBytes } = rowsOf(point);
    await lab.s3.damage.truncate({ bucket: BUCKET, key }, sizeBytes - 1);
    expect((await lab.verify(point, 'stored')).outcome).toBe('failed');
    await expectRefused(point);
  });

  it('two parts exchanged', async () => {
    const point = await lab.point('large');
    await lab.s3.damage.swapParts({ bucket: BUCKET, key: rowsOf(point).key }, 1, 2);
    await expectRefused(point);
  });

  it('lost', async () => {
    const point = await lab.point('small');
    await lab.s3.damage.lose({ bucket: BUCKET, key: rowsOf(point).key });
    expect((await lab.verify(point, 'stored')).outcome).toBe('failed');
    await expectRefused(point, 'object-missing');
  });

  it('replaced by another, good archive: the version that was written is what counts', async () => {
    const [point, other] = [await lab.point('small'), await lab.point('large')];
    const { body } = await lab.store.get(rowsOf(other).key, { range: { start: 0, end: 99_999 } });
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    await lab.store.put(rowsOf(point).key, Buffer.concat(chunks));
    expect((await lab.restore(point, 'by version')).outcome).toBe('passed');
    const versionless = structuredClone(point);
    Object.assign(rowsOf(versionless), { versionId: null });
    await expectRefused(versionless);
  });

  it('the definitions flipped: refused before the target is touched', async () => {
    const point = await lab.point('small');
    const schema = point.manifest.databases[0].schema;
    if (!schema) throw new Error('no definitions');
    await lab.s3.damage.flipBit({ bucket: BUCKET, key: schema.key }, Math.floor(schema.sizeBytes / 2), 3);
    expect((await failureOf(lab.restore(point, 'untouched'))).code).toBe('object-damaged');
    expect(await lab.sql('postgres', `SELECT count(*) FROM pg_database WHERE datname = 'untouched'`)).toBe('0');
  });

  it('a manifest of nothing, of something else, or of another point is passed over for the newest good one', async () => {
    await nextSecond();
    const good = await lab.point('small');
    const later = new Date(Date.now() + 3_600_000);
    const bodies = [Buffer.alloc(0), Buffer.from('{}'), Buffer.from(await lab.text(`${good.prefix}manifest.json`))];
    for (const [index, body] of bodies.entries()) {
      const id = `${later.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-aaaaa${index}`;
      const [year, month, day] = later.toISOString().slice(0, 10).split('-');
      await lab.store.put(`${SOURCE}/dump/manual/${year}/${month}/${day}/${id}/manifest.json`, body);
    }
    const passedOver: string[] = [];
    const found = await findPoint(lab.store, SOURCE, 'dump', 'latest', (point) => passedOver.push(point));
    expect(found.manifest.point).toBe(good.manifest.point);
    expect(passedOver).toHaveLength(3);
  });
});

describe('the least rights suffice', () => {
  const limited = () => storeAs(lab.s3, LIMITED, 1);

  it.each(['small', 'large'])(
    's3:PutObject and s3:AbortMultipartUpload on the prefix are all that a backup of %s needs',
    async (database) => {
      asked = [];
      may.actions = ['s3:PutObject', 's3:AbortMultipartUpload'];
      const point = await lab.point(database, { globals: true }, { store: limited() });
      expect((await lab.verify(point, 'read')).outcome).toBe('passed');
      expect([...new Set(asked.map(({ action }) => action))]).toEqual(['s3:PutObject']);
    },
  );

  it('without s3:AbortMultipartUpload a failed backup says what it left', async () => {
    may.actions = ['s3:PutObject'];
    lab.faults.add({ operation: 'UploadPart', nth: 2, times: 50, fault: { kind: 'error', code: 'AccessDenied' } });
    const failure = await failureOf(lab.backup('large', {}, { store: limited() }));
    expect(failure.code).toBe('store-denied');
    expect(failure.detail).toMatch(/could not be freed/);
  });

  it('nothing but reading is needed to verify and to restore', async () => {
    const { manifest } = await lab.point('small', { globals: true });
    asked = [];
    may.actions = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'];
    const point = await findPoint(limited(), SOURCE, 'dump', manifest.point);
    expect((await lab.verify(point, 'stored', { store: limited() })).outcome).toBe('passed');
    expect((await lab.verify(point, 'read', { store: limited() })).outcome).toBe('passed');
    expect((await lab.restore(point, 'by a reader', {}, { store: limited() })).outcome).toBe('passed');
    expect(asked.length).toBeGreaterThan(0);
  });

  it('the latest is found by a role that may list below the source alone, where asking for what is not there is refused', async () => {
    await nextSecond();
    const { manifest } = await lab.point('small');
    may.actions = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'];
    await expect(limited().head(`${SOURCE}/dump/nothing.json`)).rejects.toMatchObject({ code: 'store-denied' });
    expect((await findPoint(limited(), SOURCE, 'dump', 'latest')).manifest.point).toBe(manifest.point);
  });

  it('the limits do limit', async () => {
    may.actions = [];
    expect((await failureOf(lab.backup('small', {}, { store: limited() }))).code).toBe('store-denied');
    may.actions = ['s3:PutObject', 's3:AbortMultipartUpload'];
    const foreign = await failureOf(lab.backup('small', { source: 'somebody-else' }, { store: limited() }));
    expect(foreign.code).toBe('store-denied');
  });
});
