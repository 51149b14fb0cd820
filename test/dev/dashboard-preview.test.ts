import { previewOf } from '../../dev/dashboard-preview';
import { templateOf, testBackup, testStack } from '../lib/support/stacks';

test('every widget of a dashboard is drawn in its place, with its objectives, and names are text', () => {
  const stack = testStack();
  testBackup(stack);
  const page = previewOf(templateOf(stack).toJSON());
  for (const word of [
    'Backups of orders: alarms',
    'Age against its objective',
    'Runs, by day',
    'objective, verified 3',
  ]) {
    expect(page).toContain(word);
  }
  expect(page.match(/class="widget"/g)?.length).toBeGreaterThan(7);
  expect(page.match(/class="alarm"/g)?.length).toBe(15);
  expect(previewOf({ Resources: {} })).not.toContain('class="widget"');
});
