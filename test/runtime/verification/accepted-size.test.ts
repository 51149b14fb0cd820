import type { RetentionClass, Verification } from '../../../model';
import { readVerification } from '../../../runtime/catalog/verification-record';
import { clockedStore, storePoint, verifyStored } from './support';

const PURGE = { by: 'erin', reason: 'orders of 2019 to 2024 were purged' };
const OLD = { sizeBytes: 1_000_000, rows: 100_000 };
const NEW = { sizeBytes: 90_000, rows: 9_000 };

/** A vault in which points are stored an hour apart, and verified. */
function vault() {
  const { store, clock } = clockedStore();
  clock.now = new Date('2026-11-20T00:00:00Z');
  const make = async (content: typeof OLD, name: RetentionClass = 'hourly') => {
    clock.now = new Date(clock.now.getTime() + 3_600_000);
    const point = await storePoint(store, { time: clock.now.toISOString(), class: name, ...content });
    return { point, verification: await verifyStored(store, point) };
  };
  const makeMany = async (count: number, name: RetentionClass) => {
    for (let index = 0; index < count; index += 1) await make(OLD, name);
  };
  return { store, make, makeMany };
}

const outcomes = (...made: { verification: Verification }[]) => made.map(({ verification }) => verification.outcome);

describe('a size that a person accepts', () => {
  it('passes from then on, and who said so, when and why is on record', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(6, 'hourly');
    const { point, verification } = await make(NEW);
    expect(verification.outcome).toBe('could not verify');

    const accepted = await verifyStored(store, point, { acceptSize: PURGE });
    expect(accepted).toMatchObject({ outcome: 'passed', findings: [] });
    expect(accepted.acceptedSize).toEqual({
      ...PURGE,
      point: point.manifest.point,
      at: accepted.verifiedAt,
      totals: { storedBytes: NEW.sizeBytes, items: NEW.rows },
    });
    expect((await readVerification(store, point.prefix))?.acceptedSize).toEqual(accepted.acceptedSize);
    // The daily sweep knows of it.
    expect(await verifyStored(store, point)).toMatchObject({ outcome: 'passed', acceptedSize: accepted.acceptedSize });
  });

  it('is what the next ones are compared with, at once: another loss is found', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(25, 'hourly');
    const { point } = await make(NEW);
    await verifyStored(store, point, { acceptSize: PURGE });
    expect(
      outcomes(await make(NEW), await make({ sizeBytes: 5_000, rows: 900 }), await make(OLD), await make(NEW)),
    ).toEqual(['passed', 'could not verify', 'could not verify', 'passed']);
  });

  it('holds for the other classes that a schedule makes, and for none that a person makes', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(6, 'daily');
    await makeMany(6, 'manual');
    await makeMany(6, 'hourly');
    const { point } = await make(NEW);
    await verifyStored(store, point, { acceptSize: PURGE });
    expect(outcomes(await make(NEW, 'daily'), await make(NEW, 'monthly'), await make(NEW, 'manual'))).toEqual([
      'passed',
      'passed',
      'could not verify',
    ]);
    expect(outcomes(await make(OLD, 'daily'), await make(NEW, 'daily'))).toEqual(['could not verify', 'passed']);
  });

  it('is not what many within a minute make of themselves', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(6, 'hourly');
    const { point } = await make(OLD);
    for (let index = 1; index <= 80; index += 1) {
      const time = new Date(Date.parse(point.manifest.startedAt) + index * 1000).toISOString();
      await verifyStored(store, await storePoint(store, { time, class: 'hourly', ...NEW }));
    }
    expect(outcomes(await make(NEW), await make(OLD))).toEqual(['could not verify', 'passed']);
  });

  it('leaves those before it as they were', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(4, 'daily');
    const before = await make(OLD, 'daily');
    await makeMany(5, 'hourly');
    const { point } = await make(NEW);
    await verifyStored(store, point, { acceptSize: PURGE });
    const again = await verifyStored(store, before.point);
    expect(again).toMatchObject({ outcome: 'passed', acceptedSize: { point: point.manifest.point } });
  });

  it('is not accepted where anything else is wrong', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(5, 'hourly');
    const { point } = await make(NEW);
    store.delete(point.manifest.databases[0].data[0].object.key);
    const verification = await verifyStored(store, point, { acceptSize: PURGE });
    expect(verification.outcome).toBe('failed');
    expect(verification.acceptedSize).toBeUndefined();
  });

  it('counts as none where the record of it is no record', async () => {
    const { store, make, makeMany } = vault();
    await makeMany(5, 'hourly');
    const { point, verification } = await make(OLD);
    const forged = {
      ...verification,
      acceptedSize: { ...PURGE, point: 'x', at: '', totals: { storedBytes: -1, items: 'many' } },
    };
    await store.put(`${point.prefix}verification.json`, Buffer.from(JSON.stringify(forged)));
    expect(outcomes(await make(OLD), await make(NEW))).toEqual(['passed', 'could not verify']);
  });
});
