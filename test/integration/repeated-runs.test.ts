/** A run for a scheduled time that failed is made again: with a real database, by a role that has the rights of the task alone. */
import { snapshotName } from '../../model';
import { findPoint } from '../../runtime/catalog/catalog';
import type { AuthorizationRequest } from '../../dev/s3';
import { failureOf } from '../support/failure-of';
import { FaultyStore } from '../support/faulty-store';
import type { DumpResult } from '../../runtime/components/dump/types';
import { Lab, manifestOf, SOURCE, storeAs } from '../support/lab';

let lab: Lab;
const TASK = { accessKeyId: 'TASK', secretAccessKey: 'task-secret' };
const SCHEDULED = { class: 'daily', scheduledAt: new Date('2026-11-20T02:10:00Z'), globals: true } as const;
const FOLDER = `${SOURCE}/dump/daily/2026/11/20/`;

/** As `BackupVault.grantWrite` has it: writing below the prefix, and reading what is written about runs. */
function authorize({ accessKeyId, action, key = '' }: AuthorizationRequest): boolean {
  if (accessKeyId !== TASK.accessKeyId) return true;
  if (!key.startsWith(`${SOURCE}/dump/`)) return false;
  const isRecord = /\/(?:started|failure)[^/]*\.json$|\/manifest\.json$/.test(key);
  return action === 's3:PutObject' || action === 's3:AbortMultipartUpload' || (action === 's3:GetObject' && isRecord);
}

beforeAll(async () => {
  lab = await Lab.start({ s3: { authorize, credentials: [TASK] } });
  await lab.database('orders', 'CREATE TABLE t AS SELECT i, md5(i::text) AS h FROM generate_series(1, 500) i');
});

afterAll(() => lab.stop());

const names = async () => (await lab.keys(FOLDER)).map((key) => key.slice(FOLDER.length).replace(/^[^/]+\//, ''));

it('a failed run is made again, once, and its recovery point verifies and restores', async () => {
  const store = storeAs(lab.s3, TASK, 1);
  const full = new FaultyStore(store, [{ on: 'put', key: /manifest\.json$/, effect: 'fail' }]);
  expect((await failureOf(lab.backup('orders', SCHEDULED, { store: full }))).code).toBe('store-unreachable');
  expect(full.fired).toHaveLength(1);
  const left = await names();
  expect(left).toEqual(expect.arrayContaining(['failure.json', 'globals.sql.zst', 'started.json']));
  expect(left).not.toContain('manifest.json');

  const { manifest } = { manifest: manifestOf(await lab.backup('orders', SCHEDULED, { store })) };
  expect(manifest.globals?.key).toMatch(/\/attempt\.2\/globals\.sql\.zst$/);
  const point = await findPoint(lab.store, SOURCE, 'dump', 'latest');
  expect(point.manifest.point).toBe(manifest.point);
  expect((await lab.verify(point, 'read')).outcome).toBe('passed');
  expect((await lab.restore(point, 'restored')).outcome).toBe('passed');
  expect((await lab.sql('restored', 'SELECT count(*) FROM t')).trim()).toContain('500');

  const keys = await lab.keys();
  expect((await lab.backup('orders', SCHEDULED, { store })).outcome).toBe('skipped');
  expect(await lab.keys()).toEqual(keys);
});

it('a run that was taken for dead and was not makes no second recovery point, and fails nothing', async () => {
  const store = storeAs(lab.s3, TASK, 1);
  const scheduled = { ...SCHEDULED, scheduledAt: new Date('2026-11-21T02:10:00Z') };
  let overtake: () => Promise<unknown> = async () => undefined;
  const slow = new (class extends FaultyStore {
    override async put(...args: Parameters<FaultyStore['put']>): ReturnType<FaultyStore['put']> {
      if (args[0].endsWith('/manifest.json')) await overtake();
      return super.put(...args);
    }
  })(store, []);
  const tomorrow = () => new Date(Date.now() + 86_400_000);
  let other: unknown;
  overtake = async () => (other = await lab.backup('orders', scheduled, { store, now: tomorrow }));

  const late = await lab.backup('orders', scheduled, { store: slow });
  expect(late).toEqual({ outcome: 'skipped', reason: 'another attempt made it meanwhile' });
  expect(other).toMatchObject({ outcome: 'made' });
  const records = (await lab.keys(`${SOURCE}/dump/daily/2026/11/21/`)).filter((key) => key.endsWith('.json'));
  const names = records.map((key) => key.split('/').at(-1)).sort();
  expect(names).toEqual([
    'manifest.json',
    // Each attempt had a snapshot of its own; the manifest tells which is the recovery point's.
    expect.stringMatching(/^snapshot-/),
    expect.stringMatching(/^snapshot-/),
    'started-2.json',
    'started.json',
  ]);
  const { manifest } = other as Extract<DumpResult, { outcome: 'made' }>;
  expect(names).toContain(snapshotName(new Date(manifest.databases[0].snapshotAt)));
});
