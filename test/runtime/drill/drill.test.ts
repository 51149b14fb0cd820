/** A drill restores a backup, finds it as it was, and writes that down. */

import { Lab } from '../../support/lab';
import { backUp, drill, findings, ROLES, SHOP } from './support/drill-lab';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
  await lab.sql('postgres', ROLES);
  await lab.database('shop', SHOP);
});

afterAll(() => lab.stop());

test('a clean backup passes: everything compared, nothing found', async () => {
  const point = await backUp(lab, 'shop', ['public.*', 'sales.*']);
  const made = await drill(lab, point);
  expect(findings(made)).toBe('');
  expect(made.outcome).toBe('passed');
});
