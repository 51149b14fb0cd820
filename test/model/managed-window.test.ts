/** What is wrong with a managed window: each datum that is not as promised, and each that is missing. */
import { judgeManagedWindow, type ManagedPromise, type ManagedState } from '../../model';

const NOW = new Date('2026-11-20T12:00:00Z');
const PROMISE: ManagedPromise = {
  kind: 'instance',
  identifier: 'orders',
  retentionDays: 7,
  encrypted: true,
  deletionProtection: true,
};
const GOOD: ManagedState = {
  retentionDays: 7,
  encrypted: true,
  deletionProtection: true,
  createdAt: new Date('2025-01-01T00:00:00Z'),
  earliestRestorable: new Date('2026-11-13T12:10:00Z'),
  latestRestorable: new Date('2026-11-20T11:56:00Z'),
  snapshots: [new Date('2026-11-19T03:00:00Z'), new Date('2026-11-20T03:00:00Z')],
};

const judge = (state: Partial<ManagedState>, promise: Partial<ManagedPromise> = {}) =>
  judgeManagedWindow({ ...PROMISE, ...promise }, { ...GOOD, ...state }, NOW);

test('a window as promised passes, with the ages of its newest moment and snapshot', () => {
  expect(judge({})).toEqual({
    outcome: 'passed',
    restorableAgeSeconds: 240,
    snapshotAgeSeconds: 9 * 3600,
    findings: [],
  });
});

test.each<[string, Partial<ManagedState>, string, RegExp]>([
  ['a shorter retention', { retentionDays: 6 }, 'retention', /kept for 6 days, but 7 days are promised/],
  ['backups that are off', { retentionDays: 0 }, 'retention', /are off, but 7 days/],
  ['storage in the clear', { encrypted: false }, 'encryption', /not so that the storage is encrypted/],
  ['no deletion protection', { deletionProtection: false }, 'deletion-protection', /not so that deletion protection/],
  ['no snapshot', { snapshots: [] }, 'snapshot', /there is no automated snapshot/],
  ['a member of a cluster', { memberOf: 'shop' }, 'database', /belongs to the cluster "shop"/],
  ['a window that begins late', { earliestRestorable: new Date('2026-11-15T00:01:00Z') }, 'earliest', /2026-11-15/],
])('%s is a failure', (_what, state, kind, words) => {
  const { outcome, findings } = judge(state);
  expect(findings).toEqual([{ outcome: 'failed', kind, finding: expect.stringMatching(words) as string }]);
  expect(outcome).toBe('failed');
});

test.each<[string, Partial<ManagedState>, string]>([
  ['the newest moment', { latestRestorable: undefined }, 'latest'],
  ['the oldest moment', { earliestRestorable: undefined }, 'earliest'],
  ['the retention', { retentionDays: undefined }, 'retention'],
  ['the encryption', { encrypted: undefined }, 'encryption'],
  ['the deletion protection', { deletionProtection: undefined }, 'deletion-protection'],
  ['the time of the snapshots', { snapshots: [undefined, undefined] }, 'snapshot'],
  ['a readable newest moment', { latestRestorable: new Date(NaN) }, 'latest'],
  ['a readable oldest moment', { earliestRestorable: new Date(NaN) }, 'earliest'],
  ['a newest moment that has been', { latestRestorable: new Date('2026-11-20T12:06:00Z') }, 'latest'],
  ['a snapshot that has been', { snapshots: [new Date('2026-11-21T00:00:00Z')] }, 'snapshot'],
])('without %s it could not be verified, which is not good', (_what, state, kind) => {
  const { outcome, findings } = judge(state);
  expect(findings.map((one) => [one.kind, one.outcome])).toEqual([[kind, 'could not verify']]);
  expect(outcome).toBe('could not verify');
});

test('an age that is not known is not there, so that its alarm hears nothing', () => {
  const { restorableAgeSeconds, snapshotAgeSeconds } = judge({ latestRestorable: undefined, snapshots: [] });
  expect({ restorableAgeSeconds, snapshotAgeSeconds }).toEqual({});
});

test('a database that is not there is a failure without any age', () => {
  expect(judgeManagedWindow(PROMISE, undefined, NOW)).toEqual({
    outcome: 'failed',
    findings: [{ outcome: 'failed', kind: 'database', finding: 'there is no instance "orders"' }],
  });
});

test('what was not promised is not asked for', () => {
  const state = { encrypted: false, deletionProtection: undefined, retentionDays: 1 };
  const promise = { encrypted: false, deletionProtection: false, retentionDays: 1 };
  expect(judge(state, promise).findings).toEqual([]);
});

test('a young database has no whole window yet, but only as long as it is young', () => {
  const begun = new Date('2026-11-18T12:00:00Z');
  expect(judge({ createdAt: new Date('2026-11-18T10:00:00Z'), earliestRestorable: begun }).outcome).toBe('passed');
  expect(judge({ createdAt: new Date('2026-11-16T10:00:00Z'), earliestRestorable: begun }).outcome).toBe('failed');
  expect(judge({ createdAt: undefined, earliestRestorable: begun }).outcome).toBe('could not verify');
});

test('a clock that is a little behind that of AWS is no fault', () => {
  expect(judge({ latestRestorable: new Date('2026-11-20T12:01:00Z') })).toMatchObject({
    outcome: 'passed',
    restorableAgeSeconds: 0,
  });
});

test('a snapshot without a time hides no other', () => {
  expect(judge({ snapshots: [undefined, new Date('2026-11-20T03:00:00Z')] })).toMatchObject({
    outcome: 'passed',
    snapshotAgeSeconds: 9 * 3600,
  });
});
