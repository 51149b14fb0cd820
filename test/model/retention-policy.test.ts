import { retentionPolicyProblem } from '../../model';

const GOOD = { classes: { daily: { keepSeconds: 60 } }, minimumVerified: 3 };

test('a good policy has no problem', () => {
  expect(retentionPolicyProblem(GOOD)).toBeUndefined();
  expect(retentionPolicyProblem({ classes: {}, minimumVerified: 1 })).toBeUndefined();
  expect(
    retentionPolicyProblem({ classes: { daily: { keepSeconds: 60, keepNewest: 0 } }, minimumVerified: 1 }),
  ).toBeUndefined();
});

test.each<[unknown, string]>([
  [null, 'it is null, not an object'],
  [[], 'it is [], not an object'],
  ['30 days', 'it is "30 days", not an object'],
  [{ ...GOOD, keep: 3 }, '"keep" is not known; use classes and minimumVerified'],
  [{ classes: {} }, 'minimumVerified is undefined, but must be a whole number from 1'],
  [{ ...GOOD, minimumVerified: 0 }, 'minimumVerified is 0, but must be a whole number from 1'],
  [{ ...GOOD, minimumVerified: 1.5 }, 'minimumVerified is 1.5, but must be a whole number from 1'],
  [{ ...GOOD, minimumVerified: '3' }, 'minimumVerified is "3", but must be a whole number from 1'],
  [{ minimumVerified: 3 }, 'classes is undefined, not an object'],
  [
    { ...GOOD, classes: { nightly: { keepSeconds: 60 } } },
    'classes has "nightly", but the classes are hourly, daily, weekly, monthly, yearly, pre-deployment, manual',
  ],
  [{ ...GOOD, classes: { daily: 30 } }, 'classes.daily is 30, not an object'],
  [
    { ...GOOD, classes: { daily: { keepSeconds: 60, keepDays: 30 } } },
    'in classes.daily, "keepDays" is not known; use keepSeconds and keepNewest',
  ],
  [
    { ...GOOD, classes: { daily: {} } },
    'classes.daily.keepSeconds is undefined, but must be a whole number of seconds from 1',
  ],
  [
    { ...GOOD, classes: { daily: { keepSeconds: -1 } } },
    'classes.daily.keepSeconds is -1, but must be a whole number of seconds from 1',
  ],
  [
    { ...GOOD, classes: { daily: { keepSeconds: 60, keepNewest: -1 } } },
    'classes.daily.keepNewest is -1, but must be a whole number from 0',
  ],
])('%j is told to be wrong', (value, problem) => {
  expect(retentionPolicyProblem(value)).toBe(problem);
});
