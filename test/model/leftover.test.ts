import { decideLeftover } from '../../model';

const DAY = 86_400_000;
const NOW = new Date('2026-11-20T02:10:00Z');
const ago = (ageMs: number) => decideLeftover({ newestAt: new Date(NOW.getTime() - ageMs) }, NOW);

test('what no run made a recovery point of ends 7 days after its last object, not before', () => {
  expect(ago(7 * DAY - 1)).toMatchObject({ action: 'keep' });
  expect(ago(7 * DAY)).toEqual({ action: 'expire', reason: 'no recovery point, and nothing was written for 7 days' });
});

test('a run that may still be at work stays', () => {
  expect(ago(DAY).action).toBe('keep');
  expect(ago(-DAY).action).toBe('keep');
});

test.each([new Date(0), new Date(NaN)])('what was stored at an unknown time stays: %p', (newestAt) => {
  expect(decideLeftover({ newestAt }, NOW).action).toBe('keep');
});

test('at an unknown time nothing ends', () => {
  expect(decideLeftover({ newestAt: new Date('2020-01-01T00:00:00Z') }, new Date(NaN)).action).toBe('keep');
});
