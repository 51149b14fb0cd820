/** A promise that is only half told would let something go unwatched: it is refused. */
import { ENVIRONMENT, FUNCTION_ENVIRONMENT } from '../../../model';
import { readManagedSettings } from '../../../runtime/managed/settings';

const PROMISE = { kind: 'cluster', identifier: 'shop', retentionDays: 7, encrypted: true, deletionProtection: false };
const read = (promise: object) =>
  readManagedSettings({
    [ENVIRONMENT.source]: 'orders',
    [FUNCTION_ENVIRONMENT.managedWindow]: JSON.stringify(promise),
  });

test('the settings are what the construct wrote', () => {
  expect(read(PROMISE)).toEqual({ source: 'orders', promise: PROMISE });
});

test.each(Object.keys(PROMISE))('without %s it is refused', (field) => {
  expect(() => read({ ...PROMISE, [field]: undefined })).toThrow(`${FUNCTION_ENVIRONMENT.managedWindow} is `);
});

test.each([
  [{ kind: 'proxy' }],
  [{ identifier: '' }],
  [{ retentionDays: 0 }],
  [{ retentionDays: 1.5 }],
  [{ retentionDays: '7' }],
  [{ encrypted: 'true' }],
  [{ deletionProtection: null }],
])('%j is refused', (wrong) => {
  expect(() => read({ ...PROMISE, ...wrong })).toThrow(/POSTGRES_BACKUP_MANAGED_WINDOW is /);
});
